"""Whose turn it is: the next cell that its providers have a place for."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import NamedTuple

from ...errors import APIStatusError
from .limits import Limit, is_throttle

__all__ = ["Turn", "Turns"]

_AHEAD = 4  # cells a worker may go ahead of the first that waits
# ... and of the first whose provider asked to be left alone: its answers will come a
# minute late whatever the others do, and that is about a minute's worth of calls.
_AHEAD_OF_PAUSED = 16 * _AHEAD


class Turn(NamedTuple):
    """A cell whose turn has come, with a place at every provider that may answer.

    Attributes:
        cell: The index of the cell; below 0 for a call that is no cell's.
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
    """Gives cells out in order, passing over those whose provider is full or paused.

    A cell that is passed over takes up no worker, so a slow model on this machine
    holds nobody else up. But no cell is given out far ahead of one that waits: a
    model's answers would come from another hour than those they are compared with.
    Only a provider that asked to be left alone is left further behind, 16 times as
    far; `furthest_ahead` says how far it came to.

    Args:
        cells: Each cell's index and the providers that may answer it, in order.
        places: How many calls a provider takes at once, for those that declare it; the
            others start at one for each worker.
        workers: How many cells are run at once.
        most: How many calls are made at once, those of no cell too; None for no limit
            beside that of the workers.
        clock: Seconds that never go back.

    Attributes:
        limits: What has been found out of each provider.
        is_over: Whether the run was stopped, so that nothing further is sent.
        furthest_ahead: How many places in the order a cell was given out before one
            that waited, at most.
    """

    def __init__(
        self,
        cells: Iterable[tuple[int, frozenset[str]]],
        places: Mapping[str, int],
        *,
        workers: int,
        most: int | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._workers = workers
        self._most = math.inf if most is None else most
        self._beside = 0  # calls that were of no cell
        self.is_over = False
        self._clock = clock
        self._changed = asyncio.Event()
        self._sent_at: dict[int, float] = {}  # by cell, of those under way
        self.furthest_ahead = 0
        self.limits: dict[str, Limit] = {}
        lanes: dict[frozenset[str], _Lane] = {}
        self._next_place = 0
        for index, needed in cells:
            providers = frozenset(needed)
            lane = lanes.setdefault(providers, _Lane(providers))
            lane.cells.append((self._next_place, index))
            self._next_place += 1
        self._lanes = list(lanes.values())
        for provider in sorted(frozenset().union(*lanes)):
            most = min(workers, places.get(provider, workers))
            self.limits[provider] = Limit(most, clock=clock)

    async def take(self) -> Turn | None:
        """Wait for the next cell; None if every cell has had its turn."""
        while self._lanes:
            turn = self._next()
            if turn is not None:
                return turn
            with suppress(TimeoutError):
                async with asyncio.timeout(self._shortest_pause()):
                    await self._changed.wait()
        return None

    async def take_beside(
        self, providers: frozenset[str], places: Mapping[str, int]
    ) -> Turn:
        """Wait for places for a call that is no cell's; it has no place in the order.

        Args:
            providers: Those that may answer it.
            places: How many calls each takes at once, for those that declare it.

        Raises:
            CancelledError: The run has been stopped.
        """
        queued_at = self._clock()
        for provider in providers - self.limits.keys():
            most = min(self._most, places.get(provider, math.inf))
            at_once = max(1, self._workers) if most == math.inf else int(most)
            self.limits[provider] = Limit(at_once, clock=self._clock)
        while not self.is_over and not self._has_room(providers):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._shortest_pause()):
                    await self._changed.wait()
        if self.is_over:
            raise asyncio.CancelledError
        self._beside += 1
        turn = Turn(-self._beside, providers, queued_at)
        self._sent_at[turn.cell] = self._clock()
        for limit in self._limits_of(turn):
            limit.take()
        return turn

    def _has_room(self, providers: frozenset[str]) -> bool:
        return not self._is_full and all(self.limits[p].has_room for p in providers)

    @property
    def _is_full(self) -> bool:
        return len(self._sent_at) >= self._most

    @contextmanager
    def held(self, turn: Turn) -> Iterator[None]:
        """Hold the cell's places, and give them back."""
        try:
            yield
        finally:
            del self._sent_at[turn.cell]
            for limit in self._limits_of(turn):
                limit.leave()
            self._tell()

    def put_back(self, turn: Turn) -> None:
        """Put a cell behind all others, once its places are given back."""
        lane = next((o for o in self._lanes if o.providers == turn.providers), None)
        if lane is None:
            lane = _Lane(turn.providers)
            self._lanes.append(lane)
        lane.cells.append((self._next_place, turn.cell))
        self._next_place += 1
        self._tell()

    def sent(self, turn: Turn) -> None:
        """Hear that the call is sent now, after a wait while its place was held."""
        self._sent_at[turn.cell] = self._clock()

    def answered(self, turn: Turn) -> None:
        """Hear that the call was answered, while its place is held."""
        for limit in self._limits_of(turn):
            limit.answer(self._sent_at[turn.cell])

    def refused(self, turn: Turn, error: APIStatusError, wait: float | None) -> None:
        """Hear of a refusal inside the call, while its place is held.

        Nobody says which of several providers refused, so all of them slow down.

        Args:
            turn: The call's.
            error: The refusal; one that is about something else changes nothing.
            wait: Seconds until the call tries again; None if it does not.
        """
        sent_at = self._sent_at[turn.cell]
        self._sent_at[turn.cell] = self._clock() + (wait or 0.0)
        if is_throttle(error):
            for limit in self._limits_of(turn):
                limit.refuse(sent_at, error.retry_after)

    async def again(self, turn: Turn) -> None:
        """Give a refused call's places back, and wait for them anew.

        A burst that was too large would only meet itself again.

        Args:
            turn: The call's, whose places are held.
        """
        limits = self._limits_of(turn)
        for limit in limits:
            limit.leave()
        self._tell()
        try:
            while not all(limit.has_room for limit in limits):
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._shortest_pause()):
                        await self._changed.wait()
        finally:
            for limit in limits:
                limit.take()
            self._sent_at[turn.cell] = self._clock()

    def _next(self) -> Turn | None:
        if self._is_full:
            return None
        now = self._clock()
        self._lanes.sort(key=_first)
        reach = float("inf")
        for lane in self._lanes:
            if _first(lane) > reach:
                return None
            if lane.queued_at is None:
                lane.queued_at = now
            if all(self.limits[p].has_room for p in lane.providers):
                return self._given(lane, lane.queued_at)
            reach = min(reach, _first(lane) + self._most_ahead(lane))
        return None

    def _most_ahead(self, lane: _Lane) -> int:
        """How far others may go ahead of a lane that waits."""
        is_paused = any(self.limits[p].pause for p in lane.providers)
        return self._workers * (_AHEAD_OF_PAUSED if is_paused else _AHEAD)

    def _given(self, lane: _Lane, queued_at: float) -> Turn:
        ahead = _first(lane) - _first(self._lanes[0])
        self.furthest_ahead = max(self.furthest_ahead, ahead)
        _, index = lane.cells.popleft()
        lane.queued_at = None
        turn = Turn(index, lane.providers, queued_at)
        self._sent_at[index] = self._clock()
        for limit in self._limits_of(turn):
            limit.take()
        if not lane.cells:
            self._lanes.remove(lane)
        self._tell()
        return turn

    def _limits_of(self, turn: Turn) -> list[Limit]:
        return [self.limits[provider] for provider in turn.providers]

    def _shortest_pause(self) -> float | None:
        """Seconds until a provider may be asked again; None if none is paused."""
        pauses = (limit.pause for limit in self.limits.values())
        return min((pause for pause in pauses if pause), default=None)

    def stop(self) -> None:
        """Let no call that is no cell's begin any more."""
        self.is_over = True
        self._tell()

    def _tell(self) -> None:
        """Have all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()


def _first(lane: _Lane) -> int:
    return lane.cells[0][0]
