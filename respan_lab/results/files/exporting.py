"""A run written to a file, its format told by the file's name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import ConfigError
from .csv import write_csv
from .jsonl import write_jsonl
from .latex import write_latex
from .markdown import write_markdown
from .parquet import write_parquet
from .report import write_report
from .xlsx import write_xlsx

__all__ = ["FORMATS", "export"]


def export(
    frame: pd.DataFrame, path: str | os.PathLike[str], *, manifest: Mapping[str, Any]
) -> Path:
    """Write a run to one of ``FORMATS``; folders are made as needed.

    The file appears whole or not at all.

    Returns:
        The path of the file.

    Raises:
        ConfigError: If the name ends in something else, or the run is too large for
            the format.
    """
    target = Path(path).expanduser()
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise ConfigError(
            f"cannot export to {str(path)!r}; the name ends in one of "
            f"{', '.join(FORMATS)}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as draft:
        write(frame, draft, manifest=manifest)
    return target


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        draft = Path(folder) / target.name
        yield draft
        draft.replace(target)


_WRITERS: dict[str, Callable[..., None]] = {
    ".csv": write_csv,
    ".parquet": write_parquet,
    ".xlsx": write_xlsx,
    ".html": write_report,
    ".tex": write_latex,
    ".md": write_markdown,
    ".jsonl": write_jsonl,
}
FORMATS = tuple(_WRITERS)
