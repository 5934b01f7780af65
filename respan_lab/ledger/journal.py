"""Many small writings, committed together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from ..storage.database import Database

__all__ = ["Journal"]

T = TypeVar("T")
_Work = Callable[[sqlite3.Connection], Any]


class _Outcome(NamedTuple):
    result: Any = None
    error: Exception | None = None


class Journal:
    """Takes pieces of work, and commits all that have come while it was writing.

    A commit that waits for the disk costs the same for one piece as for hundreds.

    Args:
        database: What is written to.
        check: Called on the database's thread before each commit; what it raises
            fails all that would have been committed.
    """

    def __init__(self, database: Database, *, check: Callable[[], None]) -> None:
        self._database = database
        self._check = check
        self._waiting: list[tuple[_Work, asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    def put(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Have something done, whoever waits for it or not.

        Args:
            work: Is given the connection. What it raises fails it alone, unless the
                file itself has failed.

        Returns:
            Its result, once it is committed.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
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
            works = [work for work, _ in batch]
            try:
                outcomes = await self._database.write(partial(self._all, works))
            except Exception as error:
                outcomes = [_Outcome(error=error)] * len(batch)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                _tell(future, outcome)
        self._writing = None

    def _all(
        self, works: Sequence[_Work], connection: sqlite3.Connection
    ) -> list[_Outcome]:
        self._check()
        return _all(works, connection)


def _all(works: Sequence[_Work], connection: sqlite3.Connection) -> list[_Outcome]:
    outcomes = []
    for work in works:
        try:
            outcomes.append(_Outcome(work(connection)))
        except Exception as error:
            if not connection.in_transaction:  # a full disk has rolled all of it back
                raise
            outcomes.append(_Outcome(error=error))
    return outcomes


def _tell(future: asyncio.Future[Any], outcome: _Outcome) -> None:
    if future.done():  # nobody waits any more
        return
    if outcome.error is None:
        future.set_result(outcome.result)
    else:
        future.set_exception(outcome.error)
        future.exception()  # whoever does not wait has chosen not to know
