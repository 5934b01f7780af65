"""Step: hand a streamed answer on, event by event, as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import StreamError
from ...wire import ServerSentEvent, SSEDecoder, StreamAssembler, redact
from ..failure import GatewayFailure
from .breakdown import extra_chunks

if TYPE_CHECKING:
    from ...prices import PriceTable
    from ..providers import ProviderAnswer
    from ..record import Record

__all__ = ["Relay", "event_bytes"]

Write = Callable[[bytes], Awaitable[None]]


class Relay:
    """Reads a provider's stream and writes ours.

    Events are passed on as they came. Usage, which is always asked for, is shown only
    to callers who asked for it; the breakdown is added before `[DONE]`. Nothing is
    written before the first content: until then another model can still take over.

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
        self._held = b""
        self._has_content = False
        self._whole = StreamAssembler(secrets=secrets)

    async def run(self, answer: ProviderAnswer, prices: PriceTable) -> None:
        """Relay the whole stream.

        Raises:
            GatewayFailure: The stream broke off or carried an error; what came before
                it has been written.
        """
        decoder = SSEDecoder()
        async for chunk in answer.body:
            await self._pass(decoder.feed(chunk))
        await self._pass(decoder.flush())
        if not self._whole.has_finished:
            raise GatewayFailure(
                502, "the provider's stream ended too early", code="bad_answer"
            )
        self._record.declared = answer.declared
        await self._finish(prices)

    async def _pass(self, events: list[ServerSentEvent]) -> None:
        try:
            for event in events:
                self._held += self._passed(event)
        finally:
            # What came together goes out together: one write, not one for each event.
            # Content that came before a fault goes out before it.
            if self._held and self._has_content:
                passed, self._held = self._held, b""
                await self._write(passed)

    def _passed(self, event: ServerSentEvent) -> bytes:
        """Take note of an event; give what is to be written for it."""
        if event.data.strip() == "[DONE]":
            self._whole.mark_done()
            return b""
        try:
            payload = json.loads(event.data)
            chunk = self._whole.feed(payload, event=event.event)
        except StreamError as error:
            raise self._failure(payload) from error
        except (ValueError, RecursionError):
            raise GatewayFailure(
                502, "the provider's stream cannot be read", code="bad_answer"
            ) from None
        if chunk is None and payload.get("usage") and not self._shows_usage:
            return b""
        if chunk is not None and chunk.has_content and not self._has_content:
            self._has_content = True
            self._record.first_token = time.perf_counter()
        # JSON may be spread over lines, which are separate `data:` lines on the wire.
        data = event.data if "\n" not in event.data else json.dumps(payload)
        return f"data: {data}\n\n".encode("utf-8", "replace")

    def _failure(self, payload: Any) -> GatewayFailure:
        shown = redact(payload, self._secrets)
        if isinstance(shown, dict) and shown.get("error"):
            return GatewayFailure.passed_on(502, {"error": shown["error"]}, headers={})
        return GatewayFailure(502, f"the provider's stream broke off: {shown!r}")

    async def _finish(self, prices: PriceTable) -> None:
        self._record.end(prices, self._whole.result())
        extras = map(event_bytes, extra_chunks(self._record))
        await self._write(self._held + b"".join(extras) + b"data: [DONE]\n\n")


def event_bytes(payload: Any) -> bytes:
    """Give a payload as one server-sent event."""
    return b"data: " + json.dumps(payload).encode() + b"\n\n"
