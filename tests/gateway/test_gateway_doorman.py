"""What web pages, strangers and slow callers cannot do to a served gateway."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from gateway_upstream import Upstream, completion, delta

from respan_lab import Client
from respan_lab.errors import ConfigError
from respan_lab.gateway import Gateway, Served
from respan_lab.gateway.exchange import Exchange, Scope
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.providers.credentials import check_address
from respan_lab.gateway.serving.addresses import Origin, Reach
from respan_lab.gateway.serving.connection import Patience
from respan_lab.gateway.serving.doorman import check_page
from respan_lab.gateway.serving.server import listen

BODY = {"model": "up/a", "messages": [{"role": "user", "content": "hi"}]}
CHAT = "/api/chat/completions"
PATHS = ["/api/models", "/api/models/public/", "/api/models/up/a", "/nothing"]


def _is_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert not [name for name in answer.headers if name.startswith("access-control")]


# The three attacks.


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "text/plain; application/json",
        None,
    ],
)
def test_a_form_cannot_post(served: Served, upstream: Upstream, kind: Any) -> None:
    """A form of a page: `<input name='{"model": ..., "x":"' value='"}'>`."""
    headers = {"content-type": kind} if kind else {}
    answer = httpx.post(
        f"{served.url}{CHAT}", content=json.dumps(BODY), headers=headers
    )
    _is_refused(answer, 415, "unsupported_media_type")
    assert not upstream.seen


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_method_takes_a_body_that_is_not_json(
    served: Served, method: str, chunked: bool
) -> None:
    content: Any = iter([b"{}"]) if chunked else b"{}"
    answer = httpx.request(method, f"{served.url}/api/anything", content=content)
    _is_refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_changes_things_is_json_even_without_a_body(
    served: Served, method: str
) -> None:
    url = f"{served.url}/api/prompts/x/commits/"
    _is_refused(httpx.request(method, url), 415, "unsupported_media_type")
    headers = {"content-type": "application/json"}
    assert httpx.request(method, url, headers=headers).status_code in (404, 405)
    assert httpx.delete(url).status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8787", "10.0.0.1", ""])
@pytest.mark.parametrize("path", PATHS)
def test_a_rebound_name_reaches_nothing(served: Served, host: str, path: str) -> None:
    """A page of evil.example, whose name now leads to 127.0.0.1."""
    headers = {"host": host, "sec-fetch-site": "same-origin"}
    answer = httpx.get(f"{served.url}{path}", headers=headers)
    _is_refused(answer, 421, "unknown_host")
    origin = {"origin": f"http://{host}", **headers}
    answer = httpx.post(f"{served.url}{CHAT}", json=BODY, headers=origin)
    _is_refused(answer, 421, "unknown_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_foreign_page_reaches_nothing(
    served: Served, upstream: Upstream, headers: dict[str, str]
) -> None:
    for path in PATHS:
        answer = httpx.get(f"{served.url}{path}", headers=headers)
        _is_refused(answer, 403, "foreign_origin")
    for answer in (
        httpx.post(f"{served.url}{CHAT}", json=BODY, headers=headers),
        httpx.options(f"{served.url}{CHAT}", headers=headers),
    ):
        _is_refused(answer, 403, "foreign_origin")
    assert not upstream.seen


# Who gets in.


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:1", "[::1]:80"])
def test_all_names_of_loopback_are_this_server(served: Served, host: str) -> None:
    headers = {"host": host, "origin": f"http://{host}".lower()}
    answer = httpx.get(f"{served.url}/api/models", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "Application/JSON", "application/a+json"],
)
def test_json_has_several_names(served: Served, kind: str) -> None:
    headers = {"content-type": kind, "sec-fetch-site": "same-origin"}
    content = json.dumps(BODY)
    answer = httpx.post(f"{served.url}{CHAT}", content=content, headers=headers)
    assert answer.status_code == 200


def test_a_name_can_be_allowed() -> None:
    with Gateway(allow_hosts=["LLM.example"]).serve() as server:
        url = f"{server.url}/api/models"
        assert httpx.get(url, headers={"host": "llm.example:443"}).is_success
        assert httpx.get(url, headers={"host": "x.llm.example"}).status_code == 421


@pytest.mark.parametrize("wrong", ["one.example", ["http://a"], ["a:80"], [""], 3, [3]])
def test_allowed_names_are_bare(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="allow_hosts"):
        Gateway(allow_hosts=wrong)


@pytest.mark.parametrize(
    ("server", "host", "is_own"),
    [
        (("10.0.0.5", 80), "10.0.0.5:80", True),
        (("10.0.0.5", 80), "localhost", False),
        (("::ffff:127.0.0.1", 80), "localhost", True),
        (("fe80::1", 80), "[fe80:0::1]:80", True),
        (("testserver", None), "testserver", True),
        (None, "localhost", True),
        (("/run/gateway.sock", None), "localhost", True),
        (("/run/gateway.sock", None), "evil.example", False),
        (None, "evil.example", False),
    ],
)
def test_the_socket_says_what_its_names_are(
    server: Any, host: str, is_own: bool
) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "headers": [(b"host", host.encode())],
        "server": server,
    }
    if is_own:
        check_page(scope, [])
        return
    with pytest.raises(GatewayFailure, match="allow_hosts"):
        check_page(scope, [])


def test_a_request_has_one_host() -> None:
    for hosts in ([], ["localhost", "localhost"]):
        headers = [(b"host", host.encode()) for host in hosts]
        scope = {"type": "http", "method": "GET", "headers": headers}
        with pytest.raises(GatewayFailure, match="allow_hosts"):
            check_page(scope, [])


def at(server: Any, host: str, **headers: str) -> Scope:
    """The scope that a server of the user's own makes of a request."""
    sent = {"host": host, "content-type": "application/json", **headers}
    pairs = [(name.encode(), value.encode()) for name, value in sent.items()]
    return {
        "type": "http",
        "method": "GET",
        "path": "/api/models",
        "query_string": b"",
        "headers": pairs,
        "server": server,
    }


