"""When a call was really handed over, as opposed to when somebody asked for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Clock"]


@dataclass(slots=True)
class Clock:
    """A stopwatch that travels with one request, in ``request.extensions["clock"]``.

    Waiting for a turn, for DNS, for TCP and for TLS is not the server's time, so a
    transport starts the clock only when it gives the request to an open connection.

    Attributes:
        handed_at: ``time.perf_counter()`` at that moment, in seconds; None as long as
            no connection had the request.

    Example:
        >>> Clock().handed_at is None
        True
    """

    handed_at: float | None = None
