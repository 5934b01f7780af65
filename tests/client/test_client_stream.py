from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import respan_lab as lab


def _event(**choice: Any) -> bytes:
    chunk = {"id": "x", "model": "m", "choices": [{"index": 0, **choice}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _text(text: str) -> bytes:
    return _event(delta={"content": text})


END = _event(delta={}, finish_reason="stop")
USAGE = (
    b'data: {"id":"x","choices":[],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
)
DONE = b"data: [DONE]\n\n"


class Lane(httpx.AsyncByteStream):
    """A body whose parts are given one by one, from the test's thread."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self.parts = list(parts)
        self.let_on = threading.Semaphore(len(parts))
        self.is_closed = threading.Event()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            await asyncio.to_thread(self.let_on.acquire)
            if isinstance(part, Exception):
                raise part
            yield part

    async def aclose(self) -> None:
        self.is_closed.set()


def _client(lane: Lane) -> lab.Client:
    async def answer(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream", "x-respan-log-id": "log-9"}
        return httpx.Response(200, headers=headers, stream=lane)

    return lab.Client("k", transport=httpx.MockTransport(answer))


def test_chunks_and_then_the_whole() -> None:
    stream = _client(Lane(_text("Os"), _text("lo"), END, USAGE, DONE)).stream(
        "Where?", model="m"
    )
    with pytest.raises(lab.StreamError, match="not complete"):
        _ = stream.completion
    assert [chunk.text for chunk in stream if chunk.text] == ["Os", "lo"]
    completion = stream.completion
    assert completion.text == "Oslo"
    assert completion.usage.completion_tokens == 2
    assert completion.finish_reason == "stop"
    assert completion.log_id == "log-9"
    assert completion.time_to_first_token is not None
    assert completion.latency is not None
    assert completion.time_to_first_token <= completion.latency


def test_the_first_chunk_arrives_before_the_last_is_produced() -> None:
    lane = Lane(_text("Os"), _text("lo"), END, DONE)
    lane.let_on = threading.Semaphore(1)
    stream = _client(lane).stream("Where?", model="m")
    assert next(stream).text == "Os"  # the others have not been let on yet
    lane.let_on.release(3)
    assert "".join(chunk.text for chunk in stream) == "lo"


def test_a_breakdown_after_done_is_read() -> None:
    breakdown = {"cost": 0.5, "cached": False, "model": "m"}
    late = {
        "id": "request_breakdown",
        "model": "extra_parameter",
        "usage": {},
        "choices": [{"index": 0, "delta": {}, "request_breakdown": breakdown}],
    }
    lane = Lane(_text("hi"), END, USAGE, DONE, f"data: {json.dumps(late)}\n\n".encode())
    stream = _client(lane).stream("Hi", model="m")
    list(stream)
    assert stream.completion.cost == 0.5
    assert stream.completion.model == "m"
    assert stream.completion.usage.prompt_tokens == 3


def test_async_iteration_on_any_loop() -> None:
    client = _client(Lane(_text("a"), _text("b"), END, DONE))

    async def main() -> str:
        async with client.astream("Hi", model="m") as stream:
            text = "".join([chunk.text async for chunk in stream])
        return text + stream.completion.text

    assert asyncio.run(main()) == "abab"


def test_leaving_early_ends_the_work() -> None:
    lane = Lane(_text("a"), _text("b"))
    lane.let_on = threading.Semaphore(1)
    with _client(lane).stream("Hi", model="m") as stream:
        assert next(stream).text == "a"
    lane.let_on.release(5)
    assert lane.is_closed.wait(10)
    assert list(stream) == []


def test_dropping_the_stream_ends_the_work() -> None:
    lane = Lane(_text("a"), _text("b"))
    lane.let_on = threading.Semaphore(1)
    stream = _client(lane).stream("Hi", model="m")
    next(stream)
    del stream
    lane.let_on.release(5)
    assert lane.is_closed.wait(10)


@pytest.mark.parametrize(
    "parts",
    [
        (_text("a"), httpx.ReadError("gone")),
        (_text("a"),),
        (_text("a"), b'data: {"error": {"message": "gone"}}\n\n'),
        (_text("a"), b"data: {not json}\n\n"),
    ],
)
def test_a_stream_that_breaks_off_keeps_what_had_come(parts: tuple[Any, ...]) -> None:
    stream = _client(Lane(*parts)).stream("Hi", model="m")
    with pytest.raises(lab.StreamError) as caught:
        list(stream)
    assert caught.value.partial is not None
    assert lab.Completion(caught.value.partial).text == "a"
    assert caught.value.attempts[0].sent


def test_a_stream_without_done_but_with_a_finish_is_whole() -> None:
    stream = _client(Lane(_text("a"), END)).stream("Hi", model="m")
    list(stream)
    assert stream.completion.text == "a"


def test_a_gateway_that_does_not_stream_is_read_all_the_same() -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        message = {"role": "assistant", "content": "whole"}
        return httpx.Response(200, json={"choices": [{"index": 0, "message": message}]})

    client = lab.Client("k", transport=httpx.MockTransport(answer))
    stream = client.stream("Hi", model="m")
    assert list(stream) == []
    assert stream.completion.text == "whole"
    assert stream.completion.time_to_first_token is None
