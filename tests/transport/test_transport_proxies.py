from __future__ import annotations

import socket

import httpx
import pytest
from stubs.http_stub import HangUp, Reply, Request, Stub

from respan_lab.transport import Clock, OutgoingTransport, run, was_sent
from respan_lab.transport.proxies import is_loopback, proxy_for

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def _answer(request: Request) -> Reply:
    return Reply(b"ok")


async def _refuse(request: Request) -> Reply:
    return Reply(b"", 403)


async def _hang_up(request: Request) -> Reply:
    raise HangUp


async def _call(url: str, clock: Clock | None = None) -> bytes:
    transport = OutgoingTransport()
    request = httpx.Request(
        "POST",
        url,
        content=b"{}",
        headers={"authorization": "Bearer mine"},
        extensions={"clock": clock or Clock()},
    )
    try:
        response = await transport.handle_async_request(request)
        return await response.aread()
    finally:
        await transport.aclose()


def _fault(url: str) -> tuple[httpx.TransportError, bool]:
    clock = Clock()
    with pytest.raises(httpx.TransportError) as caught:
        run(_call(url, clock))
    return caught.value, was_sent(caught.value, clock)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_from_the_environment_is_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub(_answer) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert run(_call("http://models.example/api?x=1")) == b"ok"
    (seen,) = proxy.requests
    assert seen.target == "http://models.example/api?x=1"
    assert seen.headers["host"] == "models.example"
    assert seen.headers["authorization"] == "Bearer mine"


def test_a_proxys_password_goes_to_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stub(_answer) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{proxy.port}")
        run(_call("http://models.example/"))
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6cGFzcw=="


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "gateway.localhost"])
def test_loopback_hosts_never_go_through_a_proxy(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _host, *args, **options: look_up("127.0.0.1", *args, **options),
    )
    with Stub(_answer) as stub, Stub(_answer) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url)
        assert run(_call(f"http://{host}:{stub.port}/")) == b"ok"
    assert (len(stub.requests), proxy.requests) == (1, [])


def test_a_tunnel_is_asked_for_without_the_callers_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Stub(_refuse) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        fault, sent = _fault("https://models.example/")
    (seen,) = proxy.requests
    assert (seen.method, seen.target) == ("CONNECT", "models.example:443")
    assert "authorization" not in seen.headers
    assert type(fault) is httpx.ProxyError
    assert "403" in str(fault)
    assert not sent


def test_a_proxy_that_hangs_up_before_its_tunnel_stands_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Stub(_hang_up) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        fault, sent = _fault("https://models.example/")
    assert type(fault) is httpx.ConnectError
    assert not sent


def test_a_proxy_that_is_not_there_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    fault, sent = _fault("http://models.example/")
    assert type(fault) is httpx.ProxyError
    assert not sent


def test_a_kind_of_proxy_nobody_speaks_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://me:pass@127.0.0.1:1080")
    fault, sent = _fault("http://models.example/")
    assert type(fault) is httpx.ProxyError
    assert "socks5" in str(fault)
    assert "pass" not in str(fault)
    assert not sent


@pytest.mark.parametrize(
    ("settings", "url", "proxy"),
    [
        ({}, "http://a.example/", None),
        ({"http_proxy": "http://p:1"}, "http://a.example/", "http://p:1"),
        ({"http_proxy": "p:1"}, "http://a.example/", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://a.example/", None),
        ({"https_proxy": "http://p:1"}, "https://a.example/", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "https://a.example/", "http://p:1"),
        (
            {"all_proxy": "http://p:1", "no_proxy": "a.example"},
            "http://a.example/",
            None,
        ),
        (
            {"all_proxy": "http://p:1", "no_proxy": ".example"},
            "http://b.a.example:80/",
            None,
        ),
        (
            {"all_proxy": "http://p:1", "no_proxy": "a.example:8080"},
            "http://a.example:8080/",
            None,
        ),
        (
            {"all_proxy": "http://p:1", "no_proxy": "other.example"},
            "http://a.example/",
            "http://p:1",
        ),
        ({"all_proxy": "http://p:1", "no_proxy": "*"}, "http://a.example/", None),
        ({"all_proxy": ""}, "http://a.example/", None),
        ({"all_proxy": "http://p:1"}, "http://[::1]:8000/", None),
        ({"all_proxy": "http://p:1"}, "http://127.1.2.3/", None),
    ],
)
def test_the_environment_is_read_as_others_read_it(
    settings: dict[str, str],
    url: str,
    proxy: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(httpx.URL(url)) == proxy


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("notlocalhost", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example", False),
        ("", False),
    ],
)
def test_what_is_loopback_shows_in_the_name(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