@pytest.mark.parametrize(
    ("server", "host", "is_fine"),
    [
        (("127.0.0.1", 80), "localhost", True),
        (("::1", 80), "[::1]", True),
        (("::ffff:127.0.0.1", 80), "127.0.0.1", True),
        (("127.0.0.1", 80), "llm.example.org", True),  # a reverse proxy's caller
        (("/run/gateway.sock", None), "localhost", True),
        (("unix:/run/gateway.sock", None), "localhost", True),
        (None, "localhost", True),
        (("testserver", 80), "testserver", False),
        (("llm.example.org", 443), "llm.example.org", True),
        (("10.0.0.5", 80), "10.0.0.5", False),
        (("10.0.0.6", 80), "10.0.0.6", False),
        (("10.0.0.6", 80), "llm.example.org", False),
        (("fe80::1", 80), "[fe80::1]", False),
        (("localhost.evil.example", 80), "localhost.evil.example", False),
    ],
)
def test_without_client_keys_other_machines_are_refused(
    server: Any, host: str, is_fine: bool
) -> None:
    keyless = Gateway(allow_hosts=["llm.example.org", "10.0.0.6"])
    status, content = asyncio.run(_asked(keyless, at(server, host)))
    assert status == (200 if is_fine else 403)
    if not is_fine:
        assert json.loads(content)["error"]["code"] == "client_keys_needed"
        assert b"client_keys" in content
        assert b"127.0.0.1" in content
    keyed = Gateway(client_keys=["ck-1"], allow_hosts=["llm.example.org"])
    scope = at(server, host, authorization="Bearer ck-1")
    assert asyncio.run(_asked(keyed, scope))[0] == 200


async def _asked(gateway: Gateway, scope: Scope) -> tuple[int, bytes]:
    """Send a request without a body; give the status and the answer's body."""
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await gateway(scope, receive, send)
    return said[0]["status"], b"".join(each.get("body", b"") for each in said)


def test_a_test_client_is_told_of() -> None:
    async def ask(gateway: Gateway) -> int:
        transport = httpx.ASGITransport(gateway)
        base_url = "http://testserver"
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            return (await client.get("/api/models")).status_code

    assert asyncio.run(ask(Gateway())) == 403
    assert asyncio.run(ask(Gateway(allow_hosts=["testserver"]))) == 200


