"""Whether one is shown to be at most so much worse than another.

Sources: T. Tango, Statistics in Medicine 17 (1998), for the bound of paired rates; R.
L. Berger, Technometrics 24 (1982), for why a claim against each of several needs no
correction for these; C. E. Bonferroni (1936) for the several that may be claimed.
"""

from __future__ import annotations

from itertools import combinations
from math import isnan, nan

import numpy as np

from .comparison_pairs import Pair
from .statistics.differences import Difference
from .statistics.paired import guarded_tango, tie_bound
from .statistics.planning import items_needed
from .statistics.verdicts import MIN_ITEMS

__all__ = ["Bounds", "one_sided"]

_POWER = 0.8


def one_sided(alpha: float, n_levels: int) -> float:
    """Give the error of each bound, such that those of a choice have it together.

    A level is claimed to be near the best if it is shown against every other one. A
    wrong claim is wrong against one of them, which its own bound lets pass so rarely;
    and all but the best can be claimed wrongly.

    Example:
        >>> one_sided(0.05, 2), one_sided(0.05, 6)
        (0.05, 0.01)
    """
    return alpha / max(n_levels - 1, 1)


class Bounds:
    """The lower bounds of all differences between levels, for better less worse.

    Args:
        pairs: Every two levels, whose intervals have the level 1 less twice the error.
        n_levels: How many levels there are.
        alpha: The error of each bound.
        within: How much worse is still good enough.
    """

    def __init__(
        self, pairs: list[Pair], n_levels: int, *, alpha: float, within: float
    ) -> None:
        self._alpha, self._within, self._n_levels = alpha, within, n_levels
        places = combinations(range(n_levels), 2)
        self._pairs = dict(zip(places, pairs, strict=True))

    def shown(self) -> list[int]:
        """Tell which levels are shown to be near every other one, by position."""
        return [
            at
            for at in range(self._n_levels)
            if all(self._bound(at, other) > -self._within for other in self._others(at))
        ]

    def n_more(self) -> int | None:
        """Give the further items that would show one, 8 times in 10.

        If the truth is what was seen. None if that cannot be said.
        """
        each = [self._n_more_of(at) for at in range(self._n_levels)]
        known = [one for one in each if one is not None]
        return max(1, min(known)) if known else None

    def _others(self, at: int) -> list[int]:
        return [other for other in range(self._n_levels) if other != at]

    def _found(self, at: int, other: int) -> tuple[Pair, int]:
        """The pair, and the sign that makes its difference one of better less worse."""
        pair = self._pairs[min(at, other), max(at, other)]
        is_turned = (at > other) != pair.figures.lower_is_better
        return pair, -1 if is_turned else 1

    def _bound(self, at: int, other: int) -> float:
        pair, sign = self._found(at, other)
        if pair.found is None or isnan(pair.p_value):  # too few items to tell
            return nan
        low, high = pair.found.interval
        return low if sign > 0 else -high

    def _n_more_of(self, at: int) -> int | None:
        most = 0
        power = 1 - (1 - _POWER) / max(self._n_levels - 1, 1)
        for other in self._others(at):
            pair, sign = self._found(at, other)
            needed = self._needed(pair.found, sign, power)
            if needed is None or pair.found is None:
                return None
            most = max(most, needed - pair.found.n_items)
        return most

    def _needed(self, found: Difference | None, sign: int, power: float) -> int | None:
        if found is None or found.n_items < 2 or not np.isfinite(found.total):
            return None
        if sign * found.mean <= -self._within:
            return None
        return items_needed(lambda n: self._power(found, sign, n), power=power)

    def _power(self, found: Difference, sign: int, n: int) -> float:
        """The chance that so many items show it, if the truth is what was seen."""
        from scipy.special import ndtr

        share = n / found.n_items
        total, squares = sign * found.total * share, found.squares * share
        if found.is_binary:
            gained, lost = round((squares + total) / 2), round((squares - total) / 2)
            low = guarded_tango(gained, lost, n, level=1 - 2 * self._alpha).low
        else:
            reach = found.reach
            low = -tie_bound(-total, squares, n, reach=reach, alpha=self._alpha)
        seen = squares / n - (total / n) ** 2
        error = max(np.sqrt(max(seen, 0.0) / n), 1e-12)
        return float(ndtr((low + self._within) / error)) if n >= MIN_ITEMS else 0.0
