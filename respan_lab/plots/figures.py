"""Figures as they are written on a plot: few digits, with their unit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

__all__ = [
    "MISSING",
    "counted",
    "dollars",
    "fixed_number",
    "is_wide",
    "number",
    "seconds",
    "short_number",
    "value_of",
]

MISSING = float("nan")
_WIDE = 10.0  # from the smallest to the largest, beyond which a scale is logarithmic


def value_of(value: Any) -> float:
    """Give a cell of a frame as a float: NaN where there is none.

    Example:
        >>> value_of(None), value_of(True)
        (nan, 1.0)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return MISSING
    return float(value)


def short_number(value: float) -> str:
    """Give a number to three significant digits, never in powers of ten.

    Example:
        >>> short_number(0.83333), short_number(117.6), short_number(1234567.0)
        ('0.833', '118', '1,234,567')
        >>> short_number(0.00000123)
        '0.00000123'
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    text = fixed_number(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed_number(value: float) -> str:
    """Give a number to three significant digits, zeros at its end included.

    Example:
        >>> fixed_number(0.22), fixed_number(1200)
        ('0.220', '1,200')
    """
    digits = 2 - math.floor(math.log10(abs(value))) if value else 2
    return f"{value:,.{max(digits, 0)}f}"


def number(value: float) -> str:
    """Give a score: two digits after the point, a dash if it is missing."""
    return "–" if value != value else f"{value:.2f}"


def seconds(value: float) -> str:
    """Give seconds with their unit.

    Example:
        >>> seconds(0.22), seconds(75.2), seconds(1200)
        ('0.220 s', '75.2 s', '1,200 s')
    """
    return "–" if value != value else f"{fixed_number(value)} s"


def dollars(value: float) -> str:
    """Give US dollars.

    Example:
        >>> dollars(0.0000123), dollars(12.5)
        ('$0.0000123', '$12.50')
    """
    if value != value:
        return "–"
    return f"${value:,.2f}" if abs(value) >= 1 else f"${fixed_number(value)}"


def counted(n: int, one: str, many: str | None = None) -> str:
    """Give a number with its noun.

    Example:
        >>> counted(1, "call"), counted(1200, "call")
        ('1 call', '1,200 calls')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def is_wide(values: Iterable[float]) -> bool:
    """Whether figures span so much that only a logarithmic scale shows them all.

    Example:
        >>> is_wide([1, 9]), is_wide([1, 11]), is_wide([0, 100])
        (False, True, False)
    """
    known = [float(value) for value in values if math.isfinite(value)]
    return bool(known) and min(known) > 0 and max(known) > _WIDE * min(known)
