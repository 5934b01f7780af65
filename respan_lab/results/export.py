"""A run written to a file, its format told by the file's name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .headline import run_label
from .parquet import write_parquet
from .report import write_report
from .spreadsheet import write_csv

__all__ = ["FORMATS", "export"]

FORMATS = (".csv", ".parquet", ".html")


def export(
    frame: pd.DataFrame, path: str | os.PathLike[str], *, manifest: Mapping[str, Any]
) -> Path:
    """Write a run to ``.csv``, ``.parquet`` or ``.html``; folders are made as needed.

    The file appears whole or not at all.

    Returns:
        The path of the file.

    Raises:
        ConfigError: If the name ends in something else.
    """
    target = Path(path).expanduser()
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(
            f"cannot export to {str(path)!r}; the name ends in one of "
            f"{', '.join(FORMATS)}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as draft:
        if suffix == ".csv":
            write_csv(frame, draft, manifest=manifest)
        elif suffix == ".html":
            write_report(frame, draft, manifest=manifest)
        else:
            label = run_label(frame, manifest)
            write_parquet(frame, draft, manifest=manifest, label=label)
    return target


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        draft = Path(folder) / target.name
        yield draft
        draft.replace(target)
