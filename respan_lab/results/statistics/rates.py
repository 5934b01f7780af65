"""Intervals of rates that know how little data they have.

Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical
inference", JASA 22 (1927), for the interval of a rate; L. Kish, "Survey Sampling"
(1965), for the effective sample size of clustered answers (repeats of one item are
not new items); A. Agresti and B. A. Coull, The American Statistician 52 (1998), for
what is added to the data so that few of them are not taken for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import NormalDist, fmean

from .interval import Interval

__all__ = ["effective_n", "rate_interval", "wilson"]

UNSEEN = 0.1  # items; found by enumeration, see the tests


def wilson(rate: float, n: float, *, level: float = 0.95) -> Interval:
    """Give the Wilson score interval of a rate.

    Args:
        rate: The observed rate, from 0 to 1.
        n: The number of independent observations, more than 0; need not be whole.
        level: The confidence level, between 0 and 1.

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> low, high = wilson(0.75, 24)
        >>> f"{low:.3f} {high:.3f}"
        '0.551 0.880'
    """
    _check_range(rate, n=n, level=level)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    spread = z * z / n
    middle = (rate + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(rate * (1 - rate) / n + spread / (4 * n))
    # The ends are exact at 0 and 1, where rounding would leave a crumb.
    low = 0.0 if rate == 0 else max(0.0, middle - half)
    high = 1.0 if rate == 1 else min(1.0, middle + half)
    return Interval(min(low, rate), max(high, rate))


def _check_range(rate: float, *, n: float, level: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is {rate!r}; a rate lies from 0 to 1")
    if not n > 0:
        raise ValueError(f"n is {n!r}; an interval needs at least one observation")
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; give it as 0.95, between 0 and 1")


def effective_n(
    item_means: Sequence[float], n_answers: int, *, unseen: float = UNSEEN
) -> float:
    """Count the independent observations behind repeated answers to the same items.

    With ``m`` the mean and ``v`` the variance of the mean of the ``G`` item means
    (their sample variance over ``G``), this is ``m(1-m)/v``, never below ``G`` and
    never above the number of answers. With one answer an item it is ``G``.

    ``m`` and ``v`` are reckoned here as if a tenth of an item that is always right and
    a tenth of one that is always wrong had been seen, too. That changes little but
    near 0 and 1, where the few items that differ seldom show how much items do.

    Args:
        item_means: The mean score of each item, each from 0 to 1.
        n_answers: How many answers were scored in all.
        unseen: How much of an item of either kind is added; 0 for none.

    Returns:
        ``G`` if all item means are the same.

    Raises:
        ValueError: If there is no item.

    Example:
        >>> effective_n([1.0, 0.0, 1.0, 1.0], 4)
        4.0
        >>> effective_n([0.6, 0.4, 0.6, 0.4], 20)  # repeats that differ by chance
        20.0
        >>> means = [1.0] * 18 + [0.8, 0.6]
        >>> [round(effective_n(means, 100, unseen=more), 1) for more in (0, 0.1)]
        [60.8, 46.6]
    """
    n_items = len(item_means)
    if n_items == 0:
        raise ValueError("item_means is empty; there is nothing to count")
    if min(item_means) == max(item_means):
        return float(n_items)
    n = n_items + 2 * unseen
    mean = (fsum(item_means) + unseen) / n
    squares = fsum((one - mean) ** 2 for one in item_means)
    squares += unseen * (mean**2 + (1 - mean) ** 2)
    of_mean = squares / (n - 1) / n_items
    most = float(max(n_answers, n_items))
    return min(max(mean * (1 - mean) / of_mean, float(n_items)), most)


def rate_interval(
    item_means: Sequence[float], n_answers: int, *, level: float = 0.95
) -> Interval | None:
    """Give the interval of the mean of scores from 0 to 1, repeats accounted for.

    It holds the true rate 92 to 98 times in 100, with one run, 3 and 5 repeats, from
    20 items and for rates from 0.05 to 0.95, whether repeats are alike or not: by
    enumeration up to 50 items. With 10 repeats of 20 items that do not differ at all
    it is up to 98.6 times. Without the unseen items of `effective_n` it would be as
    few as 88 near 0 and 1.

    Args:
        item_means: The mean score of each item.
        n_answers: How many answers were scored in all.
        level: The confidence level.

    Returns:
        The Wilson interval on ``effective_n``; None without an item, or if a mean is
        outside 0 to 1, where no such interval is known.

    Example:
        >>> rate_interval([], 0) is None
        True
    """
    if not item_means or min(item_means) < 0 or max(item_means) > 1:
        return None
    mean = min(max(fmean(item_means), 0.0), 1.0)
    return wilson(mean, effective_n(item_means, n_answers), level=level)
