"""CSV that a spreadsheet can open: text stays text, and can be read again.

Text is quoted and numbers are not, so that both come back as what they were; a
missing cell is empty without quotes, an empty text has them (the convention of
PostgreSQL's COPY, and QUOTE_NOTNULL of Python 3.12).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import ConfigError
from .calls import Calls
from .cells import labelled, sheet_cells, sheet_value, slices
from .inert import neutralize, restore

__all__ = ["read_csv", "write_csv"]

_QUOTE, _COMMA, _LINE_END = b'",\n'


class _Nothing:
    """A missing cell: a number to `csv`, and so not quoted, that is written as ''."""

    def __float__(self) -> float:
        return float("nan")

    def __str__(self) -> str:
        return ""


_NOTHING = _Nothing()


def write_csv(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any] | None = None
) -> None:
    """Write the frame as CSV: UTF-8, one line of names, missing cells empty.

    Numbers are written in full. Text is neutralised (see `neutralize`), lists and
    mappings are JSON. If a row's model is simulated or tiny, a last column ``label``
    says so.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: The run's manifest, for its ``labels``; None means there is none.
    """
    frame = labelled(frame, manifest)
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [neutralize(str(name)) for name in frame.columns]
        # Python does not quote a lone \r, and readers take it for the line's end.
        has_return = "\r" in "".join(names)
        head = csv.writer(
            file,
            quoting=csv.QUOTE_ALL if has_return else csv.QUOTE_MINIMAL,
            lineterminator="\n",
        )
        head.writerow(names)
        quoting = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        for part in slices(frame):
            columns = [_cells(part[name]) for name in part.columns]
            quoting.writerows(zip(*columns, strict=True))


def _cells(column: pd.Series) -> list[Any]:
    return [_NOTHING if one is None else one for one in sheet_cells(column)]


def read_csv(path: Path) -> Calls:
    """Read the calls of a CSV file, one of ours or one that was saved again.

    Raises:
        ConfigError: It cannot be read.
    """
    from pyarrow import ArrowException
    from pyarrow import csv as arrow_csv

    content = path.read_bytes()
    try:
        table = arrow_csv.read_csv(
            path,
            # A row may be of any length, but has to lie in one block.
            read_options=arrow_csv.ReadOptions(block_size=len(content) + 1),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(_names(path), "string"),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except (ArrowException, UnicodeDecodeError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error}") from error
    is_text = _quoted(content, len(table) + 1, table.num_columns)
    names = [restore(name) for name in table.column_names]
    columns = [one.to_pylist() for one in table.columns]
    return Calls(
        {
            name: _values(name, cells, is_text[1:, at].tolist())
            for at, (name, cells) in enumerate(zip(names, columns, strict=True))
        },
        len(table),
    )


def _names(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _quoted(content: bytes, n_rows: int, n_columns: int) -> np.ndarray:
    """Tell for each cell whether it is quoted, which no reader of CSV does.

    A quote within quotes is doubled, so that a comma or line end lies outside of them
    if an even number of quotes is before it.
    """
    if not content.endswith(b"\n"):
        content += b"\n"
    signs = np.frombuffer(content, dtype=np.uint8)
    is_inside = np.logical_xor.accumulate(signs == _QUOTE)
    ends = np.flatnonzero(((signs == _COMMA) | (signs == _LINE_END)) & ~is_inside)
    if len(ends) != n_rows * n_columns:  # blank lines: not as we wrote it
        return np.zeros((n_rows, n_columns), dtype=bool)
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_quoted: np.ndarray = signs[starts] == _QUOTE
    return is_quoted.reshape(n_rows, n_columns)


def _values(name: str, cells: list[str | None], is_text: list[bool]) -> list[Any]:
    """Give the values of a column, each kind of cell read once."""
    kinds = set(zip(cells, is_text, strict=True))
    known: dict[tuple[str | None, bool], Any] = {
        (cell, sure): sheet_value(name, cell, is_text=sure)
        for cell, sure in kinds
        if cell is not None
    }
    return [known.get(kind) for kind in zip(cells, is_text, strict=True)]
