r"""How a table is laid out on a page of LaTeX: none of it may stick out.

The page is that of LaTeX's ``article`` (10 pt, 345 pt wide), the narrowest that is
usual, in ``\footnotesize``. A wider table goes on below itself, its first columns
repeated; long texts get columns of a fixed width, in which they wrap; what is higher
than a page goes on in the next table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from ..table import figure_columns

__all__ = ["MAX_LINES", "Panel", "panels"]

MAX_LINES = 42  # of a float, its caption apart

_PAGE = 345.0  # points
_CHARACTER = 4.3  # points: a digit of the 8 pt font
_BETWEEN = 6.0  # points between two columns
_NARROWEST = 48.0  # points of a column that wraps
_STEP = 5  # points


class Panel(NamedTuple):
    """A part of a table that fits on a page.

    Attributes:
        table: Its columns and rows.
        sides: For each column ``l``, ``r`` or, if its texts wrap, its width.
        n_lines: How many lines it takes.
    """

    table: pd.DataFrame
    sides: list[str]
    n_lines: int


def panels(table: pd.DataFrame, *, n_keys: int, long: int = 24) -> list[Panel]:
    """Part a table of text into what fits beside and above each other.

    Args:
        table: The table.
        n_keys: How many of its first columns tell what a row is about, and so stand
            in every part.
        long: Characters; a column of longer texts wraps.
    """
    widths = _widths(table)
    is_right = figure_columns(table)
    found: list[Panel] = []
    for columns in _balanced(widths, n_keys, long):
        points = _fitted([widths[at] for at in columns], long)
        sides = [
            _side(points[i], wraps=widths[at] > long, right=is_right[at])
            for i, at in enumerate(columns)
        ]
        found += _rows(table.iloc[:, columns], sides, points)
    return found


def _widths(table: pd.DataFrame) -> list[int]:
    """Give the longest text of each column, in characters, its title included."""
    return [
        max(len(str(title)), *map(len, values), 1) if len(values) else len(str(title))
        for title, values in table.items()
    ]


def _balanced(widths: Sequence[int], n_keys: int, long: int) -> list[list[int]]:
    """Give the columns of as few parts as there can be, about equally wide."""
    best = list(_columns(widths, n_keys, long, limit=_PAGE))
    for limit in range(int(_PAGE), 0, -_STEP):
        parts = list(_columns(widths, n_keys, long, limit=limit))
        if len(parts) > len(best):
            break
        best = parts
    return best


def _columns(
    widths: Sequence[int], n_keys: int, long: int, *, limit: float
) -> Iterator[list[int]]:
    keys = list(range(n_keys))
    part: list[int] = []
    for at in range(n_keys, len(widths)):
        together = [widths[one] for one in [*keys, *part, at]]
        if part and _least(together, long) > limit:
            yield keys + part
            part = []
        part.append(at)
    yield keys + part


def _least(widths: Sequence[int], long: int) -> float:
    """Give the points that columns need, if long ones are as narrow as can be."""
    points = [_NARROWEST if one > long else _natural(one) for one in widths]
    return sum(points) + _BETWEEN * len(widths)


def _natural(width: int) -> float:
    return width * _CHARACTER


def _fitted(widths: Sequence[int], long: int) -> list[float]:
    """Give each column its points: a long one its part of what the others leave."""
    spare = max(_PAGE - _least(widths, long), 0.0)
    wanted = [max(_natural(one) - _NARROWEST, 0.0) * (one > long) for one in widths]
    share = min(spare / (sum(wanted) or 1.0), 1.0)
    return [
        _NARROWEST + share * more if one > long else _natural(one)
        for one, more in zip(widths, wanted, strict=True)
    ]


def _side(points: float, *, wraps: bool, right: bool) -> str:
    if wraps:
        return f"p{{{points:.0f}pt}}"
    return "r" if right else "l"


def _rows(
    table: pd.DataFrame, sides: list[str], points: Sequence[float]
) -> Iterator[Panel]:
    start, n_lines = 0, 2
    for at, row in enumerate(table.to_numpy(dtype=object).tolist()):
        height = max(
            math.ceil(_natural(len(cell)) * 1.15 / room) if side[0] == "p" else 1
            for cell, side, room in zip(row, sides, points, strict=True)
        )
        if at > start and n_lines + height > MAX_LINES:
            yield Panel(table.iloc[start:at], sides, n_lines)
            start, n_lines = at, 2
        n_lines += height
    yield Panel(table.iloc[start:], sides, n_lines)
