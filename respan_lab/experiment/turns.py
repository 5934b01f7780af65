"""Whose turn it is: the next cell that its provider has a place for."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple

__all__ = ["Turn", "Turns"]

_AHEAD = 4  # cells a worker may go ahead of the first that waits


class Turn(NamedTuple):
    """A cell whose turn has come, with a place at every provider it needs one of.

    Attributes:
        cell: The index of the cell.
        providers: Those whose places it has.
        queued_at: `perf_counter()` at which it was the first in line for them.
    """

    cell: int
    providers: frozenset[str]
    queued_at: float


class _Lane:
    """Cells that need places at the same providers, in order."""

    def __init__(self, providers: frozenset[str]) -> None:
        self.providers = providers
        self.cells: deque[tuple[int, int]] = deque()  # place in the order, index
        self.queued_at: float | None = None


class Turns:
    """Gives cells out in order, passing over those whose provider is full.

    A cell that is passed over takes up no worker, so a slow model on this machine
    holds nobody else up. But no cell is given out far ahead of one that waits: a
    model's answers would come from another hour than those they are compared with.

    Args:
        cells: Each cell's index and the providers it needs a place at, in order.
        places: How many calls a provider takes at once, for those that limit it.
        workers: How many cells are run at once.
    """

    def __init__(
        self,
        cells: Iterable[tuple[int, frozenset[str]]],
        places: Mapping[str, int],
        *,
        workers: int,
    ) -> None:
        self._places = places
        self._taken: Counter[str] = Counter()
        self._most_ahead = _AHEAD * workers
        self._changed = asyncio.Event()
        lanes: dict[frozenset[str], _Lane] = {}
        for place, (index, providers) in enumerate(cells):
            needed = providers.intersection(places)
            lane = lanes.setdefault(needed, _Lane(needed))
            lane.cells.append((place, index))
        self._lanes = list(lanes.values())

    async def take(self) -> Turn | None:
        """Wait for the next cell; None if every cell has had its turn."""
        while self._lanes:
            turn = self._next()
            if turn is not None:
                return turn
            await self._changed.wait()
        return None

    @contextmanager
    def held(self, turn: Turn) -> Iterator[None]:
        """Hold the cell's places, and give them back."""
        try:
            yield
        finally:
            self._taken.subtract(turn.providers)
            self._tell()

    def _next(self) -> Turn | None:
        now = perf_counter()
        self._lanes.sort(key=_first)
        first = _first(self._lanes[0])
        for lane in self._lanes:
            if _first(lane) > first + self._most_ahead:
                return None
            if lane.queued_at is None:
                lane.queued_at = now
            if all(self._taken[p] < self._places[p] for p in lane.providers):
                return self._given(lane, lane.queued_at)
        return None

    def _given(self, lane: _Lane, queued_at: float) -> Turn:
        _, index = lane.cells.popleft()
        lane.queued_at = None
        self._taken.update(lane.providers)
        if not lane.cells:
            self._lanes.remove(lane)
        self._tell()
        return Turn(index, lane.providers, queued_at)

    def _tell(self) -> None:
        """Have all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()


def _first(lane: _Lane) -> int:
    return lane.cells[0][0]
