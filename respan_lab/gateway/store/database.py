"""One SQLite file, used from a thread of its own."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

from ...errors import ConfigError

__all__ = ["Database"]

T = TypeVar("T")
_Job: TypeAlias = "tuple[Future[Any], Callable[[sqlite3.Connection], Any]] | None"

_PATIENCE = 30.0  # seconds to wait while another process writes


class Database:
    """A SQLite file that any task may use, one piece of work at a time.

    The file, its folder and its thread come with the first piece of work. The thread
    is a daemon of ours, not an executor's: those take no work any more once the
    interpreter begins to exit, which is when the last rows are written. A child
    process opens the file anew.

    Args:
        path: The file. Its folder is made readable by its owner alone, and ignored by
            git.
        schema: Statements that make the tables of an empty file.
        version: Of the schema. A file of a newer one is refused.

    Example:
        >>> from tempfile import mkdtemp
        >>> database = Database(Path(mkdtemp()) / "a.db", "CREATE TABLE t (x)")
        >>> query = "SELECT count(*) FROM t"
        >>> asyncio.run(database.read(lambda c: c.execute(query).fetchone()[0]))
        0
        >>> asyncio.run(database.aclose())
    """

    def __init__(self, path: Path, schema: str, *, version: int = 1) -> None:
        self.path = path
        self._schema = schema
        self._version = version
        self._jobs: SimpleQueue[_Job] | None = None
        self._thread: threading.Thread | None = None
        self._process = 0
        self._lock = threading.Lock()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that changes nothing.

        Args:
            work: Is given the connection, on the file's thread; its rows can be used
                by name.

        Returns:
            What `work` returns.

        Raises:
            ConfigError: The file cannot be used; says why and what to do.
            Exception: Whatever `work` raises.
        """
        return await asyncio.wrap_future(self._submit(work))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something as one transaction: all of it, or, if it raises, nothing.

        Other processes wait meanwhile. Args, result and errors are as for `read`.
        """
        return await asyncio.wrap_future(self._submit(partial(_transact, work)))

    async def aclose(self) -> None:
        """Finish all work and close the file; the next piece of work opens it again."""
        with self._lock:
            jobs, thread = self._jobs, self._thread
            is_ours = self._process == os.getpid()
            self._jobs = self._thread = None
        if jobs is None or thread is None or not is_ours:
            return
        ended: Future[None] = Future()
        jobs.put((ended, _nothing))
        jobs.put(None)
        await asyncio.wrap_future(ended)

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if self._jobs is None or self._process != os.getpid():
                self._start()
            assert self._jobs is not None  # it was started
            self._jobs.put((future, work))
        return future

    def _start(self) -> None:
        self._process = os.getpid()
        self._jobs = SimpleQueue()
        self._thread = threading.Thread(
            target=self._serve,
            args=(self._jobs,),
            name=f"respan-lab-{self.path.stem}",
            daemon=True,
        )
        self._thread.start()

    def _serve(self, jobs: SimpleQueue[_Job]) -> None:
        connection: sqlite3.Connection | None = None
        while (job := jobs.get()) is not None:
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if work is not _nothing:
                    connection = connection or self._open()
                    future.set_result(work(connection))
                else:
                    if connection is not None:
                        connection.close()
                        connection = None
                    future.set_result(None)
            except BaseException as error:
                future.set_exception(error)

    def _open(self) -> sqlite3.Connection:
        try:
            _make_folder(self.path.parent)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self.path, timeout=_PATIENCE, isolation_level=None
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._prepare(connection)
        except sqlite3.Error as error:
            connection.close()
            raise self._unusable(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")  # two processes may find it empty
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > self._version:
            connection.execute("ROLLBACK")
            raise ConfigError(
                f"{self.path} was written by a newer respan_lab (its format is "
                f"{found}, this one knows {self._version}): upgrade respan_lab, or use "
                "another home= or RESPAN_LAB_HOME"
            )
        if found == 0:
            for statement in filter(str.strip, self._schema.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {self._version}")
        connection.execute("COMMIT")

    def _unusable(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"{self.path} cannot be used: {error}; move it away if it is not "
            "respan_lab's, or give another folder as home= or RESPAN_LAB_HOME"
        )


def _use_wal(connection: sqlite3.Connection) -> None:
    """Have readers and a writer not wait for each other.

    Where two connections do this to a new file at once, SQLite fails one of them at
    once instead of letting it wait its turn.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


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


def _nothing(connection: sqlite3.Connection) -> None:
    """Stands for the last piece of work, after which the file is closed."""


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError), open(folder / ".gitignore", "x") as file:
        file.write("*\n")
