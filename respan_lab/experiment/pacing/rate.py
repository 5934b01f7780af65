"""How fast a run may send: so many requests and tokens in any minute."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from ...errors import ConfigError

__all__ = ["Rate", "Reserved", "check_rates"]

# A request may travel up to a second faster than those before it, and whoever counts
# counts arrivals: a minute here is a second longer than theirs.
_WINDOW = 61.0


@dataclass(slots=True, eq=False)
class Reserved:
    """What a request has taken of a rate.

    Attributes:
        at: The clock when it was, or will be, sent.
        units: Tokens, as far as is known.
        counts: Whether it is among what the last minute has taken.
    """

    at: float
    units: int
    counts: bool = False


class Rate:
    """Requests and tokens in a minute, never more, and spread over it.

    Two token buckets that hold one second's worth (at least one), and a record of the
    last minute: the buckets spread what is sent, the record keeps any 60 seconds
    within the limit. One object paces a whole run.

    Args:
        requests_per_minute: None is no limit.
        tokens_per_minute: Prompts and answers together; None is no limit.
        clock: Seconds that never go back.

    Raises:
        ConfigError: A rate is not a number, 1 or more.

    Example:
        >>> rate = Rate(requests_per_minute=61, clock=lambda: 0.0)
        >>> rate.delay()
        0.0
        >>> reserved = rate.take()
        >>> rate.delay() > 0.9
        True
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        *,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        check_rates(requests_per_minute, tokens_per_minute)
        self._clock = clock
        self._requests = _meter(requests_per_minute)
        self._tokens = _meter(tokens_per_minute)

    @property
    def counts_tokens(self) -> bool:
        """Whether tokens are limited; if not, nobody needs to guess them."""
        return self._tokens is not None

    def delay(self, tokens: int = 0) -> float:
        """Seconds to wait before a request may be sent; ask again after them.

        Args:
            tokens: What it may use. One that may use more than a minute's tokens
                waits until nothing else was sent for a minute.
        """
        now = self._clock()
        requests = self._requests.delay(1, now) if self._requests else 0.0
        return max(requests, self._tokens.delay(tokens, now) if self._tokens else 0.0)

    def take(self, tokens: int = 0, *, after: float = 0.0) -> Reserved:
        """Count a request as sent, whether or not there was room for it.

        Args:
            tokens: What it may use.
            after: Seconds until it is sent, for a retry inside a call.
        """
        reserved = Reserved(self._clock() + after, tokens)
        if self._requests:
            self._requests.take(Reserved(reserved.at, 1))
        if self._tokens:
            self._tokens.take(reserved)
        return reserved

    def give_back(self, reserved: Reserved, used: int | None) -> None:
        """Correct what a request has taken, now that it is known.

        Args:
            reserved: From `take`.
            used: Tokens of its prompt and answer; None is unknown and changes nothing.
        """
        if self._tokens and used is not None:
            self._tokens.correct(reserved, used, self._clock())


def check_rates(
    requests_per_minute: float | None, tokens_per_minute: float | None
) -> None:
    """Refuse rates that are none.

    Raises:
        ConfigError: One is not a number, 1 or more.

    Example:
        >>> check_rates(60, None)
        >>> check_rates(0, None)
        Traceback (most recent call last):
        ...
        respan_lab.errors.ConfigError: requests_per_minute=0: use a number, 1 or ...
    """
    for name, value in (
        ("requests_per_minute", requests_per_minute),
        ("tokens_per_minute", tokens_per_minute),
    ):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and 1 <= value < math.inf):
            raise ConfigError(
                f"{name}={value!r}: use a number, 1 or more, or None for no limit"
            )


class _Meter:
    """So many units in any minute."""

    def __init__(self, per_minute: float) -> None:
        self._limit = per_minute
        self._rate = per_minute / _WINDOW
        self._burst = max(1.0, per_minute / 60)
        self._full_at = -math.inf  # when the bucket is full again
        self._last: deque[Reserved] = deque()  # what the last minute has taken
        self._sum = 0

    def delay(self, units: int, now: float) -> float:
        """Seconds until so many may be taken."""
        self._forget(now)
        spread = self._full_at - max(0.0, self._burst - units) / self._rate
        return max(0.0, spread - now, self._room_at(units, now) - now)

    def take(self, reserved: Reserved) -> None:
        """Take them, even into debt."""
        self._full_at = max(reserved.at, self._full_at) + reserved.units / self._rate
        self._last.append(reserved)
        self._sum += reserved.units
        reserved.counts = True

    def correct(self, reserved: Reserved, used: int, now: float) -> None:
        """Count what was used in place of what was taken, at the same moment."""
        self._forget(now)
        further = used - reserved.units
        self._full_at = max(now, self._full_at) + further / self._rate
        if reserved.counts:
            self._sum += further
        reserved.units = used

    def _room_at(self, units: int, now: float) -> float:
        """When the last minute will leave room for so many."""
        left, at = self._sum, now
        for reserved in self._last:
            if left + units <= self._limit:
                break
            left -= reserved.units
            at = max(at, reserved.at + _WINDOW)
        return at

    def _forget(self, now: float) -> None:
        while self._last and self._last[0].at + _WINDOW <= now:
            oldest = self._last.popleft()
            oldest.counts = False
            self._sum -= oldest.units


def _meter(per_minute: float | None) -> _Meter | None:
    return None if per_minute is None else _Meter(per_minute)
