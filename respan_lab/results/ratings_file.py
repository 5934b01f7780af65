"""The file that people's votes are kept in: a line each, only ever added to."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..storage.file import make_folder
from ..storage.home import default_home

__all__ = ["Lines", "RatingsFile", "default_path"]

_VERSION = 1
_VERDICTS = frozenset({"first", "second", "tie", "same", "skip", "undo"})
_TEXTS = ("rater", "pair", "first", "verdict")
_NO_NAME = re.compile(r"[^\w.-]+")


class Lines(NamedTuple):
    """What is in a file of votes.

    Attributes:
        entries: Its lines, the oldest first: ``rater``, ``pair``, ``first`` and
            ``verdict`` are texts.
        unreadable: How many lines are none; one that was cut off by a crash is one.
    """

    entries: list[dict[str, Any]]
    unreadable: int


class RatingsFile:
    """A file of votes, one JSON object in each line.

    Several raters, and several processes, may write to one file. A line is on the disk
    when `append` returns.

    Args:
        path: Where it is; it need not be there yet.
        home: A folder above it that is to be made as the ledger's is: its owner's
            alone, ignored by git. None makes plain folders.
    """

    def __init__(self, path: Path, home: Path | None = None) -> None:
        self.path, self._home = path, home

    def read(self) -> Lines:
        """Read what was written so far; nothing without a file.

        Raises:
            ConfigError: It cannot be read.
        """
        try:
            text = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be read: {error}; give another path="
            ) from error
        found = [_entry(line) for line in text.split(b"\n") if line.strip()]
        entries = [one for one in found if one is not None]
        return Lines(entries, len(found) - len(entries))

    def append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Add lines; on an error none of them is there.

        Args:
            entries: Plain values by name.

        Raises:
            ConfigError: They could not be written.
        """
        lines = [json.dumps({"v": _VERSION, **one}, default=str) for one in entries]
        try:
            self._write("".join(f"{one}\n" for one in lines).encode())
        except OSError as error:
            raise ConfigError(
                f"not counted: {self.path} cannot be written ({error}); give another "
                "path= or make room"
            ) from error

    def _write(self, text: bytes) -> None:
        if self._home is not None:
            make_folder(self._home)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        file = os.open(self.path, flags, 0o600)
        try:
            before = os.fstat(file).st_size
            if before and os.pread(file, 1, before - 1) != b"\n":
                text = b"\n" + text  # what a crash has cut off stays by itself
            _write_all(file, text, before)
        finally:
            os.close(file)


def _write_all(file: int, text: bytes, before: int) -> None:
    """Write at once and to the disk; what was written in part is taken out again."""
    written = 0
    try:
        written = os.write(file, text)
        if written < len(text):
            raise OSError("only a part could be written")
        os.fsync(file)
    except OSError:
        if os.fstat(file).st_size == before + written:  # nobody has added to it
            os.ftruncate(file, before)
        raise


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    is_ours = (
        isinstance(found, dict)
        and found.get("v") == _VERSION
        and all(isinstance(found.get(name), str) for name in _TEXTS)
        and found["verdict"] in _VERDICTS
    )
    return found if is_ours else None


def default_path(manifest: Mapping[str, Any]) -> RatingsFile:
    """Give the file of a run's votes: ``<home>/ratings/<the run's name>.jsonl``.

    Args:
        manifest: Of the run; without a name it is ``ratings.jsonl``.

    Example:
        >>> default_path({"name": "Support, week 3"}).path.name
        'Support-week-3.jsonl'
    """
    given = manifest.get("name")
    name = _NO_NAME.sub("-", given).strip(".-") if isinstance(given, str) else ""
    home = default_home()
    return RatingsFile(home / "ratings" / f"{name or 'ratings'}.jsonl", home)
