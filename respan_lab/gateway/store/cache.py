"""Whole answers on disk, each under the key of the request it answers."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ...errors import ConfigError
from ...storage.database import Database
from ...storage.file import File
from ...wire.decoding import decoded

__all__ = ["CacheStore", "Entry"]

_SCHEMA = """
CREATE TABLE entries (
    key TEXT PRIMARY KEY,
    completion TEXT NOT NULL,
    messages TEXT NOT NULL,
    model TEXT,
    provider TEXT NOT NULL,
    candidate TEXT NOT NULL,
    cost REAL,
    latency REAL,
    created REAL NOT NULL,
    expires REAL NOT NULL,
    hit_count INTEGER NOT NULL,
    last_hit REAL,
    size INTEGER NOT NULL
);
CREATE INDEX by_age ON entries (created, size);
CREATE INDEX by_end ON entries (expires);
"""

# The newest that fit stay.
_DROP_OLDEST = """
DELETE FROM entries WHERE rowid IN (
    SELECT rowid FROM (
        SELECT
            rowid,
            row_number() OVER newest AS place,
            sum(size) OVER newest AS total
        FROM entries
        WINDOW newest AS (
            ORDER BY created DESC, rowid DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
    )
    WHERE place > ? OR total > ?
)
"""

_DELAY = 0.5  # seconds that hits wait to be written
_SHARE = 16  # a sweep comes after this part of the room was filled


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer that is kept.

    Attributes:
        key: What it is found by.
        completion: The answer, as a `chat.completion` object.
        messages: What was asked, for a listing; None if the caller wanted no record.
        model: The name the answer carries; None if it has none.
        provider: Who gave it.
        candidate: The model as the request named it.
        cost: US dollars it took; None if unknown. A hit costs nothing.
        latency: Seconds it took; None if unknown.
        created: When it was kept, seconds since 1970.
        expires: When it is given no more.
        hit_count: How often it was given since.
        last_hit: When it was last given; None for never.
    """

    key: str
    completion: dict[str, Any]
    messages: list[Any] | None
    model: str | None
    provider: str
    candidate: str
    cost: float | None
    latency: float | None
    created: float
    expires: float
    hit_count: int = 0
    last_hit: float | None = None


class _Hits(NamedTuple):
    """Hits that are not written yet."""

    number: int
    last: float


_NO_HITS = _Hits(0, 0.0)
_Sought: TypeAlias = "tuple[str, asyncio.Future[sqlite3.Row | None]]"


class CacheStore:
    """Answers in a file, until they expire or newer ones need their room.

    Args:
        home: The gateway's folder.
        name: The file's, in it.
        clock: Gives the seconds since 1970.
        max_entries: How many answers are kept, give or take a sixteenth.
        max_size: Bytes of all answers and their messages together, likewise. One that
            would take a sixteenth of them by itself is not kept.

    Raises:
        ConfigError: From every method, if the file cannot be used. `sqlite3.Error`
            likewise, if it turns out to be damaged.
    """

    def __init__(
        self,
        home: Path,
        *,
        name: str = "cache.db",
        clock: Callable[[], float] = time.time,
        max_entries: int = 100_000,
        max_size: int = 2**30,
    ) -> None:
        self.clock = clock
        self._database = Database(File(home / name, _SCHEMA))
        self._max_entries = max_entries
        self._max_size = max_size
        self._sought: list[_Sought] = []
        self._reading: set[asyncio.Task[None]] = set()
        self._hits: dict[str, _Hits] = {}
        self._counting: asyncio.Task[None] | None = None
        self._putting: dict[str, asyncio.Future[None]] = {}
        self._n_puts = 0
        self._filled = 1.0  # since the last sweep; there was none yet

    async def get(self, key: str) -> Entry | None:
        """Find an answer, and count the hit.

        Returns:
            The entry, this hit counted; None if there is none, or it has expired.
        """
        now = self.clock()
        if key in self._putting:
            await asyncio.wait([self._putting[key]])
        row, n_puts = None, -1
        while row is None and n_puts != self._n_puts:  # it may be put meanwhile
            n_puts = self._n_puts
            row = await self._find(key)
        if row is None:
            return None
        entry = _entry(row, self._hits.get(key, _NO_HITS).number + 1, now)
        self._count(key, now)
        return entry

    async def put(self, entry: Entry) -> None:
        """Keep an answer in place of any other under its key."""
        completion = json.dumps(entry.completion)
        messages = json.dumps(entry.messages)
        size = len(completion) + len(messages)
        if size * _SHARE > self._max_size:
            return
        row = (
            *(entry.key, completion, messages, entry.model, entry.provider),
            *(entry.candidate, entry.cost, entry.latency, entry.created),
            *(entry.expires, entry.hit_count, entry.last_hit, size),
        )
        self._filled += size / self._max_size + 1 / self._max_entries
        is_due = self._filled * _SHARE >= 1

        self._hits.pop(entry.key, None)  # they were another answer's

        def keep(connection: sqlite3.Connection) -> None:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT OR REPLACE INTO entries VALUES ({marks})", row)
            if is_due:
                self._sweep(connection)

        done = self._putting[entry.key] = asyncio.get_running_loop().create_future()
        try:
            await self._database.write(keep)
        finally:
            self._n_puts += 1
            self._putting.pop(entry.key, None)
            done.set_result(None)
        if is_due:
            self._filled = 0.0

    async def aclose(self) -> None:
        """Finish what was begun and close the file; it can still be used."""
        await self._write_hits()
        await self._database.aclose()

    def _find(self, key: str) -> asyncio.Future[sqlite3.Row | None]:
        """Look into the file, once for all who ask in the same moment.

        To go to another thread and back takes several times what reading does.
        """
        loop = asyncio.get_running_loop()
        if not self._sought:
            loop.call_soon(self._begin_reading)
        found: asyncio.Future[sqlite3.Row | None] = loop.create_future()
        self._sought.append((key, found))
        return found

    def _begin_reading(self) -> None:
        sought, self._sought = self._sought, []
        reading = asyncio.create_task(self._read(sought))
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read(self, sought: list[_Sought]) -> None:
        keys = json.dumps([key for key, _ in sought])
        try:
            rows = await self._database.read(partial(_rows, keys, self.clock()))
        except Exception as error:
            for _, found in sought:
                if not found.done():  # else nobody waits for it any more
                    found.set_exception(error)
            return
        for key, found in sought:
            if not found.done():
                found.set_result(rows.get(key))

    def _count(self, key: str, now: float) -> None:
        # Written a little later, for many at once: a hit is to cost less than a call.
        self._hits[key] = _Hits(self._hits.get(key, _NO_HITS).number + 1, now)
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(_DELAY)
        with suppress(ConfigError, sqlite3.Error):  # a count is worth no error
            await self._write_hits()

    async def _write_hits(self) -> None:
        hits, self._hits = self._hits, {}
        if not hits:
            return
        rows = [(each.number, each.last, key) for key, each in hits.items()]
        await self._database.write(
            lambda connection: connection.executemany(
                "UPDATE entries SET hit_count = hit_count + ?, last_hit = ? "
                "WHERE key = ?",
                rows,
            )
        )

    def _sweep(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM entries WHERE expires <= ?", (self.clock(),))
        connection.execute(_DROP_OLDEST, (self._max_entries, self._max_size))


def _rows(
    keys: str, now: float, connection: sqlite3.Connection
) -> dict[str, sqlite3.Row]:
    """What is kept under some keys, which are given as JSON."""
    found = connection.execute(
        "SELECT * FROM entries WHERE expires > ? "
        "AND key IN (SELECT value FROM json_each(?))",
        (now, keys),
    )
    return {row["key"]: row for row in found}


def _entry(row: sqlite3.Row, n_hits: int, now: float) -> Entry:
    return Entry(
        key=row["key"],
        completion=decoded(row["completion"]),
        messages=decoded(row["messages"]),
        model=row["model"],
        provider=row["provider"],
        candidate=row["candidate"],
        cost=row["cost"],
        latency=row["latency"],
        created=row["created"],
        expires=row["expires"],
        hit_count=row["hit_count"] + n_hits,
        last_hit=now,
    )
