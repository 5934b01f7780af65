"""What goes wrong behind the gateway, and how the caller hears of it."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream, delta, say, usage_chunk

from respan_lab.gateway import Gateway, Served
from respan_lab.gateway.answering.call import failure_of

SECRET = "sk-upstream-secret"


def post(served: Served, **body: Any) -> httpx.Response:
    messages = [{"role": "user", "content": "hi"}]
    payload = {"model": "up/a", "messages": messages, **body}
    return httpx.post(f"{served.url}/api/chat/completions", json=payload, timeout=20)


def last_event(answer: httpx.Response) -> Any:
    *_, last, rest = answer.text.split("\n\n")
    assert rest == ""
    return json.loads(last.removeprefix("data: "))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 402, 404, 422, 429, 500, 503, 529])
def test_an_error_is_passed_on_with_status_and_body(
    served: Served, upstream: Upstream, status: int, stream: bool
) -> None:
    body = {"error": {"message": "no", "type": "t", "param": None, "code": "c"}}

    async def answer(reply: Reply) -> None:
        await reply.json(body, status, retry_after="7", x_secret=SECRET)

    upstream.answer = answer
    got = post(served, stream=stream)
    assert got.status_code == status
    assert got.json() == body
    assert got.headers["retry-after"] == "7"
    assert got.headers["x-respan-log-id"]
    assert "x-secret" not in got.headers


def test_keys_are_taken_out_of_errors(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        shown = reply.seen.headers["authorization"]
        await reply.json({"error": f"bad key: {shown}", SECRET: [SECRET]}, 400)

    upstream.answer = answer
    got = post(served)
    assert got.json() == {"error": "bad key: Bearer ***", "***": ["***"]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("own", "param"),
    [
        ({}, None),
        ({"credential_override": {"up": "sk-mine-0001"}}, "credential_override"),
        ({"customer_credentials": {"up": "sk-mine-0001"}}, "customer_credentials"),
        (
            {
                "load_balance_models": [
                    {"model": "up/a", "credentials": {"api_key": "sk-mine-0001"}}
                ]
            },
            "load_balance_models",
        ),
    ],
)
def test_a_key_that_a_provider_refuses_is_424(
    gateway: Gateway,
    served: Served,
    upstream: Upstream,
    own: Any,
    param: str | None,
    status: int,
    stream: bool,
) -> None:
    async def answer(reply: Reply) -> None:
        shown = reply.seen.headers["authorization"]
        await reply.json({"error": {"message": f"bad key {shown}"}}, status)

    upstream.answer = answer
    got = post(served, stream=stream, retries=3, **own)
    assert got.status_code == 424
    where = param or "providers['up']['api_key']"
    assert got.json()["error"] == {
        "message": f"up answered {status}: bad key Bearer ***; check the key in "
        f"{where}, and whether it may be used for this model",
        "type": "upstream_error",
        "param": param,
        "code": "invalid_credentials",
    }
    assert len(upstream.seen) == 1  # no retries
    kept = row(gateway, got)
    assert kept["status_code"] == 424
    assert kept["error_class"] == "user_auth_byok"
    assert [each["status_code"] for each in kept["attempts"]] == [status]


def test_a_refused_key_reported_as_success_is_424(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.json({"error": {"message": "bad key", "code": 401}})

    upstream.answer = answer
    got = post(served)
    assert got.status_code == 424
    assert "up answered 401: bad key; check" in got.json()["error"]["message"]


def test_an_error_that_is_not_json_stays_a_text(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.head(503, content_type="text/html")
        await reply.send(f"<script>{SECRET}</script>".encode())

    upstream.answer = answer
    got = post(served)
    assert got.status_code == 503
    assert got.text == "<script>***</script>"
    assert got.headers["content-type"].startswith("text/plain")


def test_nobody_there_is_502(served: Served, upstream: Upstream) -> None:
    upstream.close()
    got = post(served)
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "connection_error"
    assert "up cannot be reached" in got.json()["error"]["message"]


def test_a_server_that_hangs_up_is_502(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        pass

    upstream.answer = answer
    got = post(served)
    assert got.status_code == 502
    assert "broke off" in got.json()["error"]["message"]


def test_silence_is_504() -> None:
    failure = failure_of(httpx.ReadTimeout("nothing for 600 seconds"), "up", ())
    assert failure.status == 504
    assert "did not answer in time" in str(failure)


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"[]", b"{}", b'{"choices": 3}', b"[" * 100_000],
)
def test_an_unreadable_answer_is_502(
    served: Served, upstream: Upstream, content: bytes
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.head(content_length=str(len(content)))
        await reply.send(content)

    upstream.answer = answer
    got = post(served)
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "bad_answer"


def test_a_redirect_is_not_followed(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        await reply.head(307, location="http://127.0.0.1:9/", content_length="0")

    upstream.answer = answer
    assert post(served).status_code == 502


@pytest.mark.parametrize(("code", "status"), [(429, 429), ("x", 502), (200, 502)])
def test_an_error_reported_as_success_is_an_error(
    served: Served, upstream: Upstream, code: Any, status: int
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.json({"error": {"message": f"no {SECRET}", "code": code}})

    upstream.answer = answer
    got = post(served)
    assert got.status_code == status
    assert got.json()["error"]["message"] == "no ***"


def test_a_stream_that_breaks_off_says_so(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        await reply.events(delta("half"))

    upstream.answer = answer
    got = post(served, stream=True)
    assert got.status_code == 200
    assert '"half"' in got.text
    assert "[DONE]" not in got.text
    assert "ended too early" in last_event(got)["error"]["message"]


def test_an_error_inside_a_stream_is_passed_on(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.events(delta("half"), {"error": {"message": f"no {SECRET}"}})

    upstream.answer = answer
    assert last_event(post(served, stream=True)) == {"error": {"message": "no ***"}}


@pytest.mark.parametrize("event", ["nonsense", "[1]", "null", '"text"'])
def test_an_unreadable_stream_is_an_error(
    served: Served, upstream: Upstream, event: str
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.events(delta("half"), event)

    upstream.answer = answer
    assert last_event(post(served, stream=True))["error"]


def test_a_stream_needs_no_done_if_it_finished(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.events(delta("whole", finish="stop"))

    upstream.answer = answer
    assert post(served, stream=True).text.endswith("data: [DONE]\n\n")


def row(gateway: Gateway, answer: httpx.Response) -> dict[str, Any]:
    with gateway.serve() as server:
        path = f"/api/request-logs/{answer.headers['x-respan-log-id']}/"
        found: dict[str, Any] = httpx.get(f"{server.url}{path}", timeout=20).json()
    return found


async def cut_off(reply: Reply, *payloads: Any) -> None:
    """Send events, and then end the connection but not the body."""
    await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
    for payload in payloads:
        data = payload if isinstance(payload, str) else json.dumps(payload)
        event = f"data: {data}\n\n".encode()
        await reply.send(b"%x\r\n%b\r\n" % (len(event), event))


@pytest.mark.parametrize("end", [[], ["[DONE]"]])
def test_a_stream_cut_off_behind_its_end_is_whole(
    gateway: Gateway, served: Served, upstream: Upstream, end: list[str]
) -> None:
    async def answer(reply: Reply) -> None:
        finished = delta("whole", finish="stop")
        await cut_off(reply, finished, usage_chunk(), *end)

    upstream.answer = answer
    got = post(served, stream=True)
    assert "error" not in got.text
    assert got.text.endswith("data: [DONE]\n\n")
    kept = row(gateway, got)
    assert (kept["status"], kept["status_code"]) == ("success", 200)
    assert kept["completion_tokens"] == 4


@pytest.mark.parametrize("more", [{}, {"n": 2}])
def test_a_stream_cut_off_before_its_end_is_not(
    served: Served, upstream: Upstream, more: Any
) -> None:
    async def answer(reply: Reply) -> None:
        await cut_off(reply, delta("half", finish="stop" if more else None))

    upstream.answer = answer
    got = post(served, stream=True, **more)
    assert "broke off" in last_event(got)["error"]["message"]


def test_done_is_the_end_though_the_connection_stays_open(
    gateway: Gateway, served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        await say("whole")(reply)
        await reply.until_gone()  # and the gateway goes only when it has its answer
        upstream.gone.set()

    upstream.answer = answer
    got = post(served, stream=True)
    assert got.text.endswith("data: [DONE]\n\n")
    assert row(gateway, got)["completion_tokens"] == 4
    assert upstream.gone.wait(20)


def test_a_connection_is_used_again_after_a_stream(
    served: Served, upstream: Upstream
) -> None:
    finished = json.dumps(delta("whole", finish="stop"))
    body = f"data: {finished}\n\ndata: [DONE]\n\n".encode()

    async def answer(reply: Reply) -> None:
        while True:
            await reply.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            await reply.send(b"%x\r\n%b\r\n" % (len(body), body))
            await reply.send(b"0\r\n\r\n")
            await reply.next_request()

    upstream.answer = answer
    for _ in range(3):
        assert post(served, stream=True).text.endswith("data: [DONE]\n\n")
    assert len(upstream.seen) == 1  # one connection


def test_a_body_that_never_ends_is_502(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        await reply.head(content_type="application/json")
        while True:
            await reply.send(b" " * 2**20)

    upstream.answer = answer
    got = post(served)
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "bad_answer"
    assert "64 MiB" in got.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        (b"x" * 2**20, "16 MiB"),
        (b"data: " + b"x" * 2**20 + b"\n", "16 MiB"),
        (b"data: " + json.dumps(delta()).encode() + b" " * 2**20 + b"\n\n", "64 MiB"),
    ],
)
def test_a_stream_that_never_ends_is_502(
    served: Served, upstream: Upstream, content: bytes, limit: str
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.events()
        while True:
            await reply.send(content)

    upstream.answer = answer
    got = post(served, stream=True)
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "bad_answer"
    assert limit in got.json()["error"]["message"]


@pytest.mark.parametrize("is_asked", [False, True])
def test_usage_beside_choices_is_for_those_who_asked(
    gateway: Gateway, served: Served, upstream: Upstream, is_asked: bool
) -> None:
    async def answer(reply: Reply) -> None:
        first = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        last = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
        await reply.events(
            {**delta("é"), "usage": first},
            {**delta("b", finish="stop"), "usage": last},
            "[DONE]",
        )

    upstream.answer = answer
    more = {"stream_options": {"include_usage": True}} if is_asked else {}
    got = post(served, stream=True, **more)
    assert got.text.count('"usage"') == (2 if is_asked else 0)
    first = json.loads(got.text.partition("\n\n")[0].removeprefix("data: "))
    assert first["choices"][0]["delta"] == {"content": "é"}
    assert row(gateway, got)["completion_tokens"] == 4


def test_missing_usage_leaves_the_cost_unknown(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        choice = {"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}
        await reply.json({"choices": [choice]})

    upstream.answer = answer
    found = post(served, request_breakdown=True).json()["request_breakdown"]
    assert found["cost"] is None
    assert found["prompt_tokens"] is None
    assert found["model"] == "a"


def test_inconsistent_usage_is_a_note(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        usage = {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 10},
        }
        await reply.json({"choices": [], "usage": usage})

    upstream.answer = answer
    found = post(served, request_breakdown=True).json()["request_breakdown"]
    assert found["cost"] == pytest.approx(13e-6)
    assert any("cached" in note for note in found["notes"])


def test_an_unknown_price_is_missing_and_not_0(served: Served) -> None:
    found = post(served, model="up/b", request_breakdown=True).json()
    assert found["request_breakdown"]["cost"] is None


def test_multi_line_data_becomes_one_line(served: Served, upstream: Upstream) -> None:
    async def answer(reply: Reply) -> None:
        await reply.head(content_type="text/event-stream")
        lines = json.dumps(delta("x", finish="stop"), indent=1).split("\n")
        await reply.send("".join(f"data: {line}\n" for line in lines).encode() + b"\n")
        await reply.event("[DONE]")

    upstream.answer = answer
    event, done, rest = post(served, stream=True).text.split("\n\n")
    assert json.loads(event.removeprefix("data: "))["choices"][0]["delta"] == {
        "content": "x"
    }
    assert (done, rest) == ("data: [DONE]", "")


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_leaves_ends_the_providers_call(
    served: Served, upstream: Upstream, stream: bool
) -> None:
    async def answer(reply: Reply) -> None:
        if stream:
            await reply.events(delta("first"))
        asked.set()
        await reply.until_gone()
        upstream.gone.set()

    import threading

    asked = threading.Event()
    upstream.answer = answer
    host, port = served.url.removeprefix("http://").split(":")
    body = {"model": "up/a", "messages": [{"role": "user", "content": "hi"}]}
    content = json.dumps({**body, "stream": stream}).encode()
    with socket.create_connection((host, int(port)), timeout=20) as caller:
        caller.sendall(
            b"POST /api/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            b"content-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(content), content)
        )
        assert asked.wait(20)
        if stream:
            assert caller.recv(10)
    assert upstream.gone.wait(20)
    upstream.answer = say("still there")
    assert post(served).status_code == 200


class Broken:
    """A provider, or a part of the gateway, with a bug."""

    name = "up"
    max_concurrency = None
    is_open = True

    @property
    def without_files(self) -> Any:
        raise RuntimeError(SECRET)

    async def send(self, call: Any) -> Any:
        raise RuntimeError(SECRET)


def test_what_fails_inside_is_500_without_details(
    gateway: Gateway, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.names = Broken()  # type: ignore[assignment]
    got = post(served)
    assert got.status_code == 500
    assert got.json()["error"]["message"] == "the gateway failed: RuntimeError"
    assert SECRET not in caplog.text


def test_what_fails_in_a_provider_is_502_without_details(
    gateway: Gateway, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.names.providers = {"up": Broken()}  # type: ignore[dict-item]
    got = post(served)
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "bad_answer"
    assert "up failed: RuntimeError" in got.json()["error"]["message"]
    assert "RuntimeError: ***" in caplog.text
    assert SECRET not in caplog.text


async def _not_gzip(reply: Reply) -> None:
    """For model `a`; others say hello."""
    if reply.seen.body["model"] != "a":
        await say("hello")(reply)
        return
    status = 503 if "user" in reply.seen.body else 200
    await reply.head(status, content_encoding="gzip")
    await reply.send(b"no gzip at all")


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"user": "refuse"}])
def test_a_broken_encoding_is_502_and_another_model_takes_over(
    served: Served, upstream: Upstream, more: Any
) -> None:
    upstream.answer = _not_gzip
    got = post(served, **more)
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "bad_answer"
    assert "cannot be decompressed" in got.json()["error"]["message"]
    got = post(served, fallback_models=["up/b"], **more)
    assert got.status_code == 200
    assert json.loads(got.headers["x-respan-lab-attempts"])[0] == ["up/a", 502]


@pytest.mark.parametrize("depth", [254, 480])
def test_what_is_nested_too_deeply_is_400_and_names_the_field(
    served: Served, upstream: Upstream, depth: int
) -> None:
    deep: Any = {}
    for _ in range(depth):
        deep = {"properties": deep}
    got = post(
        served,
        tools=[{"type": "function", "function": {"name": "f", "parameters": deep}}],
    )
    assert got.status_code == 400
    assert got.json()["error"]["param"] == "tools"
    assert upstream.seen == []


def test_a_port_there_is_not_is_400(served: Served, upstream: Upstream) -> None:
    own = {"api_key": "sk-mine-0001", "api_base": "http://127.0.0.1:99999/"}
    got = post(served, credential_override={"up": own})
    assert got.status_code == 400
    assert "api_base" in got.json()["error"]["message"]


def test_an_address_nobody_can_be_at_is_502(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:99999/v1")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    gateway = Gateway()
    with gateway.serve() as server:
        got = post(server, model="openai/gpt-4o")
    gateway.close()
    assert got.status_code == 502
    assert got.json()["error"]["code"] == "bad_answer"
