"""Callers on connections of their own, each asking again as soon as it was answered.

It does so little that what is measured is the gateway: requests are written out before
the clock starts, answers are looked at after it has stopped.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from .drivers.crowd import prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Endpoint", "Load", "call"]


class Endpoint(NamedTuple):
    """Where chat completions are asked for, and how.

    Attributes:
        url: The whole address, plain http.
        headers: What the requests carry besides the usual.
        fields: What their bodies hold besides `messages`.
        distinct: How many different prompts there are; None for all different.
    """

    url: str
    headers: Mapping[str, str]
    fields: Mapping[str, Any]
    distinct: int | None = None

    def request(self, number: int) -> bytes:
        """One request as bytes, a different one for each number."""
        text = prompt(number % self.distinct if self.distinct else number)
        messages = [{"role": "user", "content": text}]
        body = json.dumps({**self.fields, "messages": messages}).encode()
        address = urlsplit(self.url)
        lines = [
            f"POST {address.path} HTTP/1.1",
            f"host: {address.netloc}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Load(NamedTuple):
    """What came of a number of calls.

    Attributes:
        wall: Seconds from the first to the last.
        cpu: Seconds of CPU of the callers together.
        latencies: Seconds of each call.
    """

    wall: float
    cpu: float
    latencies: Sequence[float]


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, and so on until none is left."""

    def __init__(self, turns: Iterator[bytes], answers: list[bytes]) -> None:
        self._turns = turns
        self._answers = answers
        self._received = b""
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("it hung up on the callers"))

    def ask(self) -> None:
        """Send the next request; end if there is none."""
        request = next(self._turns, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._received = b""
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if _is_whole(self._received):
            self.latencies.append(time.perf_counter() - self._sent_at)
            self._answers.append(self._received)
            self.ask()


def call(endpoint: Endpoint, numbers: range, in_flight: int) -> Load:
    """Make a call for each number, so many at a time.

    Raises:
        SystemExit: An answer was not the one asked for.
    """
    requests = [endpoint.request(number) for number in numbers]
    answers: list[bytes] = []
    load = asyncio.run(_call(endpoint, iter(requests), in_flight, answers))
    for answer in answers:
        _look_at(answer, endpoint.url)
    return load


async def _call(
    endpoint: Endpoint, turns: Iterator[bytes], in_flight: int, answers: list[bytes]
) -> Load:
    address = urlsplit(endpoint.url)
    loop = asyncio.get_running_loop()
    callers = []
    for _ in range(in_flight):
        _, caller = await loop.create_connection(
            lambda: _Caller(turns, answers), address.hostname, address.port
        )
        callers.append(caller)
    started, cpu = time.perf_counter(), time.process_time()
    for caller in callers:
        caller.ask()
    await asyncio.gather(*(caller.done for caller in callers))
    return Load(
        time.perf_counter() - started,
        time.process_time() - cpu,
        [latency for caller in callers for latency in caller.latencies],
    )


def _is_whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    _, counted, rest = head.lower().partition(b"content-length:")
    if counted:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n")


def _look_at(answer: bytes, url: str) -> None:
    """Make sure that there is a text, and how many tokens it took."""
    head, _, body = answer.partition(b"\r\n\r\n")
    is_chunked = b"content-length:" not in head.lower()
    try:
        payload = json.loads(_joined(body) if is_chunked else body)
        text = payload["choices"][0]["message"]["content"]
        is_fine = b" 200 " in head[:16] and text and payload["usage"]["total_tokens"]
    except (ValueError, LookupError, TypeError):
        is_fine = False
    if not is_fine:
        raise SystemExit(f"{url} answered {answer.decode(errors='replace')[:2000]}")


def _joined(chunks: bytes) -> bytes:
    """A body that came in chunks, each after a line with its size."""
    found, at = [], 0
    while True:
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end], 16)
        if not size:
            return b"".join(found)
        found.append(chunks[end + 2 : end + 2 + size])
        at = end + size + 4