@pytest.mark.parametrize(
    ("server", "host", "headers", "reach"),
    [
        (("127.0.0.1", 80), "localhost:80", {}, "loopback"),
        (("::1", 80), "[::1]:80", {}, "loopback"),
        (("127.0.0.1", 80), "llm.example.org", {}, "configured"),
        (("127.0.0.1", 80), "localhost", {"forwarded": "for=1.2.3.4"}, "configured"),
        (("127.0.0.1", 80), "localhost", {"x-forwarded-for": "1.2.3.4"}, "configured"),
        (("127.0.0.1", 80), "localhost", {"X-Forwarded-Host": "a"}, "configured"),
        (("127.0.0.1", 80), "localhost", {"via": "1.1 nginx"}, "configured"),
        (("127.0.0.1", 80), "localhost", {"x-real-ip": "1.2.3.4"}, "configured"),
        (("10.0.0.5", 80), "localhost", {}, "configured"),
        (("/run/gateway.sock", None), "localhost", {}, "configured"),
        (None, "localhost", {}, "configured"),
    ],
)
def test_who_comes_through_a_proxy_is_not_on_this_machine(
    server: Any, host: str, headers: dict[str, str], reach: Reach
) -> None:
    exchange = Exchange(at(server, host, **headers), _unused, _unused)
    assert exchange.reach == reach


async def _unused(*_: Any) -> Any:
    raise AssertionError


@pytest.mark.parametrize(
    "headers", [{"host": "llm.example.org"}, {"x-forwarded-for": "203.0.113.9"}]
)
def test_a_proxys_caller_reaches_no_server_of_this_machine(
    upstream: Upstream, headers: dict[str, str]
) -> None:
    credentials = {"up": {"api_key": "k", "api_base": f"{upstream.url}/internal"}}
    body = {**BODY, "customer_credentials": credentials}
    entry = {"base_url": "http://127.0.0.1:9/v1"}
    gateway = Gateway(providers={"up": entry}, allow_hosts=["llm.example.org"])
    with gateway.serve() as server:
        answer = httpx.post(f"{server.url}{CHAT}", json=body, headers=headers)
        _is_refused(answer, 400, "address_not_allowed")
        assert not upstream.seen
        assert httpx.post(f"{server.url}{CHAT}", json=body).status_code == 200
    gateway.close()


@pytest.fixture
def mounted(gateway: Gateway) -> Iterator[str]:
    """The gateway in a server of the user's own, with a loop of its own."""
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(gateway, log_level="critical", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def test_a_server_of_the_users_own_works_too(mounted: str, gateway: Gateway) -> None:
    assert httpx.post(f"{mounted}{CHAT}", json=BODY).status_code == 200
    url = f"{mounted}/api/models"
    _is_refused(httpx.get(url, headers={"host": "evil.example"}), 421, "unknown_host")


def test_a_mounted_gateway_can_be_called_in_process_too(
    mounted: str, gateway: Gateway, upstream: Upstream
) -> None:
    for is_stream in (False, True, False):
        body = {**BODY, "stream": is_stream}
        outside = httpx.post(f"{mounted}{CHAT}", json=body)
        assert outside.status_code == 200
        with Client(gateway=gateway) as client:
            assert client.chat("hi", model="up/a").text == "hello"
    assert len(upstream.seen) == 6


def test_a_mounted_gateway_sees_its_caller_leave(
    mounted: str, upstream: Upstream
) -> None:
    async def answer(reply: Any) -> None:
        await reply.events(delta("x"))
        await reply.until_gone()
        upstream.gone.set()

    upstream.answer = answer
    body = {**BODY, "stream": True}
    with httpx.stream("POST", f"{mounted}{CHAT}", json=body) as leaving:
        next(leaving.iter_bytes())
    assert upstream.gone.wait(20)


# Methods and paths.


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", CHAT, "POST"),
        ("OPTIONS", CHAT, "POST"),
        ("DELETE", "/v1/models", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    served: Served, method: str, path: str, allowed: str
) -> None:
    answer = httpx.request(method, f"{served.url}{path}")
    _is_refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed
    assert allowed in answer.json()["error"]["message"]


def test_a_wrong_path_is_404(served: Served) -> None:
    _is_refused(httpx.get(f"{served.url}/api/nothing"), 404, "unknown_path")
    _is_refused(httpx.post(f"{served.url}/", json={}), 404, "unknown_path")


@pytest.mark.parametrize("path", ["/api/models", "/api/models/up/a"])
def test_the_head_alone(served: Served, path: str) -> None:
    whole = httpx.get(f"{served.url}{path}")
    head = httpx.head(f"{served.url}{path}")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))


