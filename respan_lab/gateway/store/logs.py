"""The log: a row for each request, written behind the answers' backs."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import ConfigError
from ...storage.database import Database
from ...storage.file import File
from ...storage.many import insert, pieces
from ...transport.loop import at_exit, not_at_exit
from .log_columns import COLUMNS, METADATA, SCHEMA

__all__ = ["LogQuery", "LogStore"]

_logger = logging.getLogger(__name__)

_DELAY = 0.05  # seconds a row waits for others; a killed process loses little more
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before a failed write is repeated
_SOON = 8 * 2**20  # characters that wait are written without a further delay
_MOST = 256 * 2**20  # characters that may wait
# What is wrong with a row, rather than with the file.
_UNFIT = (
    OverflowError,
    UnicodeError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
_TEXTS = tuple(name for name, kind in COLUMNS.items() if kind == "json")
# Pairs of a row's id and its metadata, as one JSON text.
_INSERT_METADATA = """
INSERT OR IGNORE INTO metadata
SELECT logs.id, pair.key, pair.value
FROM json_each(?) AS row
JOIN logs ON logs.unique_id = json_extract(row.value, '$[0]'),
json_each(row.value, '$[1]') AS pair
"""
_INTO = "INSERT OR IGNORE INTO logs"
_NAMES = tuple(COLUMNS)
_in_order = itemgetter(*_NAMES)


class LogQuery(NamedTuple):
    """Which rows, which of their columns, in what order.

    Attributes:
        where: An SQL condition on `logs`, with `?` for each of `values`.
        values: What stands for them.
        order: SQL after `ORDER BY`.
        limit: The most rows.
        offset: Rows to skip.
        columns: Names of `COLUMNS`.
    """

    where: str = "1"
    values: Sequence[Any] = ()
    order: str = "timestamp DESC, id DESC"
    limit: int = 100
    offset: int = 0
    columns: Sequence[str] = tuple(COLUMNS)


class LogStore:
    """The gateway's log, `logs.db` in its home.

    Rows are taken at once and written together a little later. Nothing is lost on a
    normal end; a killed process loses the last tenth of a second. If the file cannot
    be used, answers are given all the same: that is logged once, rows wait in memory
    and writing them is tried again now and then; of too many the oldest are given up.

    Args:
        home: The gateway's folder; made with the first row.
        most_rows: How many may wait; 256 MiB of text is the most in any case.

    Example:
        >>> from tempfile import mkdtemp
        >>> store = LogStore(Path(mkdtemp()))
        >>> asyncio.run(store.list(LogQuery()))
        []
        >>> asyncio.run(store.aclose())
    """

    def __init__(self, home: Path, *, most_rows: int = 100_000) -> None:
        self._database = Database(File(home / "logs.db", SCHEMA))
        # By id, so that a row that is written twice over is taken off once.
        self._waiting: dict[str, tuple[dict[str, Any], int]] = {}
        self._most_rows = most_rows
        self._size = 0
        self._n_lost = 0
        self._pause = 0.0
        self._due_on: asyncio.AbstractEventLoop | None = None
        self._is_urgent = False
        self._task: asyncio.Task[bool] | None = None
        self._closer = _Closer(self)
        weakref.finalize(self, not_at_exit, self._closer).atexit = False

    def open(self) -> None:
        """Have the rows written before the interpreter ends; may be called often.

        To be called before work begins whose end puts a row: while the interpreter
        ends it is too late.
        """
        with suppress(RuntimeError):  # it is too late
            at_exit(self._closer)

    def put(self, row: dict[str, Any]) -> None:
        """Take a row, to be written soon; never waits, never raises.

        Args:
            row: A value for each of `COLUMNS`, JSON ones as texts; and its metadata as
                a dict of texts under `METADATA`.
        """
        size = sum([len(row[name]) for name in _TEXTS if row[name]])
        self._take_off(row["unique_id"])  # the new one takes its place
        self._waiting[row["unique_id"]] = row, size
        self._size += size
        self._closer.unwritten = self
        while self._waiting and self._has_too_many:
            self._give_up(next(iter(self._waiting)))
        loop = asyncio.get_running_loop()
        if self._due_on is not loop:
            self._due_on = loop
            self.open()
            loop.call_later(self._pause or _DELAY, self._start)
        elif self._size > _SOON and not self._is_urgent and not self._pause:
            self._is_urgent = True
            self._start()

    async def list(self, query: LogQuery) -> list[dict[str, Any]]:
        """Read rows, those that still wait included.

        Returns:
            A dict of the columns asked for per row; JSON is text, booleans are 0 or 1.

        Raises:
            ConfigError: The file cannot be used.
            sqlite3.Error: It was there, and failed.
        """
        await self.flush()
        return await self._database.read(partial(_select, query))

    async def get(self, unique_id: str) -> dict[str, Any] | None:
        """Read one row; None if there is none of that id. Raises as `list`."""
        query = LogQuery("unique_id = ?", [unique_id], limit=1)
        return next(iter(await self.list(query)), None)

    async def flush(self) -> None:
        """Write all rows that wait; if that fails they go on waiting."""
        while self._waiting and await self._write():
            pass

    async def aclose(self) -> None:
        """Write all rows and close the file; the next row opens it again."""
        await self.flush()
        await self._database.aclose()

    @property
    def _has_too_many(self) -> bool:
        return self._size > _MOST or len(self._waiting) > self._most_rows

    def _start(self) -> None:
        self._due_on = None
        self._is_urgent = False
        if self._waiting:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> bool:
        batch = list(self._waiting.values())
        if not batch:  # somebody was quicker
            return True
        try:
            await self._database.write(partial(_insert, [row for row, _ in batch]))
        except (ConfigError, sqlite3.Error, OSError) as error:
            self._failed(error)
            return False
        for row, _ in batch:
            self._take_off(row["unique_id"])
        self._pause = 0.0
        return True

    def _failed(self, error: Exception) -> None:
        if not self._pause:
            _logger.warning(
                "the gateway answers, but its log cannot be written: %s; rows wait in "
                "memory, and are written once that is possible",
                error,
            )
        self._pause = min(max(_FIRST_PAUSE, 2 * self._pause), _LONGEST_PAUSE)
        loop = asyncio.get_running_loop()
        if self._due_on is not loop:
            self._due_on = loop
            loop.call_later(self._pause, self._start)

    def _take_off(self, unique_id: str) -> None:
        _, size = self._waiting.pop(unique_id, (None, 0))
        self._size -= size
        if not self._waiting:
            self._closer.unwritten = None

    def _give_up(self, unique_id: str) -> None:
        self._take_off(unique_id)
        self._n_lost += 1
        if self._n_lost == 1:
            _logger.warning(
                "the gateway's log cannot be written fast enough: the oldest rows that "
                "wait are given up"
            )


class _Closer:
    """Closes a store before the interpreter ends; it alone may go earlier.

    Attributes:
        unwritten: The store while it has rows that wait, so that it does not.
    """

    def __init__(self, store: LogStore) -> None:
        self._store = weakref.ref(store)
        self.unwritten: LogStore | None = None

    async def __call__(self) -> None:
        store = self._store()
        if store is not None:
            await store.aclose()


def _insert(rows: Sequence[dict[str, Any]], connection: sqlite3.Connection) -> None:
    """Write rows, many in one statement."""
    for some in pieces([*map(_in_order, rows)]):
        try:
            insert(connection, _INTO, _NAMES, some)
        except _UNFIT:
            _insert_each(some, connection)
    metadata = [[row["unique_id"], row[METADATA]] for row in rows if row[METADATA]]
    if metadata:
        connection.execute(_INSERT_METADATA, [json.dumps(metadata)])


def _insert_each(rows: Iterable[Sequence[Any]], connection: sqlite3.Connection) -> None:
    for row in rows:
        try:
            insert(connection, _INTO, _NAMES, [row])
        except _UNFIT as error:  # it must not keep the others from being written
            unique_id = row[0]  # the first of `COLUMNS`, which every row has
            _logger.error("log row %s cannot be kept: %s", unique_id, error)


def _select(query: LogQuery, connection: sqlite3.Connection) -> list[dict[str, Any]]:
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    # The rows are found first and read then: sorting them whole would take their texts
    # along.
    found = connection.execute(
        f"SELECT {', '.join(query.columns)} FROM logs WHERE id IN "
        f"(SELECT id FROM logs WHERE {query.where} ORDER BY {query.order} "
        f"LIMIT ? OFFSET ?) ORDER BY {query.order}",
        [*query.values, query.limit, query.offset],
    )
    return [dict(row) for row in found]


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()
