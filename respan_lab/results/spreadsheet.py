"""CSV that a spreadsheet can open: text stays text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .json_values import dumps
from .labels import row_labels
from .text import visible

__all__ = ["neutralize", "restore", "write_csv"]

# What a spreadsheet may evaluate, blanks and quotes before it included; the wide
# forms of the signs count as the plain ones in some of them.
_FORMULA = re.compile("['\\s\u200b\ufeff]*[=+\\-@＝＋－＠]|'*[\t\r\n]")


def neutralize(text: str) -> str:
    """Make text inert in a spreadsheet, which would run ``=HYPERLINK(...)``.

    Text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end gets an
    apostrophe in front; control characters become visible signs.

    Example:
        >>> neutralize("=1+1"), neutralize("a = b")
        ("'=1+1", 'a = b')
    """
    shown = visible(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def restore(text: str) -> str:
    """Take away the apostrophe that `neutralize` put in front.

    Example:
        >>> restore("'=1+1"), restore("'tis")
        ('=1+1', "'tis")
    """
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text


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
    labels = row_labels(frame, manifest)
    if labels.notna().any():
        frame = frame.assign(label=labels)
    shown = {visible(str(name)): _inert(frame[name]) for name in frame.columns}
    pd.DataFrame(shown).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _inert(column: pd.Series) -> pd.Series:
    if column.dtype == object:
        cells = [_inert_cell(value) for value in column]
        return pd.Series(cells, index=column.index, dtype=object)
    if not _holds_text(column):
        return column
    shown = {text: neutralize(str(text)) for text in column.dropna().unique()}
    return column.astype(object).map(shown)


def _holds_text(column: pd.Series) -> bool:
    is_category = isinstance(column.dtype, pd.CategoricalDtype)
    return is_category or isinstance(column.dtype, pd.StringDtype)


def _inert_cell(value: Any) -> Any:
    if isinstance(value, str):
        return neutralize(value)
    if isinstance(value, (bool, int, float)) or dumps(value) is None:
        return value
    plain = isinstance(value, (dict, list, tuple))
    return neutralize(str(dumps(value) if plain else value))
