"""One caller's connection, which is not waited for for ever."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Connection", "Patience"]

_LONGEST_HEAD = 64 * 1024


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
    length.

    Args:
        patience: How long to wait for what.
        **given: What uvicorn gives.
    """

    def __init__(self, *, patience: Patience, **given: Any) -> None:
        super().__init__(**given)
        self._patience = patience
        self._head = 0  # bytes of the head that have come; all of it, once it is whole
        self._is_head = True
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is too long ends the connection."""
        super().data_received(data)
        if self._is_head:
            self._head += len(data)
            if self._head > _LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._is_head, self._head = False, 0
        self._await(self._patience.body)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing: the request is whole."""
        _cancel(self._sending)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the next head."""
        if not self.transport.is_closing() and not self.pipeline:
            self._await_head()
        super().on_response_complete()

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

    def _await_head(self) -> None:
        self._is_head, self._head = True, 0
        self._await(self._patience.head)

    def _await(self, seconds: float) -> None:
        # The time is for a whole part, so that a byte now and then does not buy more.
        _cancel(self._sending)
        self._sending = self.loop.call_later(seconds, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
