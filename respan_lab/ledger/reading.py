"""A ledger as it lies on the disk, only read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ..errors import LedgerError
from .overview import Overview, overviews
from .recorded import Recorded, read_run
from .schema import MARK, VERSION
from .stories import Story, read_story

__all__ = ["LedgerFile"]

T = TypeVar("T")

_NAME = "ledger.db"
_PATIENCE = 30.0  # seconds to wait while another process tidies up after a kill


class LedgerFile:
    """A ledger's file, which nothing here makes or changes; runs may be at work on it.

    Args:
        path: The file, or the folder that holds it as `ledger.db`.

    Example:
        >>> from tempfile import mkdtemp
        >>> LedgerFile(mkdtemp()).exists()
        False
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given = Path(path).expanduser()
        self.path = given / _NAME if given.is_dir() else given

    def __repr__(self) -> str:
        return f"LedgerFile({str(self.path)!r})"

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.is_file()

    def runs(self) -> list[Overview]:
        """List every run, the newest first.

        Raises:
            LedgerError: The file is none of ours, or cannot be read.
        """
        with self._opened() as connection:
            return overviews(connection)

    def read(self, run_id: str | None = None) -> Recorded:
        """Read a run; None is the newest.

        Raises:
            LedgerError: There is no such run, or the file cannot be read.
        """
        with self._opened() as connection:
            return read_run(run_id, connection)

    def story(self, key: str, run_id: str) -> Story | None:
        """Tell what is known of a cell; None if it is not of that run.

        Args:
            key: The cell's whole key.
            run_id: The run it is of.

        Raises:
            LedgerError: The file cannot be read.
        """
        with self._opened() as connection:
            return read_story(key, run_id, connection)

    def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Have something read, as of one moment.

        Args:
            work: Is given the connection; its rows can be used by name.

        Raises:
            LedgerError: The file is none of ours, or cannot be read.
        """
        with self._opened() as connection:
            return work(connection)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(
                self._uri(), uri=True, timeout=_PATIENCE, isolation_level=None
            )
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        try:
            connection.row_factory = sqlite3.Row
            self._check(connection)
            connection.execute("BEGIN")  # all that is read was true at one moment
            yield connection
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        finally:
            connection.close()

    def _uri(self) -> str:
        # Even a reader wants to put a file beside it, unless it is told that nobody
        # writes: where it could not, nobody can.
        is_still = not os.access(self.path.parent, os.W_OK)
        is_still &= not self.path.with_name(f"{self.path.name}-wal").exists()
        how = "immutable=1" if is_still else "mode=ro"
        return f"{self.path.absolute().as_uri()}?{how}"

    def _check(self, connection: sqlite3.Connection) -> None:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if mark != MARK:
            raise LedgerError(
                f"{self.path} is no ledger of respan_lab: give the file that a run "
                "had as store=, or the folder that holds its ledger.db"
            )
        if version < VERSION:
            raise LedgerError(
                f"{self.path} was written by an earlier respan_lab (its format is "
                f"{version}, this one knows {VERSION}): move it away (with its -wal "
                "and -shm), or give another file as store="
            )
        if version > VERSION:
            raise LedgerError(
                f"{self.path} was written by a newer respan_lab (its format is "
                f"{version}, this one knows {VERSION}): upgrade respan_lab"
            )

    def _unreadable(self, error: sqlite3.Error) -> LedgerError:
        if "not a database" in str(error):
            return LedgerError(
                f"{self.path} is no ledger of respan_lab: give the file that a run "
                "had as store=, or the folder that holds its ledger.db"
            )
        return LedgerError(
            f"{self.path} cannot be read: {error}; if it is damaged, try "
            "`sqlite3 OLD .recover | sqlite3 NEW`"
        )
