"""One caller's connection, which is not waited for for ever."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .gathering import Gathering

__all__ = ["Connection", "Patience"]

_LONGEST_HEAD = 64 * 1024

_Part: TypeAlias = Literal["head", "body"]


class Patience(NamedTuple):
    """Seconds a caller may take; after them the connection is cut.

    Attributes:
        head: For the whole head of a request.
        body: For the whole body.
        reading: With an answer's next piece not taken, before it is given up.
    """

    head: float = 30.0
    body: float = 300.0
    reading: float = 600.0


class Connection(HttpToolsProtocol):
    """uvicorn's connection with an end to waiting for the caller.

    uvicorn itself only ends what is idle between two requests, and takes a head of any
    length. And what it writes of an answer at once leaves at once.

    Args:
        patience: How long to wait for what.
        **given: What uvicorn gives.
    """

    def __init__(self, *, patience: Patience, **given: Any) -> None:
        super().__init__(**given)
        self._patience = patience
        self._head = 0  # bytes of the head that have come; all of it, once it is whole
        self._awaited: _Part | None = "head"  # what of a request is still to come
        self._timed: _Part | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", Gathering(transport, self.loop))
        self._time()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is too long ends the connection."""
        super().data_received(data)
        if self._awaited is None and not self._is_answering:
            self._awaited = "head"  # line breaks may go before it
        if self._awaited == "head":
            self._head += len(data)
            if self._head > _LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")
        self._time()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        self._awaited, self._head = "body", 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing: the request is whole."""
        self._awaited = None
        super().on_message_complete()

    def on_message_begin(self) -> None:
        """Wait for the head."""
        self._awaited = "head"
        super().on_message_begin()

    def on_response_complete(self) -> None:
        """Wait for the next head, if a part of it is there; else uvicorn does."""
        super().on_response_complete()
        self._time()

    def pause_writing(self) -> None:
        """Begin to wait for the caller to read."""
        super().pause_writing()
        self._reading = self.loop.call_later(
            self._patience.reading, self.transport.abort
        )

    def resume_writing(self) -> None:
        """Wait no longer: the caller has read."""
        super().resume_writing()
        _cancel(self._reading)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        _cancel(self._sending)
        _cancel(self._reading)
        super().connection_lost(exc)

    def _count(self, *pieces: bytes) -> None:
        # Of what came in one read `data_received` cannot tell what is head.
        self._head += sum(map(len, pieces))
        if self._head > _LONGEST_HEAD:
            raise ValueError("the head is too long")

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _time(self) -> None:
        """Set an end to waiting for a part; most requests come whole, and need none."""
        is_early = self._awaited == "head" and self._is_answering
        awaited = None if is_early else self._awaited
        if awaited == self._timed:  # a byte now and then does not buy more time
            return
        _cancel(self._sending)
        self._timed = awaited
        if awaited is not None:
            seconds = getattr(self._patience, awaited)
            self._sending = self.loop.call_later(seconds, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
