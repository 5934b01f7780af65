"""JSON lines: a call a line, every column in every line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import ConfigError
from ..json_values import dumps, loads
from ..text import HIDDEN
from .calls import Calls
from .cells import labelled, plain, slices

__all__ = ["read_jsonl", "write_jsonl"]

# What JSON need not escape, and yet no reader should meet: hidden characters, and
# those that end a line to some programs. Joiners belong to words and emoji.
_HIDDEN = re.compile(f"(?![\u200c\u200d])(?:{HIDDEN.pattern}|[\u2028\u2029])")


def write_jsonl(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any] | None = None
) -> None:
    """Write the frame as JSON lines in UTF-8: an object for each row.

    Missing values are null, times ISO 8601 in UTC; text is to the letter, hidden
    characters as JSON's escapes. What JSON has no word for is as in `dumps`;
    infinities are the texts ``Infinity`` and ``-Infinity``. If a row's model is
    simulated or tiny, a last field ``label`` says so.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: The run's manifest, for its ``labels``; None means there is none.
    """
    frame = labelled(frame, manifest)
    names = [f"{_text(str(name))}: " for name in frame.columns]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for part in slices(frame):
            columns = [_values(part[name]) for name in part.columns]
            for row in zip(*columns, strict=True):
                file.write("{" + ", ".join(map(str.__add__, names, row)) + "}\n")


def _values(column: pd.Series) -> list[str]:
    values = plain(column)
    if column.dtype == object:
        return [_text(value) for value in values]
    written = {one: _text(one) for one in set(values)}
    return [written[one] for one in values]


def _text(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        value = "Infinity" if value > 0 else "-Infinity"
    return _HIDDEN.sub(_escape, dumps(value, ascii_only=False) or "null")


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def read_jsonl(path: Path) -> Calls:
    """Read the calls of a file of JSON lines.

    Raises:
        ConfigError: A line is no JSON object.
    """
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                rows.append(_row(line, number, path))
    names = dict.fromkeys(name for row in rows for name in row)
    return Calls({name: [row.get(name) for row in rows] for name in names}, len(rows))


def _row(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        row = loads(line)
    except ValueError as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read: line {number}: {error}"
        ) from error
    if not isinstance(row, dict):
        raise ConfigError(
            f"{str(path)!r} cannot be read: line {number} is no JSON object"
        )
    return row
