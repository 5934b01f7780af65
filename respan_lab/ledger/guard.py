"""Notices that a file which is in use was removed or cut short."""

from __future__ import annotations

from pathlib import Path

from ..errors import LedgerError

__all__ = ["Guard"]


class Guard:
    """Looks whether a SQLite file is still there, and whole as far as its size tells.

    SQLite itself would not notice for long: it goes on writing to a file that nobody
    can open any more, or beside one of which only a stump is left, and all of that is
    lost when it is closed.

    Args:
        path: The file.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "a.db"
        >>> _ = path.write_bytes(b"SQLite")
        >>> guard = Guard(path)
        >>> guard.check()
        >>> path.unlink()
        >>> guard.check()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        respan_lab.errors.LedgerError: ...a.db was removed while it was used...
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._largest = 0

    def check(self) -> None:
        """Look at the file.

        Raises:
            LedgerError: It is gone, out of reach, or smaller than it was before.
        """
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            raise self._lost("removed") from None
        except OSError as error:
            raise self._lost(f"out of reach ({error.strerror})") from error
        if size < self._largest:
            raise self._lost("cut short")
        self._largest = size

    def forget(self) -> None:
        """Hear that the file was closed: what happens to it now does no harm."""
        self._largest = 0

    def _lost(self, what: str) -> LedgerError:
        return LedgerError(
            f"{self._path} was {what} while it was used, so nothing further was sent: "
            "give a copy of it as store=, or another file and all is asked anew"
        )
