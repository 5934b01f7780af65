"""A paired difference with all that a verdict needs, by the kind of the figures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .interval import Interval
from .paired import (
    Numbers,
    guarded_interval,
    guarded_tango,
    mcnemar,
    mean_interval,
    paired_t,
    sign_flip,
    sign_test,
    tie_interval,
)

__all__ = ["Difference", "binary_difference", "log_ratio", "score_difference"]

_MAX_SIZES = 256  # of differences; beyond, the t distribution is as good


class Difference(NamedTuple):
    """What is known of a paired difference.

    Attributes:
        n_items: How many items it is of.
        mean: The mean of the items' differences, first minus second.
        interval: Of the mean.
        p_value: Two-sided, of no difference.
        test: The name of the test.
        tie: The interval that must lie inside the margin for the two to be tied.
        total: The sum of the items' differences.
        squares: The sum of their squares.
        reach: The largest difference there can be; None if nothing bounds it.
        is_binary: Whether every item has one answer on either side, right or wrong.
    """

    n_items: int
    mean: float
    interval: Interval
    p_value: float
    test: str
    tie: Interval
    total: float
    squares: float
    reach: float | None
    is_binary: bool = False

    @property
    def variance(self) -> float:
        """Of one item's difference; bounded ones as if two more had been seen."""
        more = 0 if self.reach is None else 2
        n = self.n_items + more
        squares = self.squares + more * (self.reach or 0.0) ** 2
        return max(squares / n - (self.total / n) ** 2, 0.0) * n / max(n - 1, 1)


def binary_difference(differences: Numbers, *, alpha: float = 0.05) -> Difference:
    """Compare two that gave one right or wrong answer to each item.

    Exact McNemar test, Tango's interval with Student's quantile.

    Args:
        differences: One for each item, at least one: 1, 0 or -1.
        alpha: The intervals' level is 1 less this.

    Example:
        >>> found = binary_difference(np.array([1.0] * 9 + [-1.0] * 2 + [0.0] * 29))
        >>> found.test, found.mean, round(found.p_value, 4)
        ('exact McNemar', 0.175, 0.0654)
    """
    n = len(differences)
    gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
    return Difference(
        n_items=n,
        mean=(gained - lost) / n,
        interval=guarded_tango(gained, lost, n, level=1 - alpha),
        p_value=mcnemar(gained, lost),
        test="exact McNemar",
        tie=tie_interval(differences, alpha=alpha),
        total=float(gained - lost),
        squares=float(gained + lost),
        reach=1.0,
        is_binary=True,
    )


def score_difference(
    differences: Numbers, *, reach: float = 1.0, alpha: float = 0.05, seed: int = 0
) -> Difference:
    """Compare two by bounded scores, or by right and wrong answers with repeats.

    Sign-flip permutation of the items' differences, or the t-test, which is its limit,
    if they are of more than 256 sizes; guarded t interval.

    Args:
        differences: One for each item, at least one: the difference of its means.
        reach: The largest difference there can be.
        alpha: The intervals' level is 1 less this.
        seed: Of the permutations.
    """
    p_value, test = _tested(differences, seed=seed)
    return Difference(
        n_items=len(differences),
        mean=float(differences.mean()),
        interval=guarded_interval(differences, reach=reach, level=1 - alpha),
        p_value=p_value,
        test=test,
        tie=tie_interval(differences, reach=reach, alpha=alpha),
        total=float(differences.sum()),
        squares=float((differences**2).sum()),
        reach=reach,
    )


def log_ratio(ratios: Numbers, *, alpha: float = 0.05, seed: int = 0) -> Difference:
    """Compare two by the natural logarithms of paired ratios, of times or costs.

    Sign-flip permutation (the t-test with more than 256 sizes) and t interval. If a
    ratio is infinite (one of the two costs nothing), it is the median's that is told,
    with the sign test.

    Args:
        ratios: One logarithm for each item, at least one: the first's over the
            second's.
        alpha: The intervals' level is 1 less this.
        seed: Of the permutations.

    Example:
        >>> found = log_ratio(np.log([1.7, 1.8, 1.9, 1.8, 1.7, 1.9]))
        >>> [round(float(np.exp(one)), 2) for one in (found.mean, *found.interval)]
        [1.8, 1.71, 1.89]
    """
    if np.isinf(ratios).any():
        return _of_infinite(ratios, alpha=alpha)
    p_value, test = _tested(ratios, seed=seed)
    return Difference(
        n_items=len(ratios),
        mean=float(ratios.mean()),
        interval=_t_interval(ratios, level=1 - alpha),
        p_value=p_value,
        test=test,
        tie=_t_interval(ratios, level=1 - 2 * alpha),
        total=float(ratios.sum()),
        squares=float((ratios**2).sum()),
        reach=None,
    )


def _tested(differences: Numbers, *, seed: int) -> tuple[float, str]:
    """Give the p-value and the test's name."""
    if len(np.unique(np.abs(differences))) > _MAX_SIZES:
        return paired_t(differences), "paired t"
    return sign_flip(differences, seed=seed), "sign-flip permutation"


def _t_interval(values: Numbers, *, level: float) -> Interval:
    if len(values) < 2:
        return Interval(float("nan"), float("nan"))
    return mean_interval(values, level=level)


def _of_infinite(ratios: Numbers, *, alpha: float) -> Difference:
    from .medians import median_interval

    nowhere = Interval(float("nan"), float("nan"))
    ordered = np.sort(ratios)
    median = ordered[(len(ratios) - 1) // 2], ordered[len(ratios) // 2]
    return Difference(
        n_items=len(ratios),
        mean=float(median[0] if median[0] == median[1] else np.mean(median)),
        interval=median_interval(ratios.tolist(), level=1 - alpha) or nowhere,
        p_value=sign_test(ratios),
        test="sign test",
        tie=nowhere,
        total=float("nan"),
        squares=float("nan"),
        reach=None,
    )