# Too much, and too slow.


@pytest.mark.parametrize("is_told", [True, False])
def test_a_body_beyond_64_mib_is_413(served: Served, is_told: bool) -> None:
    chunk = b" " * 2**20
    chunks = (chunk for _ in range(65))
    headers = {"content-type": "application/json"}
    if is_told:
        headers["content-length"] = str(65 * 2**20)
    answer = httpx.post(f"{served.url}{CHAT}", content=chunks, headers=headers)
    _is_refused(answer, 413, "body_too_long")


def test_a_head_beyond_64_kib_is_refused(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000)
        assert caller.recv(1000).startswith(b"HTTP/1.1 400 ")


HASTE = Patience(head=0.2, body=0.2, reading=0.2)


@pytest.fixture
def hasty(gateway: Gateway) -> Iterator[socket.socket]:
    """A connection to a gateway that has no patience."""
    with Served(gateway, listen("127.0.0.1", 0), HASTE) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as caller:
            yield caller


HEAD = (
    b"POST /api/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n"
)


@pytest.mark.parametrize("sent", [b"", b"POST /api", HEAD % 10, HEAD % 10 + b"{"])
def test_who_does_not_go_on_is_cut_off(hasty: socket.socket, sent: bytes) -> None:
    hasty.sendall(sent)
    assert hasty.recv(1) == b""


def test_a_byte_now_and_then_buys_no_time(hasty: socket.socket) -> None:
    hasty.sendall(HEAD % 10**6)
    hasty.settimeout(HASTE.body / 4)
    begun = time.monotonic()
    while not _is_cut_off(hasty):
        assert time.monotonic() - begun < 10


def _is_cut_off(caller: socket.socket) -> bool:
    try:
        caller.sendall(b" ")
        return caller.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_who_does_not_read_is_cut_off(
    gateway: Gateway, upstream: Upstream, hasty: socket.socket
) -> None:
    async def answer(reply: Any) -> None:
        await reply.events()
        try:
            while True:
                await reply.event(delta("x" * 100_000))
        except ConnectionError:
            upstream.gone.set()

    upstream.answer = answer
    content = json.dumps({**BODY, "stream": True}).encode()
    hasty.sendall(HEAD % len(content) + content)
    assert upstream.gone.wait(20)


def test_an_answer_may_take_its_time(hasty: socket.socket, upstream: Upstream) -> None:
    async def answer(reply: Any) -> None:
        await asyncio.sleep(3 * HASTE.head)  # the time is what is tested
        await reply.json({"choices": []})

    upstream.answer = answer
    content = json.dumps(BODY).encode()
    hasty.sendall(HEAD % len(content) + content)
    assert hasty.recv(1000).startswith(b"HTTP/1.1 ")


def test_the_next_request_has_no_more_time(
    hasty: socket.socket, upstream: Upstream
) -> None:
    async def answer(reply: Any) -> None:
        await asyncio.sleep(3 * HASTE.head)  # the time is what is tested
        await reply.json(completion())

    upstream.answer = answer
    content = json.dumps(BODY).encode()
    hasty.sendall(HEAD % len(content) + content + b"POST /api")
    assert hasty.recv(10_000).startswith(b"HTTP/1.1 200 ")  # it is not in the way
    assert hasty.recv(1) == b""


