"""The smallest difference a run could have shown, and the line that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .comparison_pairs import Pair, compared, level_pairs, strict_alpha
from .metrics import Figures, figures_of
from .pairing import Layout, factors_of
from .power import pair_power, power
from .statistics.verdicts import MIN_ITEMS
from .summary import score_names
from .wording import count, figure

__all__ = ["power_line", "smallest_difference"]

_MAX_TOLD = 3  # scores in one line


def smallest_difference(
    frame: pd.DataFrame,
    metric: str | None = None,
    by: str | Sequence[str] = "model",
    *,
    manifest: Mapping[str, Any] | None = None,
) -> float | None:
    """Give the smallest difference that this run could have shown of every pair.

    Args:
        frame: The frame of a run.
        metric: As for `compare`.
        by: The factor whose levels are compared.
        manifest: The run's.

    Returns:
        In the metric's unit, found 8 times in 10 after correction; None if a pair has
        fewer than 15 items in common, or not even the largest would be found.

    Raises:
        ConfigError: As `power`.
    """
    sizes = power(frame, metric, by=by, manifest=manifest)["smallest_difference"]
    return None if sizes.isna().any() else float(sizes.max())


def power_line(
    frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None
) -> str | None:
    """Tell in one line the smallest difference a run could have shown, by its scores.

    Between the models; of one model, between the levels of the first factor that has
    several. Found 8 times in 10, corrected for the number of pairs.

    Returns:
        None if there is nothing to compare.

    Example:
        >>> rows = [(i, m, i % 5 > 0 or m == "b") for i in range(50) for m in "ab"]
        >>> frame = pd.DataFrame(rows, columns=["item", "model", "score_good"])
        >>> power_line(frame)
        'smallest difference this run could have shown: good 17.6 points (50 items)'
    """
    scores = score_names(frame)[:_MAX_TOLD]
    factors = [one for one in factors_of(frame) if _n_levels(frame[one]) > 1]
    if not scores or not factors:
        return None
    layout = Layout(frame, "model" if "model" in factors else factors[0])
    measured = [figures_of(frame, name, manifest=manifest) for name in scores]
    two_and_two = level_pairs(layout.names, None, layout.levels.keys.columns[0])
    pairs = compared(layout, measured, two_and_two)
    most = max(len(pair.paired.differences) for pair in pairs)
    if most < MIN_ITEMS:
        needed = f"{count(most, 'item')}, at least {MIN_ITEMS} needed"
        return f"too few items to show any difference: {needed}"
    strict = strict_alpha(0.05, len(two_and_two), "holm")
    told = [_told(figures, pairs, alpha=strict) for figures in measured]
    return (
        f"smallest difference this run could have shown: {', '.join(told)} "
        f"({count(most, 'item')})"
    )


def _told(figures: Figures, pairs: Sequence[Pair], *, alpha: float) -> str:
    """Tell it of the pair whose difference is known least."""
    of_it = [pair for pair in pairs if pair.figures is figures]
    worst = max(of_it, key=_uncertainty)
    size = pair_power(worst, alpha=alpha)["smallest_difference"]
    if size is None:
        return f"{figures.name} none of every pair"
    told = f"{100 * size:.1f} points" if figures.in_points else figure(size)
    return f"{figures.name} {told}"


def _uncertainty(pair: Pair) -> float:
    return pair.found.variance / pair.found.n_items if pair.found else float("inf")


def _n_levels(column: pd.Series) -> int:
    return len(set(map(repr, column.unique())))
