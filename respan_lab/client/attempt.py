"""One HTTP request for a call: sent, read and timed."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from ..errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    StreamError,
)
from ..transport import Clock, in_time, was_sent
from ..wire import Attempt, SSEDecoder, StreamAssembler, Timing, redact, status_error
from ..wire.decoding import decoded
from ..wire.failure import error_message
from ..wire.headers import header_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping

    from ..wire import ChatRequest, Chunk
    from .door import Door

__all__ = ["Answer", "Trial"]

_SHOWN = 200  # characters of an answer that nobody can read


class Answer(NamedTuple):
    """What one attempt brought back."""

    raw: dict[str, Any]
    headers: Mapping[str, str]
    timing: Timing


class Trial:
    """One attempt, and what is known of it so far.

    Args:
        door: The way to the gateway.
        request: What to send.
        queued_at: `perf_counter()` at which the call began to wait.
        on_chunk: Called with each chunk of a streamed answer, on the loop.
    """

    def __init__(
        self,
        door: Door,
        request: ChatRequest,
        *,
        queued_at: float,
        on_chunk: Callable[[Chunk], None] | None,
    ) -> None:
        self._door = door
        self._request = request
        self._queued_at = queued_at
        self._on_chunk = on_chunk
        self._clock = Clock()
        self._handing = False  # to a transport that keeps no clock
        self._status: int | None = None
        self._failure: BaseException | None = None
        self._ended_at: float | None = None
        self._deltas: list[float] = []
        self._headers: Mapping[str, str] = {}
        self._assembler: StreamAssembler | None = None
        self._read_at: float | None = None
        self.started_at = datetime.now(UTC)

    @property
    def was_sent(self) -> bool:
        """Whether the request reached an open connection."""
        if self._status is not None:
            return True
        failure = self._failure
        if isinstance(failure, httpx.RequestError):
            return was_sent(failure, self._clock)
        return self._handing or self._clock.handed_at is not None

    @property
    def is_refused(self) -> bool:
        """Whether the gateway said no: an answer that is not billed."""
        return isinstance(self._failure, APIStatusError)

    @property
    def has_ended(self) -> bool:
        """Whether it came to an end of its own, and was not stopped."""
        return isinstance(self._failure, Exception)

    @property
    def partial(self) -> dict[str, Any] | None:
        """What has come of a streamed answer by now; None if nothing."""
        so_far = self._assembler.result() if self._assembler else {}
        return so_far if so_far.get("choices") else None

    @property
    def elapsed(self) -> float | None:
        """Seconds from hand-over to the last delta with content; None before one.

        What the gateway says it held the call for a slot is left out, as in the times
        of the whole answer.
        """
        handed = self._clock.handed_at
        if handed is None or not self._deltas:
            return None
        held = header_seconds(self._headers, "x-respan-lab-queue-time")
        return max(0.0, self._deltas[-1] - handed - held)

    async def run(self, timeout: float | None) -> Answer:
        """Send, read to the end, and time it.

        Args:
            timeout: Seconds for the whole attempt; None waits for ever.

        Raises:
            APIError: Whatever went wrong, without the key in it.
        """
        try:
            raw = await in_time(self._exchange(), timeout)
        except TimeoutError as error:
            # Some keep the connection open after the last word: nothing is missing.
            if not self._is_whole:
                raise self._failed(error, timeout) from None
            assert self._assembler is not None  # it has said that it is whole
            raw = self._assembler.result()
        except BaseException as error:
            raise self._failed(error, timeout) from None
        return Answer(raw, self._headers, self._timing())

    def record(self, error: APIError | None = None, *, wait: float = 0.0) -> Attempt:
        """This attempt as a record.

        Args:
            error: What it ended with; None if it was answered.
            wait: Seconds that are waited after it.
        """
        ended = self._ended_at or perf_counter()
        handed = self._clock.handed_at
        return Attempt(
            started_at=self.started_at,
            queue_time=max(0.0, (handed or ended) - self._queued_at),
            latency=None if handed is None else ended - handed,
            status_code=self._status,
            error_type=None if error is None else type(error).__name__,
            error_message=None if error is None else str(error),
            sent=self.was_sent,
            wait=wait,
        )

    async def _exchange(self) -> dict[str, Any]:
        handing = perf_counter()
        # In doubt it was sent: what was, must not be sent again.
        self._handing = not self._door.keeps_clock
        response = await self._door.send(self._request, self._clock)
        if self._clock.handed_at is None:
            self._clock.handed_at = handing
        self._headers = _plain(response.headers)
        try:
            return await self._read(response)
        finally:
            self._ended_at = perf_counter()
            await response.aclose()

    async def _read(self, response: httpx.Response) -> dict[str, Any]:
        self._status = response.status_code
        if not 200 <= response.status_code < 300:
            raise status_error(
                response.status_code,
                response.headers,
                await response.aread(),
                secrets=self._secrets,
            )
        kind = response.headers.get("content-type", "")
        if self._request.stream and "json" not in kind:
            return await self._read_stream(response)
        return self._answer(await _content(response))

    async def _read_stream(self, response: httpx.Response) -> dict[str, Any]:
        decoder = SSEDecoder()
        assembler = self._assembler = StreamAssembler(secrets=lambda: self._secrets)
        try:
            async for data in _parts(response):
                self._read_at = perf_counter()
                self._take(decoder.feed(data), assembler)
            self._take(decoder.flush(), assembler)
            if not assembler.has_finished:
                raise StreamError(
                    "the stream ended without a finish_reason and without [DONE]"
                )
        except (httpx.RequestError, StreamError) as error:
            # A connection that breaks after the last word has cost nothing.
            if isinstance(error, StreamError) or not self._is_whole:
                raise _broken(error, self._secrets) from None
        return assembler.result()

    def _take(self, events: list[Any], assembler: StreamAssembler) -> None:
        for event in events:
            if event.data == "[DONE]":
                assembler.mark_done()  # reading goes on: a breakdown may follow
                continue
            chunk = assembler.feed(self._decoded(event.data), event=event.event)
            if chunk is None:
                continue
            if chunk.has_content:
                self._deltas.append(perf_counter())
            if self._on_chunk is not None:
                self._on_chunk(chunk)

    @property
    def _is_whole(self) -> bool:
        """Whether every choice that was asked for has come to its end."""
        assembler = self._assembler
        if assembler is None or not assembler.has_finished:
            return False
        n = self._request.body.get("n", 1)
        return bool(len(assembler.result()["choices"]) >= n)

    def _answer(self, content: bytes) -> dict[str, Any]:
        """A plain answer, if it is one: some report an error with a status of 200."""
        raw = self._decoded(content)
        if raw.get("choices") or raw.keys() & {"role", "content"}:
            return raw
        said = redact(error_message(raw) or str(raw), self._secrets)[:_SHOWN]
        raise StreamError(f"the gateway answered, but with no choice: {said}")

    def _decoded(self, content: bytes | str) -> dict[str, Any]:
        try:
            value = decoded(content)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        text = (
            content.decode("utf-8", "replace")
            if isinstance(content, bytes)
            else content
        )
        shown = redact(text, self._secrets)[:_SHOWN]
        raise StreamError(f"the gateway answered with something unreadable: {shown!r}")

    def _failed(self, error: BaseException, timeout: float | None) -> BaseException:
        self._ended_at = perf_counter()
        self._failure = error
        return self._translated(error, timeout)

    def _timing(self) -> Timing:
        # A stream's last byte may come long before its connection is closed.
        handed, ended = self._clock.handed_at, self._read_at or self._ended_at
        assert handed is not None  # the answer has come, so both are known
        assert ended is not None
        first = self._deltas[0] - handed if self._deltas else None
        last = self._deltas[-1] - handed if self._deltas else None
        return Timing(
            started_at=self.started_at,
            queue_time=max(0.0, handed - self._queued_at),
            latency=ended - handed,
            time_to_first_token=first,
            first_delta=first,
            last_delta=last,
            n_deltas=len(self._deltas),
        )

    def _translated(self, error: BaseException, timeout: float | None) -> BaseException:
        if isinstance(error, APIError) or not isinstance(error, Exception):
            return error
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            return APITimeoutError(self._timeout_message(error, timeout))
        if isinstance(error, httpx.RequestError):
            text = redact(str(error) or type(error).__name__, self._secrets)
            sent = "the request was sent" if self.was_sent else "nothing was sent"
            return APIConnectionError(f"{self._door.url}: {text} ({sent})")
        # A transport's own surprise: the call has failed like any other.
        text = redact(f"{type(error).__name__}: {error}", self._secrets)
        return APIError(f"{self._door.url}: {text}")

    def _timeout_message(self, error: Exception, timeout: float | None) -> str:
        sent = "sent, so it may have been billed" if self.was_sent else "not sent"
        allowed = f"in {timeout:g} s" if isinstance(error, TimeoutError) else "in time"
        return f"{self._door.url}: no answer {allowed}; the request was {sent}"

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (*self._door.secrets, *self._request.secrets)


def _plain(headers: httpx.Headers) -> Mapping[str, str]:
    """The same by lower-case names, which are looked up many times over."""
    found = {name.decode("latin-1").lower(): value for name, value in headers.raw}
    return MappingProxyType(
        {name: value.decode("latin-1") for name, value in found.items()}
    )


async def _content(response: httpx.Response) -> bytes:
    return b"".join([part async for part in _parts(response)])


def _parts(response: httpx.Response) -> AsyncIterable[bytes]:
    """The body; where nothing is encoded, at half the CPU of httpx's own way."""
    if "content-encoding" in response.headers:
        return response.aiter_bytes()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


def _broken(error: Exception, secrets: tuple[str, ...]) -> APIError:
    """A stream's end before its end, as an error of ours."""
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError("the stream stood still for too long")
    if isinstance(error, StreamError):
        return error
    reason = redact(str(error) or type(error).__name__, secrets)
    return StreamError(f"the stream broke off: {reason}")
