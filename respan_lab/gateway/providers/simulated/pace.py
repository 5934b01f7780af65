"""When a simulated answer's tokens come."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from .models import Model

__all__ = ["LONGEST", "Pace", "paced", "wait_until"]

LONGEST = 0.95  # seconds; so that a notebook never waits long
_VARIATION = 0.2
_MOST_TOGETHER = 256  # events that are handed on without a pause
_FEWEST = 5  # tokens, below which a rate says nothing


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of one answer, in seconds from its start.

    Attributes:
        first: When the first token comes.
        last: When the last one does.
        n_tokens: How many there are.
    """

    first: float
    last: float
    n_tokens: int

    @classmethod
    def of(cls, model: Model, n_tokens: int, random: random.Random) -> Pace:
        """Draw the times of an answer, up to 20 % around those of its model.

        Args:
            model: Whose times they are.
            n_tokens: How many tokens the answer has.
            random: Draws the variation.
        """
        factor = random.uniform(1 - _VARIATION, 1 + _VARIATION)
        first = model.first_token * factor
        last = first + max(0, n_tokens - 1) / model.rate * factor
        return cls(round(first, 6), round(min(last, LONGEST), 6), n_tokens)

    def at(self, number: int) -> float:
        """Tell when a token comes; the first has the number 1."""
        steps = max(1, self.n_tokens - 1)
        return self.first + (self.last - self.first) * max(0, number - 1) / steps

    def declared(self, *, is_stream: bool) -> dict[str, float | None]:
        """Give the times for the breakdown; those of tokens for streams only."""
        rate = None
        if is_stream and self.n_tokens >= _FEWEST:
            rate = round((self.n_tokens - 1) / (self.last - self.first), 6)
        return {
            "latency": self.last,
            "time_to_first_token": self.first if is_stream and self.n_tokens else None,
            "tokens_per_second": rate,
        }


async def paced(
    events: Iterable[tuple[int, bytes]], pace: Pace, *, start: float, scale: float
) -> AsyncIterator[bytes]:
    """Give events when their tokens are due; those due together, together.

    Args:
        events: Each with the number of its token.
        pace: When tokens come.
        start: The loop's time at which the answer began.
        scale: Factor on all times.
    """
    now = asyncio.get_running_loop().time
    ready: list[bytes] = []
    for number, event in events:
        due = start + pace.at(number) * scale
        if due > now() or len(ready) == _MOST_TOGETHER:
            if ready:
                yield b"".join(ready)
            await asyncio.sleep(0)  # others have their turn, whatever the times are
            await wait_until(due)
            ready = []
        ready.append(event)
    yield b"".join(ready)


async def wait_until(due: float) -> None:
    """Wait until a time of the running loop, if it has not come yet."""
    delay = due - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)
