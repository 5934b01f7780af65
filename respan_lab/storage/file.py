"""A SQLite file and its format, opened with the settings we use."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from ..errors import ConfigError, RespanError

__all__ = ["File", "make_folder"]

_PATIENCE = 30.0  # seconds to wait while another process writes


class File(NamedTuple):
    """A SQLite file, which need not be there yet.

    Attributes:
        path: Where it is. Its folder is made readable by its owner alone, and ignored
            by git.
        schema: Statements that make the tables of an empty file.
        version: Of the schema. A file of another one is refused.
        mark: A number that tells such a file from all other programs' files; None
            leaves it unmarked.
        synchronous: `NORMAL` survives the end of a process, however sudden; `FULL`
            that of the machine as well.
        error: What is raised if it cannot be used.
        instead: How a person names another file, for that error.
    """

    path: Path
    schema: str
    version: int = 1
    mark: int | None = None
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL"
    error: type[RespanError] = ConfigError
    instead: str = "another folder as home= or RESPAN_LAB_HOME"

    def open(self) -> sqlite3.Connection:
        """Open it, made and prepared.

        Raises:
            RespanError: It cannot be used; says why and what to do.
        """
        try:
            make_folder(self.path.parent)
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
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        if self._is_ready(connection):  # asked first, since it waits for no writer
            return
        connection.execute("BEGIN IMMEDIATE")  # two processes may find it empty
        if not self._is_ready(connection):
            for statement in filter(str.strip, self.schema.split(";")):
                connection.execute(statement)
            if self.mark is not None:
                connection.execute(f"PRAGMA application_id = {self.mark}")
            connection.execute(f"PRAGMA user_version = {self.version}")
        connection.execute("COMMIT")

    def _is_ready(self, connection: sqlite3.Connection) -> bool:
        found = _number(connection, "user_version")
        mark = _number(connection, "application_id")
        n_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        is_ours = self.mark is None or mark == self.mark
        if not is_ours and (found or mark or n_tables[0]):
            raise self.error(
                f"{self.path} is another program's file: leave it where it is, and "
                f"give {self.instead}"
            )
        if 0 < found < self.version:
            raise self.error(
                f"{self.path} was written by an earlier respan_lab (its format is "
                f"{found}, this one knows {self.version}): move it away (with its -wal "
                f"and -shm), or give {self.instead}"
            )
        if found > self.version:
            raise self.error(
                f"{self.path} was written by a newer respan_lab (its format is "
                f"{found}, this one knows {self.version}): upgrade respan_lab, or give "
                f"{self.instead}"
            )
        return found > 0

    def _unusable(self, error: Exception) -> RespanError:
        return self.error(
            f"{self.path} cannot be used: {error}; move it away if it is not "
            f"respan_lab's, or give {self.instead}"
        )


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    found: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return found


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


def make_folder(folder: Path) -> None:
    """Make a folder that is its owner's alone and ignores itself in git."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError), open(folder / ".gitignore", "x") as file:
        file.write("*\n")
