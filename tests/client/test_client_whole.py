"""What has come is kept, and what has not come is no answer."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

import respan_lab as lab
from respan_lab.transport import run

KEY = "sk-very-secret-0123456789"


def _event(text: str, *, index: int = 0, reason: str | None = None) -> bytes:
    choice = {"index": index, "delta": {"content": text}, "finish_reason": reason}
    payload = {"id": "1", "model": "m", "choices": [choice]}
    return f"data: {json.dumps(payload)}\n\n".encode()


class Body(httpx.AsyncByteStream):
    """Events, and then silence or a fault."""

    def __init__(self, *events: bytes, then: Exception | None) -> None:
        self.events, self.then = events, then
        self.is_closed = threading.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self.events:
            yield event
        if self.then is not None:
            raise self.then
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.is_closed.set()


def _client(answer: Callable[[], httpx.Response], **how: Any) -> lab.Client:
    transport = httpx.MockTransport(lambda request: answer())
    return lab.Client(KEY, transport=transport, **how)


def _streaming(body: Body, **how: Any) -> lab.Client:
    headers = {"content-type": "text/event-stream"}
    return _client(lambda: httpx.Response(200, headers=headers, stream=body), **how)


BREAK = httpx.ReadError("the line was cut")


@pytest.mark.parametrize("then", [BREAK, None], ids=["broken", "left open"])
def test_an_answer_that_is_whole_outlives_its_connection(
    then: Exception | None,
) -> None:
    body = Body(_event("Os"), _event("lo", reason="stop"), then=then)
    stream = _streaming(body, timeout=0.2).stream("Hi", model="m")
    assert "".join(chunk.text for chunk in stream) == "Oslo"
    assert stream.completion.text == "Oslo"
    assert stream.completion.latency is not None
    assert stream.completion.latency < 0.2  # to its last byte, not to the timeout


def test_one_choice_of_two_is_not_whole() -> None:
    body = Body(_event("Oslo", reason="stop"), then=BREAK)
    stream = _streaming(body).stream("Hi", model="m", n=2)
    with pytest.raises(lab.StreamError) as caught:
        list(stream)
    assert caught.value.partial is not None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, json={"error": {"message": "no credits"}}), "no credits"),
        (httpx.Response(200, json={"detail": "wrong door"}), "wrong door"),
        (httpx.Response(200, json={}), "no choice"),
        (httpx.Response(200, text=f"bad key {KEY}"), r"bad key \*\*\*"),
        (httpx.Response(200, json={"error": f"bad key {KEY}"}), r"bad key \*\*\*"),
        (httpx.Response(200, text="[" * 100_000), "unreadable"),
    ],
)
def test_a_good_status_does_not_make_an_answer(
    answer: httpx.Response, said: str
) -> None:
    with pytest.raises(lab.StreamError, match=said) as caught:
        _client(lambda: answer).chat("Hi", model="m")
    assert KEY not in str(caught.value)


def test_a_redirect_is_not_followed_and_not_an_answer() -> None:
    answer = httpx.Response(302, headers={"location": "https://elsewhere.example"})
    with pytest.raises(lab.APIStatusError, match="302"):
        _client(lambda: answer).chat("Hi", model="m")
    with pytest.raises(lab.APIStatusError, match="302"):
        _client(lambda: answer).models()


def test_an_awaited_stream_that_is_left_alone_ends_its_work() -> None:
    body = Body(_event("a"), _event("b"), then=None)
    client = _streaming(body)

    async def main() -> None:
        async for _ in client.astream("Hi", model="m"):
            break
        gc.collect()
        assert await asyncio.to_thread(body.is_closed.wait, 10)

    asyncio.run(main())


def test_a_blocking_stream_on_our_own_loop_is_an_error_and_no_deadlock() -> None:
    async def main() -> None:
        _streaming(Body(then=None)).stream("Hi", model="m")

    with pytest.raises(RuntimeError, match="astream"):
        run(main())


def test_two_threads_on_one_stream_both_come_to_its_end() -> None:
    body = Body(_event("a", reason="stop"), then=httpx.ReadError("over"))
    stream = _streaming(body).stream("Hi", model="m")
    readers = [
        threading.Thread(target=lambda: list(stream), daemon=True) for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(10)
    assert not any(reader.is_alive() for reader in readers)


def test_a_pickled_client_never_turns_to_another_gateway() -> None:
    client = pickle.loads(pickle.dumps(lab.Client(KEY)))
    assert client.backend == "hosted"
    assert client.base_url == "https://api.respan.ai/api"


@pytest.mark.parametrize(
    "how",
    [
        {"max_retries": "2"},
        {"max_retries": 1.5},
        {"max_retries": True},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"timeout": "5"},
        {"gateway": "http://127.0.0.1:8000"},
        {"base_url": "https://host:99999"},
        {"api_key": "sk-sécret"},
        {"api_key": "sk-one\nsk-two"},
        {"api_key": 12345},
    ],
)
def test_what_a_client_cannot_be_made_of_is_said_at_once(how: dict[str, Any]) -> None:
    with pytest.raises(lab.ConfigError) as caught:
        lab.Client(**how)
    assert "sk-" not in str(caught.value)


def test_space_around_a_pasted_key_is_dropped() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        message = {"role": "assistant", "content": "x"}
        return httpx.Response(200, json={"choices": [{"message": message}]})

    transport = httpx.MockTransport(answer)
    lab.Client(f" {KEY}\n", transport=transport).chat("Hi", model="m")
    assert seen == [f"Bearer {KEY}"]
