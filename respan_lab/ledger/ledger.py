"""The ledger: nothing is sent before it is written here, nothing told before."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..errors import LedgerError
from ..storage.database import Database
from ..storage.file import File
from ..storage.texts import as_json
from .calls import Answered, Begun, Busy, Intent, Settled, begin, settle
from .cells import score, skip
from .guard import Guard
from .journal import Journal, Outcome
from .owners import LEASE, Owner, expire, release, renew
from .packing import unpacked
from .plans import NewCell
from .recorded import Recorded, read_run
from .records import answer_to, kept_records
from .runs import Found, NewRun, begin_run, finish_run
from .schema import MARK, SCHEMA, VERSION

__all__ = ["Ledger"]

T = TypeVar("T")


class Ledger:
    """What was sent and what came back, in one SQLite file; used on one event loop.

    An intent is committed before its request leaves, an answer before anybody is told
    of it. So whatever kills the process, no answered call is sent again, and what was
    in flight is known: `maybe_billed`. Several processes may share a file.

    Args:
        path: The file; made with its folder if it is not there.

    Example:
        >>> from tempfile import mkdtemp
        >>> ledger = Ledger(Path(mkdtemp()) / "ledger.db")
        >>> len(asyncio.run(ledger.nonce()))
        16
        >>> asyncio.run(ledger.aclose())
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(
            File(
                path,
                SCHEMA,
                VERSION,
                mark=MARK,
                synchronous="FULL",
                error=LedgerError,
                instead="another file as store=",
            )
        )
        self._guard = Guard(path)
        self._journal = Journal(
            self._database, check=self._guard.check, explain=self._explained
        )
        self._beating: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    async def nonce(self) -> str:
        """Give what tells this ledger from all others."""
        row = await self._read(
            lambda c: c.execute("SELECT nonce FROM ledger").fetchone()
        )
        return str(row[0])

    async def begin_run(self, new: NewRun, cells: Sequence[NewCell]) -> Found:
        """Write a run down, and find what is answered already.

        From now on the run is known to be alive, until `end_run`.

        Raises:
            LedgerError: The file cannot be used; says what to do.
        """
        found = await self._put(partial(begin_run, new, cells))
        self._beating = asyncio.create_task(self._beat(new.owner))
        return found

    async def end_run(
        self, run: int, owner: Owner, *, finished_at: str, manifest: Mapping[str, Any]
    ) -> None:
        """Write down that a run is over; what it still has in flight is given up.

        Raises:
            LedgerError: The file cannot be used any more.
        """
        await self._rest()
        await self._put(partial(finish_run, run, finished_at, manifest))
        await self._put(lambda c: release(c, owner))

    async def begin_work(self, owner: Owner) -> None:
        """Let calls be made that are of no run; they are given up when it is dead.

        Args:
            owner: Who makes them, alive until `end_work`.

        Raises:
            LedgerError: The file cannot be used; says what to do.
        """
        await self._put(expire)
        await self._put(lambda c: renew(c, owner))
        self._beating = asyncio.create_task(self._beat(owner))

    async def end_work(self, owner: Owner) -> None:
        """Write down that no such calls are made any more.

        Raises:
            LedgerError: The file cannot be used any more.
        """
        await self._rest()
        await self._put(lambda c: release(c, owner))

    async def begin(
        self,
        intent: Intent,
        *,
        unheard: Callable[[Outcome[Begun | Answered | Busy]], None] | None = None,
    ) -> Begun | Answered | Busy:
        """Commit an intent, or say why it must not be sent.

        Args:
            intent: What is to be sent.
            unheard: Called with what came of it if the waiting is cancelled; None if
                nobody needs to know.

        Raises:
            LedgerError: It could not be committed: nothing may be sent.
        """
        return await self._journal.write(begin, intent, unheard=unheard)

    def settle(
        self,
        settled: Settled,
        *,
        told: Callable[[Outcome[None]], None] | None = None,
    ) -> asyncio.Future[None]:
        """Commit what a call has come to, whoever waits for it or not.

        It is committed with or before whatever is begun from now on.

        Args:
            settled: What the call has come to.
            told: Called with what came of it, whoever waits; None if nobody needs to
                know.

        Raises:
            LedgerError: It could not be committed; raised by what is returned.
        """
        return self._journal.put(settle, settled, told=told)

    def skip_soon(self, run: int, positions: Iterable[int], reason: str) -> None:
        """Write down why cells were not sent."""
        rows = [(reason, run, position) for position in positions]
        self._journal.put(skip, rows)

    def score_soon(
        self, run: int, position: int, choice: int, scores: Mapping[str, Any]
    ) -> None:
        """Write the scores of an answer down; it is there already."""
        self._journal.put(score, (run, position, choice, as_json(scores)))

    async def flush(self) -> None:
        """Wait until all that was put is committed, or has failed."""
        await self._journal.flush()

    async def look_for_the_dead(self) -> None:
        """Turn what dead runs had in flight into `maybe_billed`."""
        await self._put(expire)

    async def records(self, calls: Iterable[int]) -> dict[int, Any]:
        """Read what else was kept of answers, by call."""
        return await self._read(partial(kept_records, list(calls)))

    async def answer_to(self, key: str) -> dict[str, Any] | None:
        """Read what is kept of the newest answer to a question; None without one.

        Args:
            key: The question's; see `identity.cell_key`.
        """
        return await self._read(partial(answer_to, key))

    async def requests(self, most: int) -> list[dict[str, Any]]:
        """Read the requests that were answered, the newest first."""
        return await self._read(partial(_requests, most))

    async def manifests(self, run: int) -> list[dict[str, Any]]:
        """Read the manifests of the runs that asked what answers a run's cells."""
        return await self._read(partial(_manifests, run))

    async def read(self, run_id: str | None = None) -> Recorded:
        """Read a run; None is the newest.

        Raises:
            LedgerError: There is no such run, or the file cannot be used.
        """
        await self.flush()
        return await self._read(partial(read_run, run_id))

    async def aclose(self) -> None:
        """Finish all work and close the file; the next piece opens it again."""
        await self._rest()
        await self.flush()
        await self._database.aclose()
        self._guard.forget()

    async def _rest(self) -> None:
        beating, self._beating = self._beating, None
        if beating is not None:
            beating.cancel()
            await asyncio.wait([beating])

    async def _beat(self, owner: Owner) -> None:
        while True:
            await asyncio.sleep(LEASE / 4)
            with contextlib.suppress(LedgerError):  # whoever writes next will say it
                await self._put(lambda c: renew(c, owner))

    async def _put(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._journal.write(lambda _, c: [work(c)], None)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._database.read(work)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: sqlite3.Error) -> LedgerError:
        explained = LedgerError(_said(self.path, error))
        explained.__cause__ = error
        return explained


def _said(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return (
            f"{path}: the disk is full; what was committed is safe: make room, and "
            "run again to go on"
        )
    if isinstance(error, sqlite3.OperationalError):
        return f"{path} cannot be written or read: {text}; run again to go on"
    return (
        f"{path} is damaged: {text}; move it away (with its -wal and -shm), try "
        "`sqlite3 OLD .recover | sqlite3 NEW`, or give another file as store="
    )


def _requests(most: int, connection: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT request FROM calls WHERE state = 'ok' AND request IS NOT NULL "
        "ORDER BY id DESC LIMIT ?",
        (most,),
    )
    return [unpacked(row[0]) for row in rows]


def _manifests(run: int, connection: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT manifest FROM runs WHERE manifest IS NOT NULL AND id IN (SELECT "
        "calls.run FROM cells JOIN calls ON calls.id = cells.call WHERE cells.run = ?)",
        (run,),
    )
    return [unpacked(row[0]) for row in rows]
