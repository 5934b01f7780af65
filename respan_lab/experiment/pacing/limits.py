"""How many calls a provider takes at once: found out from what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from ...client.retry import is_spent
from ...errors import APIStatusError

__all__ = ["Limit", "is_throttle"]

_LONGEST_PAUSE = 600.0  # then one call finds out whether it still holds
_FIRST_PAUSE, _LAST_PAUSE = 0.5, 8.0  # where nothing is asked and one is too many
# What is tried above a level that failed before: so many full windows later, and so
# many calls, so that few calls are spent on finding out that it fails still.
_SMALL = 8  # places of which half would be a guess too low
_PROBE_WINDOWS, _PROBE_CALLS = 16, 64


class Limit:
    """How many calls one provider is given at once, by what it refuses.

    It starts at the most that is allowed. A refusal halves it, or takes one off where
    there are few. Those of calls that were under way then tell of the same moment:
    they take off what was one too many as well, down to an eighth. Every full window
    of answers adds one; at the level that failed before, one is added only after 16
    windows, and once that has held, the level is forgotten.

    Args:
        most: The most calls at once, 1 or more.
        clock: Seconds that never go back.

    Attributes:
        places: How many calls the provider takes at once, by now.
        in_flight: How many it has.
        lowest: The fewest places there were.
        throttles: How many calls it refused for being too many.

    Example:
        >>> limit = Limit(8, clock=lambda: 0.0)
        >>> sent_at = [limit.take() for _ in range(8)]
        >>> for at in sent_at:  # one burst, refused as a whole
        ...     limit.refuse(at, retry_after=2.0)
        >>> limit.places, limit.pause, limit.has_room
        (1, 2.0, False)
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = perf_counter) -> None:
        self._most = most
        self._clock = clock
        self._failed: int | None = None  # a level that was too high
        self._cut_at = -float("inf")
        self._taken = 0
        self._answers = 0  # since the places last changed
        self._in_vain = 0  # refusals at one place, with no answer in between
        self._paused_until = clock()
        self._paused = 0.0
        self.places = self.lowest = most
        self.in_flight = 0
        self.throttles = 0

    @property
    def has_room(self) -> bool:
        """Whether a call may be sent now."""
        return self.in_flight < self.places and not self.pause

    @property
    def pause(self) -> float:
        """Seconds for which the provider is left alone; 0.0 if it is not."""
        return max(0.0, self._paused_until - self._clock())

    @property
    def state(self) -> dict[str, float]:
        """For a run's manifest: places `lowest` and `final`, `throttles`, `paused`.

        `most` is where it began, `paused` seconds.
        """
        return {
            "most": self._most,
            "lowest": self.lowest,
            "final": self.places,
            "throttles": self.throttles,
            "paused": self._paused - self.pause,
        }

    def take(self) -> float:
        """Take a place; gives the clock, which `answer` and `refuse` ask for."""
        self.in_flight += 1
        return self._clock()

    def leave(self) -> None:
        """Give the place back, however the call ended."""
        self.in_flight -= 1

    def answer(self, sent_at: float) -> None:
        """Note that a call was answered, before its place is given back.

        Args:
            sent_at: The clock at which it was sent.
        """
        # Half-empty windows say nothing about a full one, nor do earlier levels.
        if sent_at <= self._cut_at or 2 * self.in_flight < self.places:
            return
        self._in_vain = 0
        self._answers += 1
        if self.places < self._most and self._answers >= self._needed():
            self._grow()

    def refuse(self, sent_at: float, retry_after: float | None = None) -> None:
        """Note that a call was refused for being one too many.

        Args:
            sent_at: The clock at which it was sent.
            retry_after: Seconds the provider asked to be left alone, of which at most
                ten minutes are kept; None if it did not say.
        """
        self.throttles += 1
        if sent_at > self._cut_at:
            retry_after = retry_after or self._pause_in_vain()
            self._cut()
        else:
            self._cut_further()
        if retry_after:
            self._leave_alone(min(retry_after, _LONGEST_PAUSE))

    def _needed(self) -> int:
        """How many answers add a place."""
        if self.places + 1 != self._failed:
            return self.places
        return max(_PROBE_WINDOWS * self.places, _PROBE_CALLS)

    def _grow(self) -> None:
        if self.places == self._failed:  # it holds now
            self._failed = None
        self.places += 1
        self._answers = 0

    def _cut(self) -> None:
        # With fewer in flight than there are places, those few were too many.
        self._failed = max(2, min(self.places, self.in_flight))
        is_small = self._failed <= _SMALL
        self.places = self._failed - 1 if is_small else self._failed // 2
        self._taken = self._failed - 1  # of the calls that were under way
        self.lowest = min(self.lowest, self.places)
        self._cut_at = self._clock()
        self._answers = 0

    def _cut_further(self) -> None:
        self._taken -= 1
        least = max(1, (self._failed or 1) // 8)
        self.places = max(least, min(self.places, self._taken))
        self.lowest = min(self.lowest, self.places)

    def _pause_in_vain(self) -> float | None:
        """A pause where one call at a time is refused: there is only time to give."""
        if self.places > 1:
            return None
        self._in_vain += 1
        return min(_LAST_PAUSE, _FIRST_PAUSE * 2.0 ** (self._in_vain - 1))

    def _leave_alone(self, seconds: float) -> None:
        now = self._clock()
        until = max(self._paused_until, now + seconds)
        self._paused += until - max(self._paused_until, now)
        self._paused_until = until


def is_throttle(error: APIStatusError) -> bool:
    """Whether a refusal says that there are too many calls, and fewer would help.

    Example:
        >>> is_throttle(APIStatusError("slow down", status_code=429))
        True
        >>> is_throttle(APIStatusError("budget exceeded", status_code=429))
        False
    """
    if error.status_code == 503:
        return error.retry_after is not None
    return error.status_code in (429, 529) and not is_spent(error)
