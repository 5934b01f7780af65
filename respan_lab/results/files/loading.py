"""A run read from a file, the format told by the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from .calls import Calls, Saved, calls_frame
from .csv import read_csv
from .jsonl import read_jsonl
from .parquet import read_parquet
from .xlsx import read_xlsx

__all__ = ["LOADED", "read_file"]


def read_file(path: Path, run: str | None = None) -> Saved:
    """Read a run again that was exported to one of ``LOADED``.

    Args:
        path: The file.
        run: The run's id, to make sure of it; None is any.

    Raises:
        ConfigError: The file is missing, cannot be read, or holds another run.
    """
    if not path.exists():
        raise ConfigError(
            f"{str(path)!r} does not exist; give a file that r.export wrote "
            f"({', '.join(LOADED)})"
        )
    saved = _READERS[path.suffix.lower()](path)
    found = saved.manifest.get("run_id")
    if run is not None and run != found:
        raise ConfigError(
            f"{str(path)!r} holds the run {found!r}, not {run!r}; leave run= out"
        )
    return saved


def _calls_alone(read: Callable[[Path], Calls]) -> Callable[[Path], Saved]:
    """Read a format that has no manifest; the run's id is in the calls."""

    def saved(path: Path) -> Saved:
        frame = calls_frame(read(path), path)
        run_ids = frame["run_id"].dropna().unique()
        manifest: dict[str, Any] = {"run_id": run_ids[0]} if len(run_ids) == 1 else {}
        return Saved(frame, manifest)

    return saved


_READERS: dict[str, Callable[[Path], Saved]] = {
    ".parquet": read_parquet,
    ".csv": _calls_alone(read_csv),
    ".jsonl": _calls_alone(read_jsonl),
    ".xlsx": read_xlsx,
}
LOADED = tuple(_READERS)