@pytest.mark.parametrize("sent", [b"\r\n", b"P", HEAD % 10, HEAD % 10 + b"{"])
def test_a_second_request_that_does_not_go_on_is_cut_off(
    hasty: socket.socket, sent: bytes
) -> None:
    content = json.dumps(BODY).encode()
    hasty.sendall(HEAD % len(content) + content)
    assert hasty.recv(10_000).startswith(b"HTTP/1.1 200 ")
    hasty.settimeout(4.5)  # uvicorn's own patience is with silence alone, and longer
    hasty.sendall(sent)
    assert hasty.recv(1) == b""


def test_an_answer_that_has_come_whole_leaves_in_one_piece(
    hasty: socket.socket,
) -> None:
    content = json.dumps(BODY).encode()
    hasty.sendall(HEAD % len(content) + content)
    head, _, body = hasty.recv(100_000).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head


# Addresses that requests name.

HERE = "http://127.0.0.1:9/v1"
THERE = "https://example.org/v1"
KNOWN = frozenset({Origin("https", "api.example.org", 443)})


@pytest.mark.parametrize(
    ("url", "reach", "is_fine"),
    [
        (None, "configured", True),
        ("", "configured", True),
        (HERE, "anywhere", True),
        (HERE, "loopback", True),
        (HERE, "configured", False),
        ("http://localhost:9", "loopback", True),
        ("http://[::1]:9", "loopback", True),
        (THERE, "anywhere", True),
        (THERE, "loopback", False),
        (THERE, "configured", False),
        ("http://example.org", "anywhere", False),
        ("https://api.example.org/else", "configured", True),
        ("https://API.example.org:443/v1", "loopback", True),
        ("http://api.example.org/v1", "loopback", False),
        ("https://api.example.org:8443", "loopback", False),
        ("https://api.example.org.evil.example", "loopback", False),
        ("https://api.example.org@evil.example", "anywhere", False),
        ("https://evil.example\\@api.example.org", "anywhere", False),
        ("https://api.example.org/?x=", "configured", False),
        ("https://api.example.org/#", "configured", True),
        ("http://127.0.0.1@169.254.169.254", "loopback", False),
        ("http://169.254.169.254/latest", "loopback", False),
        ("http://169.254.169.254/latest", "anywhere", False),
        ("http://metadata.google.internal", "loopback", False),
        ("http://0.0.0.0", "loopback", False),
        ("http://2130706433", "loopback", False),
        ("http://127.0.0.1.nip.io", "loopback", False),
        ("file:///etc/passwd", "anywhere", False),
        ("gopher://127.0.0.1", "anywhere", False),
        ("http://127.0.0.1:0", "anywhere", False),
        ("http://127.0.0.1:-1", "anywhere", False),
        ("http://127.0.0.1:65536", "anywhere", False),
        ("http://", "anywhere", False),
        ("https://a\nb", "anywhere", False),
        (7, "anywhere", False),
    ],
)
def test_where_a_calls_own_address_may_lead(
    url: Any, reach: Reach, is_fine: bool
) -> None:
    credentials = {"api_key": "sk-mine", "api_base": url}
    if is_fine:
        check_address(credentials, reach=reach, configured=KNOWN)
        return
    with pytest.raises(GatewayFailure, match="api_base") as caught:
        check_address(credentials, reach=reach, configured=KNOWN)
    assert caught.value.status == 400
    assert "sk-mine" not in str(caught.value)


def test_what_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://10.0.0.7:81/v1")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com/")
    key = {"api_key": "k", "api_base": "http://10.0.0.8/v1"}
    gateway = Gateway(
        providers={"mine": {"base_url": "https://Box.example:8443/v1"}},
        load_balance_groups={"g": [{"model": "up/a", "credentials": key}]},
    )
    assert gateway.origins >= {
        Origin("http", "10.0.0.7", 81),
        Origin("https", "me.openai.azure.com", 443),
        Origin("https", "box.example", 8443),
        Origin("http", "10.0.0.8", 80),
        Origin("https", "api.anthropic.com", 443),
    }
    assert Origin("https", "api.openai.com", 443) not in gateway.origins


def test_curl_is_told_how_to_declare_a_body(served: Served) -> None:
    said = subprocess.run(
        ["curl", "-sS", f"{served.url}{CHAT}", "-d", json.dumps(BODY)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "Content-Type: application/json" in json.loads(said.stdout)["error"]["message"]
    )
