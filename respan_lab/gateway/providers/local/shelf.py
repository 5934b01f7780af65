"""The folder in the user's cache where models stand, each in a folder of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import Weights

__all__ = ["Shelf", "cache_folder", "sha256_of"]

_RECORD = "about.json"
_PART = ".part-"


def cache_folder() -> Path:
    """Give the user's cache folder of this package.

    It is `$RESPAN_LAB_CACHE`, else `respan-lab` in the platform's cache folder. The
    folder need not exist.
    """
    given = os.environ.get("RESPAN_LAB_CACHE")
    return Path(given).expanduser() if given else _platform_cache() / "respan-lab"


def _platform_cache() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    given = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG rules say that a relative path there is to be ignored.
    return Path(given) if os.path.isabs(given) else Path.home() / ".cache"


def sha256_of(path: Path) -> str:
    """Hash a file.

    Args:
        path: The file.

    Returns:
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Shelf:
    """The models in the cache. A model is there as a whole or not at all.

    Args:
        folder: Where; None for `models` in the user's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "models"

    def get(self, weights: Weights) -> Path | None:
        """Give a model's file; None if it is not there or not as it was put there."""
        path = self.folder / weights.name / weights.filename
        record = self.record(weights)
        try:
            is_whole = path.stat().st_size == record["size"]
        except (OSError, KeyError):
            return None
        return path if is_whole else None

    def record(self, weights: Weights) -> dict[str, Any]:
        """Give what was noted when a model was put there; empty if it is not there."""
        try:
            text = (self.folder / weights.name / _RECORD).read_text("utf-8")
            record = json.loads(text)
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """Lend an empty folder on the same disk; it is gone afterwards, come what may.

        What a killed process left behind is removed first, so hold the lock.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.folder.glob(f"{_PART}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_PART, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, weights: Weights, folder: Path, record: dict[str, Any]) -> Path:
        """Move a finished folder to a model's place, in one step.

        Args:
            weights: The model.
            folder: Holds its file, and whatever belongs to it; from `workplace`.
            record: What to note about it; `size` and `sha256` at least.
        """
        text = json.dumps(record, indent=2, sort_keys=True)
        (folder / _RECORD).write_text(text + "\n", "utf-8")
        place = self.folder / weights.name
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
        return place / weights.filename
