"""Scores for how long an answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .text import is_missing

__all__ = ["length"]

Unit = Literal["characters", "words"]
Outcome = tuple[bool | int | None, str | None]

_COUNTS: Mapping[Unit, Callable[[str], int]] = {
    "characters": len,
    "words": lambda text: len(text.split()),
}


@maker
def length(
    unit: Unit = "characters",
    *,
    at_least: int | None = None,
    at_most: int | None = None,
) -> Evaluator:
    """Make an evaluator that counts how long the answer is, or keeps it in bounds.

    Args:
        unit: ``characters`` (Unicode code points, blanks included) or ``words`` (what
            blanks separate; so a text in Chinese is few words).
        at_least: The fewest that are right; None sets no bound.
        at_most: The most that are right; None sets no bound.

    Returns:
        A function of ``output``: without bounds it gives the count, and a lower one is
        better; with a bound, True or False and the count as the note. None without an
        answer.

    Raises:
        ConfigError: The unit is unknown, or the bounds leave no length.

    Example:
        >>> length("words")("Yes, of course.")
        3
        >>> length(at_most=10)("Yes, of course.")
        (False, '15 characters')
    """
    if unit not in _COUNTS:
        allowed = ", ".join(map(repr, get_args(Unit)))
        raise ConfigError(f"unit={unit!r}: use one of {allowed}")
    least, most = _bound("at_least", at_least), _bound("at_most", at_most)
    if least is not None and most is not None and least > most:
        raise ConfigError(f"at_least={least} is above at_most={most}")
    count = _COUNTS[unit]

    def value(output: str | None) -> int | None:
        return None if is_missing(output) else count(str(output))

    def gate(output: str | None) -> Outcome:
        found = value(output)
        if found is None:
            return None, None
        is_right = (least or 0) <= found and (most is None or found <= most)
        return is_right, f"{found:,} {unit}"

    if least is None and most is None:
        return made("length", value, lower_is_better=True)
    return made("length", gate)


def _bound(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{name}={value!r}: use a whole number from 0 up")
    return value
