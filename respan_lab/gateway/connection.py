"""One caller's connection, which is not waited for for ever."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connection", "Patience"]


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


class Connection(H11Protocol):
    """uvicorn's connection with an end to waiting for the caller.

    uvicorn itself only ends what is idle between two requests.

    Args:
        patience: How long to wait for what.
        **given: What uvicorn gives.
    """

    def __init__(self, *, patience: Patience, **given: Any) -> None:
        super().__init__(**given)
        self._patience = patience
        self._awaited: float | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._await_rest()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for what is still to come."""
        super().data_received(data)
        self._await_rest()

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

    def _await_rest(self) -> None:
        # The time is for a whole part, so that a byte now and then does not buy more.
        awaited = {
            h11.IDLE: self._patience.head,
            h11.SEND_BODY: self._patience.body,
        }.get(self.conn.their_state)
        if awaited == self._awaited:
            return
        self._awaited = awaited
        _cancel(self._sending)
        if awaited is not None and not self.transport.is_closing():
            self._sending = self.loop.call_later(awaited, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
