"""Dollars and numbers as a reader wants them: few digits, with their unit."""

from __future__ import annotations

__all__ = ["count", "dollars"]


def dollars(amount: float | None) -> str:
    """Give US dollars, small amounts to three significant digits.

    Args:
        amount: Dollars; None is unknown, and gives a dash.

    Example:
        >>> dollars(0.0), dollars(0.000012345), dollars(12.5), dollars(None)
        ('$0', '$0.0000123', '$12.50', '–')
    """
    if amount is None:
        return "–"
    if amount == 0:
        return "$0"
    if abs(amount) >= 1:
        return f"${amount:,.2f}"
    digits = 2 - int(f"{amount:e}".partition("e")[2])
    return f"${amount:.{min(max(digits, 3), 10)}f}"


def count(number: int, one: str, many: str | None = None) -> str:
    """Give a number with its noun.

    Example:
        >>> count(1, "call"), count(1200, "call")
        ('1 call', '1,200 calls')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
