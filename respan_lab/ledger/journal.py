"""Many small writings, committed together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from ..errors import RespanError

if TYPE_CHECKING:
    from ..storage.database import Database

__all__ = ["Journal", "Outcome"]

Item = TypeVar("Item")
T = TypeVar("T")
_Work: TypeAlias = Callable[[Sequence[Any], sqlite3.Connection], Sequence[Any]]


class Outcome(NamedTuple, Generic[T]):
    """What came of a piece: a result, or else an error."""

    result: T | None = None
    error: Exception | None = None


class _Piece(NamedTuple):
    work: _Work
    item: Any
    future: asyncio.Future[Any]
    told: Callable[[Outcome[Any]], None] | None


class Journal:
    """Takes pieces of work, and commits all that have come while it was writing.

    A commit that waits for the disk costs the same for one piece as for hundreds.
    Pieces of the same work are done together, where the first of them stands: a piece
    may be done earlier than it was put, never later.

    Args:
        database: What is written to.
        check: Called on the database's thread before each commit; what it raises
            fails all that would have been committed.
        explain: Gives what is raised instead of an error of SQLite's.
    """

    def __init__(
        self,
        database: Database,
        *,
        check: Callable[[], None],
        explain: Callable[[sqlite3.Error], Exception],
    ) -> None:
        self._database = database
        self._check = check
        self._explain = explain
        self._waiting: list[_Piece] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(
        self,
        work: Callable[[Sequence[Item], sqlite3.Connection], Sequence[T]],
        item: Item,
        *,
        unheard: Callable[[Outcome[T]], None] | None = None,
    ) -> T:
        """Have something done, and wait until it is committed.

        Args:
            work: Is given all items it was put with, and the connection; gives a result
                for each. If it raises, all that was to be committed is undone, and done
                again with each item alone, unless the file itself has failed.
            item: What it is done with.
            unheard: Called with what came of it if the waiting was cancelled, which
                does not undo it; None if nobody needs to know.
        """
        outcome: Outcome[T] | None = None
        is_waiting = True

        def told(found: Outcome[T]) -> None:
            nonlocal outcome
            outcome = found
            if unheard is not None and not is_waiting:
                unheard(found)

        future = self.put(work, item, told=told)
        try:
            return await future
        except asyncio.CancelledError:
            is_waiting = False
            # It may have been told in the very moment of the cancellation.
            if unheard is not None and outcome is not None:
                unheard(outcome)
            raise

    def put(
        self,
        work: Callable[[Sequence[Item], sqlite3.Connection], Sequence[T]],
        item: Item,
        *,
        told: Callable[[Outcome[T]], None] | None = None,
    ) -> asyncio.Future[T]:
        """Do as `write`, whoever waits for it or not.

        Args:
            work: As for `write`, and so `item`.
            item: See there.
            told: Called with what came of it, whoever waits; None if nobody needs to
                know.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Piece(work, item, future, told))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return future

    async def flush(self) -> None:
        """Wait until all that was put is committed, or has failed."""
        while self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is about to put something joins in
            batch, self._waiting = self._waiting, []
            for piece, outcome in zip(batch, await self._done(batch), strict=True):
                self._tell(piece, outcome)
        self._writing = None

    async def _done(self, batch: Sequence[_Piece]) -> list[Outcome[Any]]:
        try:
            results = await self._database.write(partial(self._all, batch))
        except Exception as error:
            if len(batch) == 1 or _is_of_the_file(error):
                return [Outcome(error=error)] * len(batch)
            # The one that is wrong fails alone.
            return [outcome for one in batch for outcome in await self._done([one])]
        return [Outcome(result) for result in results]

    def _all(
        self, batch: Sequence[_Piece], connection: sqlite3.Connection
    ) -> list[Any]:
        self._check()
        places: dict[_Work, list[int]] = {}
        for at, piece in enumerate(batch):
            places.setdefault(piece.work, []).append(at)
        results: dict[int, Any] = {}
        for work, some in places.items():
            items = [batch[at].item for at in some]
            results |= zip(some, work(items, connection), strict=True)
        return [results[at] for at in range(len(batch))]

    def _tell(self, piece: _Piece, outcome: Outcome[Any]) -> None:
        if isinstance(outcome.error, sqlite3.Error):
            outcome = Outcome(error=self._explain(outcome.error))
        if piece.told is not None:
            piece.told(outcome)
        if piece.future.cancelled():
            return
        if outcome.error is None:
            piece.future.set_result(outcome.result)
        else:
            piece.future.set_exception(outcome.error)
            piece.future.exception()  # whoever does not wait has chosen not to know


def _is_of_the_file(error: Exception) -> bool:
    """Whether nothing can be written, whatever it is: a full disk, a damaged file."""
    return (
        isinstance(error, RespanError | sqlite3.OperationalError)
        or type(error) is sqlite3.DatabaseError
    )
