"""When things happened: one attempt, and the call as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Attempt", "Timing"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request made for a call.

    Attributes:
        started_at: When we began, UTC.
        queue_time: Seconds waited here before it was sent (for a slot, and for DNS,
            TCP and TLS set-up).
        latency: Seconds from handing it to an open connection to its last byte; None
            if it was never sent.
        status_code: The HTTP status; None if no answer came.
        error_type: Name of the error's class; None if it worked.
        error_message: The error's text; None if it worked.
        sent: Whether any of it may have reached the gateway.
        wait: Seconds slept after it, before the next attempt.

    Example:
        >>> from datetime import datetime, timezone
        >>> Attempt(datetime(2026, 1, 1, tzinfo=timezone.utc), 0.0, 0.2, 200,
        ...         None, None, True).wait
        0.0
    """

    started_at: datetime
    queue_time: float
    latency: float | None
    status_code: int | None
    error_type: str | None
    error_message: str | None
    sent: bool
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock readings of a call; all durations in seconds.

    Attributes:
        started_at: When the first attempt began, UTC.
        queue_time: Waited here before the last attempt was sent; never part of
            ``latency``.
        latency: From handing the last attempt to an open connection to its last byte.
        retry_time: Spent in earlier attempts and the waits between.
        time_to_first_token: From that hand-over to the first delta with content,
            reasoning text or tool arguments; None if not streamed.
        first_delta: The same moment, kept for the rate; None if not streamed.
        last_delta: From hand-over to the last such delta; None if not streamed.
        n_deltas: How many such deltas there were.

    Example:
        >>> from datetime import datetime, timezone
        >>> Timing(datetime(2026, 1, 1, tzinfo=timezone.utc), 0.0, 0.4).retry_time
        0.0
    """

    started_at: datetime
    queue_time: float
    latency: float
    retry_time: float = 0.0
    time_to_first_token: float | None = None
    first_delta: float | None = None
    last_delta: float | None = None
    n_deltas: int = 0
