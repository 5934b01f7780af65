"""Percentiles and medians, the same for everyone who is measured."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["median_round", "percentile"]


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least so many percent do not exceed; None if empty."""
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(0, int(rank) - 1)]


def median_round(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Each figure's median over the rounds; what is no number is the first round's."""
    return {name: _median([entry[name] for entry in rounds]) for name in rounds[0]}


def _median(values: Sequence[Any]) -> Any:
    if all(isinstance(value, int | float) for value in values):
        return median(values)
    return values[0]
