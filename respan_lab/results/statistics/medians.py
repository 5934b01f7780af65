"""Medians and percentiles of times and costs, which have long tails."""

from __future__ import annotations

from collections.abc import Sequence

from .interval import Interval

__all__ = ["MIN_CALLS_P95", "median_interval"]

MIN_CALLS_P95 = 59  # 0.95**59 < 0.05: fewer calls may well all lie below the p95


def median_interval(values: Sequence[float], *, level: float = 0.95) -> Interval | None:
    """Give the interval of a median, whatever the values are distributed like.

    Its ends are two of the values themselves, as far from either end of the sorted
    values. Source: H. A. David and H. N. Nagaraja, "Order Statistics" (2003), 7.1.

    Args:
        values: Seconds, dollars or anything else, in any order, none missing.
        level: The confidence level, between 0 and 1, that is reached at least.

    Returns:
        None if there are too few values: below 6 for 95 %.

    Example:
        >>> median_interval([0.4, 0.5, 0.5, 0.6, 0.9, 7.0])
        Interval(low=0.4, high=7.0)
        >>> median_interval([0.4, 0.5]) is None
        True
    """
    from scipy.special import bdtr

    ordered, outside = sorted(values), (1 - level) / 2
    ranks = range(1, len(ordered) // 2 + 1)
    fitting = [r for r in ranks if bdtr(r - 1, len(ordered), 0.5) <= outside]
    if not fitting:
        return None
    return Interval(float(ordered[fitting[-1] - 1]), float(ordered[-fitting[-1]]))
