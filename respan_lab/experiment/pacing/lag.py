"""How late this machine looks at what has come: its lag, and whether it matters."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

__all__ = ["Lag", "doubt", "watch"]

_INTERVAL = 0.02  # seconds between two looks
_SLACK = 0.002  # timers alone are up to a millisecond late, and that is no lag
_NOTICED = 0.02  # seconds; where less would matter, nobody measures a model
_LONGEST = 3000  # looks that one lateness can stand for: a minute's
# Lags are kept by size, each size 2 % above the one before: a long run needs no room.
_STEP = math.log(1.02)
_SMALLEST = 1e-5
# The share of a median that may be lag before the figure is doubted.
_OF_LATENCY, _OF_FIRST_TOKEN = 0.05, 0.20


class Lag:
    """How late the event loop was, at every moment of a run.

    A lateness of a second was felt by all that came within it, so it counts as the
    fifty looks that it kept from being taken: the first a second late, the last hardly.

    Example:
        >>> lag = Lag()
        >>> for _ in range(99):
        ...     lag.add(0.0)
        >>> lag.add(0.02)
        >>> lag.worst, lag.p50, round(lag.blocked, 3)
        (0.02, 0.0, 0.02)
    """

    def __init__(self) -> None:
        self._sizes: Counter[int] = Counter()
        self._looks = 0
        self._seconds = 0.0
        self.worst: float | None = None
        self.blocked = 0.0

    def add(self, late: float) -> None:
        """Note how late a look was, in seconds; below 0 counts as 0."""
        late = max(0.0, late)
        self.worst = max(late, self.worst or 0.0)
        self._seconds += _INTERVAL + late
        if late > _SLACK:
            self.blocked += late
        for missed in range(min(_LONGEST, int(late / _INTERVAL)) + 1):
            self._looks += 1
            self._sizes[_size(late - missed * _INTERVAL)] += 1

    @property
    def p50(self) -> float | None:
        """The median lag, seconds, to 2 %; None before the first look."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float | None:
        """The lag that 95 % of the moments stayed within; None before the first."""
        return self.quantile(0.95)

    @property
    def share(self) -> float | None:
        """The share of the time that the loop was blocked; None before the first."""
        return self.blocked / self._seconds if self._seconds else None

    @property
    def state(self) -> dict[str, float | None]:
        """For a run's manifest: `p50`, `p95`, `worst`, `blocked` (seconds), `share`."""
        return {
            "p50": self.p50,
            "p95": self.p95,
            "worst": self.worst,
            "blocked": self.blocked if self._looks else None,
            "share": self.share,
        }

    def quantile(self, q: float) -> float | None:
        """The lag that a share `q` of the moments stayed within; None before the first.

        Args:
            q: Above 0, up to 1.
        """
        left = math.ceil(q * self._looks)
        for size in sorted(self._sizes):
            left -= self._sizes[size]
            if left <= 0:
                return _seconds(size)
        return None


async def watch(lag: Lag, *, clock: Callable[[], float] = perf_counter) -> None:
    """Look every 20 ms how late the running loop is, until cancelled.

    Args:
        lag: Is told of each look.
        clock: Seconds that never go back.
    """
    while True:
        due = clock() + _INTERVAL
        await asyncio.sleep(_INTERVAL)
        lag.add(clock() - due)


def doubt(
    lag: Lag,
    *,
    latency: float | None,
    time_to_first_token: float | None,
    max_concurrency: int,
) -> str | None:
    """Say whether the lag spoils what was measured; nothing is ever taken off.

    It does when its 95th percentile is above 5 % of the median latency or above 20 %
    of the median time to first token. Lag grows about as the calls at once do, so as
    many fewer of them as it is too long would likely be few enough.

    Args:
        lag: Of the run.
        latency: The median, seconds; None if nothing was answered.
        time_to_first_token: The median, seconds; None if nothing was streamed.
        max_concurrency: The calls at once.

    Returns:
        A warning; None if the figures stand, or if there are none.

    Example:
        >>> lag = Lag()
        >>> lag.add(0.08)
        >>> print(doubt(lag, latency=0.4, time_to_first_token=None, max_concurrency=64))
        this machine was up to 79 ms late (p95) to read answers, above 5% of the ...
    """
    p95 = lag.p95
    bounds = _bounds(latency, time_to_first_token)
    if p95 is None or not bounds:
        return None
    bound = min(bounds)
    if p95 <= max(bound.seconds, _NOTICED):
        return None
    fewer = max(1, int(max_concurrency * bound.seconds / p95))
    way = _way(fewer, max_concurrency)
    return (
        f"this machine was up to {p95 * 1000:.0f} ms late (p95) to read answers, above "
        f"{bound.text}: latencies are too long by as much; {way}"
    )


class _Bound(NamedTuple):
    """A lag above which a figure is doubted."""

    seconds: float
    text: str


def _bounds(latency: float | None, first_token: float | None) -> list[_Bound]:
    figures = (
        ("latency", latency, _OF_LATENCY),
        ("time to first token", first_token, _OF_FIRST_TOKEN),
    )
    return [
        _Bound(median * share, f"{share:.0%} of the median {name} ({median:.3g} s)")
        for name, median, share in figures
        if median is not None
    ]


def _way(fewer: int, max_concurrency: int) -> str:
    if fewer == max_concurrency == 1:
        return "run it while the machine is less busy"
    return f"max_concurrency={fewer} (it was {max_concurrency:,}) would likely do"


def _size(seconds: float) -> int:
    """The number of a lag's size; 0 is nothing at all."""
    if seconds <= _SMALLEST:
        return 0
    return 1 + int(math.log(seconds / _SMALLEST) / _STEP)


def _seconds(size: int) -> float:
    """The middle of a size."""
    return _SMALLEST * math.exp((size - 0.5) * _STEP) if size else 0.0
