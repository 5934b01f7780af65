"""The cells of a small HTML table: short, visible, and no markup."""

from __future__ import annotations

from html import escape
from typing import Any

from .dtypes import is_missing
from .text import cut, visible
from .wording import NOTHING, figure

__all__ = ["plain", "safe"]

_CELL = 300  # characters of anything but an answer


def plain(value: Any) -> str:
    """Give a value as text: few digits, a dash where it is missing.

    Example:
        >>> plain(0.83333), plain(None), plain(3)
        ('0.833', '–', '3')
    """
    if is_missing(value):
        return NOTHING
    return figure(value) if isinstance(value, float) else str(value)


def safe(text: str) -> str:
    """Give a text as HTML, cut where it is long.

    Example:
        >>> safe("a < b")
        'a &lt; b'
    """
    return escape(visible(cut(text, _CELL)))
