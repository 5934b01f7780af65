"""Figures as a reader wants them: few digits, with their unit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from ..money.wording import count, dollars

__all__ = [
    "MARK",
    "NOTHING",
    "count",
    "duration",
    "figure",
    "interval",
    "moment",
    "money",
    "seconds",
]

NOTHING = "–"
MARK = "†"  # of what may be best


def figure(value: Any) -> str:
    """Give a number to three significant digits; a dash if it is missing.

    Example:
        >>> figure(0.83333), figure(117.6), figure(1234567.0), figure(None)
        ('0.833', '118', '1,234,567', '–')
    """
    if pd.isna(value):
        return NOTHING
    number = float(value)
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}" if 0 < abs(number) < 0.001 else _fixed(number)


def _fixed(number: float) -> str:
    digits = 3 if abs(number) < 1 else 2 if abs(number) < 10 else 1
    return f"{number:.{digits}f}"


def money(value: Any) -> str:
    """Give US dollars, small amounts to three significant digits.

    Example:
        >>> money(0.0), money(0.000012345), money(12.5), money(None)
        ('$0', '$0.0000123', '$12.50', '–')
    """
    return dollars(None if pd.isna(value) else float(value))


def seconds(value: Any) -> str:
    """Give seconds with their unit.

    Example:
        >>> seconds(0.41234), seconds(75.2)
        ('0.412 s', '75.2 s')
    """
    return NOTHING if pd.isna(value) else f"{figure(value)} s"


def interval(low: Any, high: Any) -> str:
    """Give an interval's two ends; nothing at all if it is not known.

    Example:
        >>> interval(0.551, 0.8801)
        '0.55–0.88'
    """
    return "" if pd.isna(low) or pd.isna(high) else f"{low:.2f}–{high:.2f}"


def duration(seconds: float) -> str:
    """Give a time span in its largest whole unit.

    Example:
        >>> duration(12.3), duration(180), duration(7300), duration(200_000)
        ('12 s', '3 min', '2 h', '2 days')
    """
    for name, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length * (2 if name == "days" else 1):
            return f"{int(seconds // length):,} {name}"
    return f"{int(seconds)} s"


def moment(at: Any) -> str:
    """Give a time in UTC, to the millisecond.

    Args:
        at: A datetime, or one in ISO 8601; None is unknown.

    Example:
        >>> moment("2026-03-01T12:00:00.25+00:00")
        '2026-03-01 12:00:00.250 UTC'
    """
    if at is None:
        return "at an unknown time"
    told = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{told:%Y-%m-%d %H:%M:%S}.{told.microsecond // 1000:03} UTC"
