"""Step: hand a streamed answer on, event by event, as it comes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from ...errors import StreamError
from ...wire import ServerSentEvent, SSEDecoder, StreamAssembler, redact
from ...wire.decoding import decoded
from ..failure import GatewayFailure
from .breakdown import extra_chunks

if TYPE_CHECKING:
    from ...prices import PriceTable
    from ..providers import ProviderAnswer
    from ..record import Record

__all__ = ["Relay", "event_bytes"]

Write = Callable[[bytes], Awaitable[None]]

_LONGEST_EVENT = 16 * 2**20
_LAST_BYTES = 0.02  # seconds for what of a body comes after `[DONE]`


class Relay:
    """Reads a provider's stream and writes ours.

    Events are passed on as they came. Usage, which is always asked for, is shown only
    to callers who asked for it; the breakdown is added before `[DONE]`, which ends the
    answer whatever the connection does. Nothing is written before the first content:
    until then another model can still take over.

    Args:
        record: The call, to be filled in.
        write: Takes our bytes; the first come with the first content.
        secrets: What must not be shown.
    """

    def __init__(
        self, record: Record, write: Write, *, secrets: Sequence[str] = ()
    ) -> None:
        asked = record.asked
        self._record = record
        self._write = write
        self._secrets = secrets
        self._shows_usage = asked is not None and asked.wants_usage
        self._n_choices = (asked and asked.openai.get("n")) or 1
        self._held = bytearray()
        self._has_content = False
        self._is_done = False
        self._whole = StreamAssembler(secrets=lambda: secrets)

    async def run(self, answer: ProviderAnswer, prices: PriceTable) -> None:
        """Relay the whole stream.

        Raises:
            GatewayFailure: The stream broke off, carried an error or was too long; what
                came before it has been written.
        """
        async with aclosing(self._read(answer.body)) as read:
            async for events in read:
                await self._pass(events)
                if self._is_done:
                    break
        if not self._whole.has_finished:
            raise _bad("the provider's stream ended too early")
        self._record.declared = answer.declared
        self._record.end(prices, self._whole.result())
        await _use_up(answer.body)
        await self._finish()

    async def _read(
        self, body: AsyncIterator[bytes]
    ) -> AsyncGenerator[list[ServerSentEvent], None]:
        """Give the events as they come; those of one chunk together."""
        decoder = SSEDecoder()
        waiting = 0  # bytes of an event whose end has not come yet, at least
        try:
            async for chunk in body:
                events = decoder.feed(chunk)
                waiting = 0 if events else waiting + len(chunk)
                if waiting > _LONGEST_EVENT:
                    raise _bad("an event of the provider's stream exceeds 16 MiB")
                yield events
        except GatewayFailure:
            # Some servers cut the connection instead of ending the body.
            if not self._is_whole:
                raise
        else:
            yield decoder.flush()

    @property
    def _is_whole(self) -> bool:
        """Whether each choice that was asked for has its `finish_reason`."""
        so_far = self._whole
        is_finished = so_far.has_finished
        return is_finished and len(so_far.result()["choices"]) >= self._n_choices

    async def _pass(self, events: list[ServerSentEvent]) -> None:
        try:
            for event in events:
                self._held += self._passed(event)
                if self._is_done:
                    break
        finally:
            # What came together goes out together: one write, not one for each event.
            # Content that came before a fault goes out before it.
            if self._held and self._has_content:
                passed, self._held = bytes(self._held), bytearray()
                await self._write(passed)

    def _passed(self, event: ServerSentEvent) -> bytes:
        """Take note of an event; give what is to be written for it."""
        if event.data.strip() == "[DONE]":
            self._whole.mark_done()
            self._is_done = True
            return b""
        try:
            payload = decoded(event.data)
            chunk = self._whole.feed(payload, event=event.event)
        except StreamError as error:
            raise self._failure(payload) from error
        except (ValueError, RecursionError):
            raise _bad("the provider's stream cannot be read") from None
        is_hidden = bool(payload.get("usage")) and not self._shows_usage
        if is_hidden and chunk is None:
            return b""
        if chunk is not None and chunk.has_content and not self._has_content:
            self._has_content = True
            self._record.first_token = time.perf_counter()
        data = event.data
        if is_hidden:
            data = json.dumps({n: payload[n] for n in payload if n != "usage"})
        elif "\n" in data:  # JSON over several lines, each a `data:` line on the wire
            data = json.dumps(payload)
        return f"data: {data}\n\n".encode("utf-8", "replace")

    def _failure(self, payload: Any) -> GatewayFailure:
        shown = redact(payload, self._secrets)
        if isinstance(shown, dict) and shown.get("error"):
            return GatewayFailure.passed_on(502, {"error": shown["error"]}, headers={})
        return GatewayFailure(502, f"the provider's stream broke off: {shown!r}")

    async def _finish(self) -> None:
        extras = map(event_bytes, extra_chunks(self._record))
        await self._write(bytes(self._held) + b"".join(extras) + b"data: [DONE]\n\n")


async def _use_up(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a body, so that its connection can be used again.

    Nearly always that is its very end, which is there already. The answer is whole:
    nothing that comes now, or does not come, is of interest.
    """
    with suppress(TimeoutError, GatewayFailure):
        async with asyncio.timeout(_LAST_BYTES):
            async for _ in body:
                pass


def _bad(message: str) -> GatewayFailure:
    return GatewayFailure(502, message, code="bad_answer")


def event_bytes(payload: Any) -> bytes:
    """Give a payload as one server-sent event."""
    return b"data: " + json.dumps(payload).encode() + b"\n\n"
