"""From differences to verdicts: *better*, *worse*, *tied*, or else *undecided*."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Literal, TypeAlias

import numpy as np

from .differences import Difference
from .paired import Numbers

__all__ = ["CORRECTIONS", "MIN_ITEMS", "VERDICTS", "Verdict", "adjusted", "verdict_of"]

Verdict: TypeAlias = Literal["better", "worse", "tied", "undecided"]
VERDICTS: tuple[Verdict, ...] = ("better", "worse", "tied", "undecided")

MIN_ITEMS = 15  # fewer cannot carry a p-value: it is withheld


def adjusted(p_values: Sequence[float], correction: str | None) -> list[float]:
    """Adjust p-values for being several.

    Sources: S. Holm, Scandinavian Journal of Statistics 6 (1979), which keeps the
    chance of any false finding; Y. Benjamini and Y. Hochberg, JRSS B 57 (1995), which
    keeps the share of false ones among the findings.

    Args:
        p_values: Of one family; NaN is no test, and does not count.
        correction: ``holm``, ``bh``, or None for none.

    Example:
        >>> adjusted([0.01, float("nan"), 0.04], "holm")
        [0.02, nan, 0.04]
    """
    if correction is None:
        return list(p_values)
    found = np.array(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(found))
    rising = known[np.argsort(found[known], kind="stable")]
    # Here and not by statsmodels' multipletests, which collects all garbage of the
    # notebook on every call; the tests compare the two.
    found[rising] = _STEPS[correction](found[rising])
    return [float(one) for one in found]


def _holm(rising: Numbers) -> Numbers:
    times = np.arange(len(rising), 0, -1)
    return np.minimum(np.maximum.accumulate(times * rising), 1.0)


def _bh(rising: Numbers) -> Numbers:
    scaled = rising * len(rising) / np.arange(1, len(rising) + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


_STEPS = {"holm": _holm, "bh": _bh}
CORRECTIONS = tuple(_STEPS)


def verdict_of(
    difference: Difference,
    p_adjusted: float,
    *,
    margin: float,
    alpha: float = 0.05,
    lower_is_better: bool = False,
) -> Verdict:
    """Say what is shown of the first against the second.

    Args:
        difference: Of the two.
        p_adjusted: Its p-value, adjusted; NaN if it is withheld.
        margin: How far apart two may be that count as equal.
        alpha: The error that is allowed.
        lower_is_better: Whether less is better.

    Returns:
        ``better`` or ``worse`` if ``p_adjusted`` is below ``alpha``; ``tied`` if the
        difference is shown to be smaller than the margin; else ``undecided``, and so
        always if the p-value is withheld.
    """
    if isnan(p_adjusted):
        return "undecided"
    if p_adjusted < alpha:
        return "better" if (difference.mean > 0) != lower_is_better else "worse"
    low, high = difference.tie
    return "tied" if -margin < low and high < margin else "undecided"
