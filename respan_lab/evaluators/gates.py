"""Gates: whether an answer came in time, and for its price."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .text import is_missing

__all__ = ["within_cost", "within_latency"]

Outcome = tuple[bool | None, str | None]


@maker
def within_latency(seconds: float) -> Evaluator:
    """Make an evaluator that says whether the answer was complete in time.

    Args:
        seconds: The most that is right, of the column ``latency``.

    Returns:
        A function of ``row`` that gives True or False; None if the latency is not
        known, or is no latency of the model asked: of an answer from a cache, or by
        another model (the note says which).

    Raises:
        ConfigError: The limit is no number above 0.

    Example:
        >>> within_latency(2.0)({"latency": 1.5}), within_latency(2.0)({})
        ((True, None), (None, None))
    """
    limit = _limit("seconds", seconds)

    def score(row: Mapping[str, Any]) -> Outcome:
        for column in ("cached", "substituted"):
            if _is_true(row.get(column)):
                return None, f"{column}: not its latency"
        return _within(row.get("latency"), limit), None

    return made("within_latency", score)


@maker
def within_cost(dollars: float) -> Evaluator:
    """Make an evaluator that says whether the call cost no more than this.

    Args:
        dollars: The most that is right, US dollars, of the column ``cost``.

    Returns:
        A function of ``row`` that gives True or False; None if the cost is unknown.
        Where one call gave several answers, its cost is that of the first.

    Raises:
        ConfigError: The limit is no number above 0.

    Example:
        >>> within_cost(0.01)({"cost": 0.02}), within_cost(0.01)({"cost": None})
        (False, None)
    """
    limit = _limit("dollars", dollars)

    def score(row: Mapping[str, Any]) -> bool | None:
        return _within(row.get("cost"), limit)

    return made("within_cost", score)


def _limit(name: str, value: object) -> float:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    limit = float(value) if is_number else math.nan  # type: ignore[arg-type]  # so it is
    if not 0 < limit < math.inf:
        raise ConfigError(f"{name}={value!r}: use a number above 0")
    return limit


def _within(value: Any, limit: float) -> bool | None:
    return None if is_missing(value) else bool(value <= limit)


def _is_true(value: Any) -> bool:
    return not is_missing(value) and bool(value)
