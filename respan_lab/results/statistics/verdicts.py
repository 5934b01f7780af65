"""From differences to verdicts: *better*, *worse*, *tied*, or else *undecided*."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Literal, TypeAlias

from .differences import Difference

__all__ = ["CORRECTIONS", "MIN_ITEMS", "VERDICTS", "Verdict", "adjusted", "verdict_of"]

Verdict: TypeAlias = Literal["better", "worse", "tied", "undecided"]
VERDICTS: tuple[Verdict, ...] = ("better", "worse", "tied", "undecided")
CORRECTIONS = {"holm": "holm", "bh": "fdr_bh"}  # ours: statsmodels'

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
    known = [one for one in p_values if not isnan(one)]
    if correction is None or len(known) < 2:
        return list(p_values)
    from statsmodels.stats.multitest import multipletests

    found = iter(multipletests(known, method=CORRECTIONS[correction])[1])
    return [one if isnan(one) else float(next(found)) for one in p_values]


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
