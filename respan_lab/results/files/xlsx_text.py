"""What a cell of Excel can hold: texts within its limit, numbers that are exact."""

from __future__ import annotations

from typing import Any

from .inert import cut_cell

__all__ = ["fitted", "fitted_text", "plain_text"]

# Excel's limits: support.microsoft.com, "Excel specifications and limits".
_MAX_CELL = 32_767  # UTF-16 units
_LARGEST = 2**53  # beyond it a cell's number is not exact


def fitted(value: Any) -> Any:
    """Give a value as a cell can hold it: a number that is too large as text.

    Example:
        >>> fitted(2**60), fitted(True), fitted(""), fitted(None)
        ('1152921504606846976', True, "'", None)
    """
    if isinstance(value, str):
        return fitted_text(value)
    if value is None or isinstance(value, bool) or abs(value) <= _LARGEST:
        return value
    return str(value)


def fitted_text(text: str) -> str:
    """Give a cell's text, cut at its limit; an empty one would be a missing cell."""
    return cut_cell(text if text.strip("'") else f"'{text}", _MAX_CELL)


def plain_text(cell: str) -> str:
    """Give the text that `fitted_text` was given, or what was left of it.

    Example:
        >>> plain_text("'"), plain_text("'tis")
        ('', "'tis")
    """
    return cell if cell.strip("'") else cell[1:]
