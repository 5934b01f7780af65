"""A SQLite file and its format, opened with the settings we use."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError

__all__ = ["File"]

_PATIENCE = 30.0  # seconds to wait while another process writes


class File(NamedTuple):
    """A SQLite file, which need not be there yet.

    Attributes:
        path: Where it is. Its folder is made readable by its owner alone, and ignored
            by git.
        schema: Statements that make the tables of an empty file.
        version: Of the schema. A file of a newer one is refused.
    """

    path: Path
    schema: str
    version: int = 1

    def open(self) -> sqlite3.Connection:
        """Open it, made and prepared.

        Raises:
            ConfigError: It cannot be used; says why and what to do.
        """
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
        if self._is_ready(connection):  # asked first, since it waits for no writer
            return
        connection.execute("BEGIN IMMEDIATE")  # two processes may find it empty
        if not self._is_ready(connection):
            for statement in filter(str.strip, self.schema.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {self.version}")
        connection.execute("COMMIT")

    def _is_ready(self, connection: sqlite3.Connection) -> bool:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > self.version:
            raise ConfigError(
                f"{self.path} was written by a newer respan_lab (its format is "
                f"{found}, this one knows {self.version}): upgrade respan_lab, or use "
                "another home= or RESPAN_LAB_HOME"
            )
        return found > 0

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


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError), open(folder / ".gitignore", "x") as file:
        file.write("*\n")
