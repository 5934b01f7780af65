"""One SQLite file, used from threads of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from .file import File
from .worker import Worker

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """A SQLite file that any task may use.

    One piece of work after the other is read, and one after the other written; no
    reading waits for a writing, of this process or of another, and it sees what was
    written whole before it began. The file, its folder and its threads come with the
    first piece of work; they are closed with the object, if not before. A child process
    opens the file anew.

    Args:
        file: What it opens.

    Example:
        >>> from tempfile import mkdtemp
        >>> from pathlib import Path
        >>> database = Database(File(Path(mkdtemp()) / "a.db", "CREATE TABLE t (x)"))
        >>> query = "SELECT count(*) FROM t"
        >>> asyncio.run(database.read(lambda c: c.execute(query).fetchone()[0]))
        0
        >>> asyncio.run(database.aclose())
    """

    def __init__(self, file: File) -> None:
        self._reader = Worker(file, f"respan-lab-{file.path.stem}-reader")
        self._writer = Worker(file, f"respan-lab-{file.path.stem}")

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that changes nothing.

        Args:
            work: Is given the connection, on the readers' thread; its rows can be used
                by name.

        Returns:
            What `work` returns.

        Raises:
            RespanError: The file cannot be used; says why and what to do.
            Exception: Whatever `work` raises.
        """
        return await asyncio.wrap_future(self._reader.submit(work))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something as one transaction: all of it, or, if it raises, nothing.

        Other processes wait meanwhile. Args, result and errors are as for `read`.
        """
        return await asyncio.wrap_future(self._writer.submit(partial(_transact, work)))

    async def aclose(self) -> None:
        """Finish all work and close the file; the next piece of work opens it again."""
        await self._reader.aclose()
        await self._writer.aclose()


def _transact(
    work: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection
) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise
    return result
