"""The pairs of a comparison, each with its difference."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import combinations
from typing import NamedTuple

from ..errors import ConfigError
from .metrics import Figures
from .pairing import Layout, Paired, Pairing
from .statistics.differences import (
    Difference,
    binary_difference,
    log_ratio,
    score_difference,
)
from .statistics.verdicts import MIN_ITEMS
from .wording import count

__all__ = ["Pair", "compared", "level_pairs", "strict_alpha"]


class Pair(NamedTuple):
    """Two levels compared by one metric.

    Attributes:
        figures: The metric's.
        a: The first level.
        b: The second.
        paired: The two, side by side.
        found: Their difference; None without a common item.
        is_sequence: Whether the run could stop after every item, so that its p-value
            counts for all looks and all pairs already.
    """

    figures: Figures
    a: object
    b: object
    paired: Paired
    found: Difference | None
    is_sequence: bool = False

    @property
    def p_value(self) -> float:
        """Of no difference; NaN if there are too few items to tell."""
        if self.found is None:
            return float("nan")
        is_enough = self.is_sequence or self.found.n_items >= MIN_ITEMS
        return self.found.p_value if is_enough else float("nan")


def compared(
    layout: Layout,
    measured: Sequence[Figures],
    pairs: Sequence[tuple[int, int]],
    *,
    alpha: float = 0.05,
) -> list[Pair]:
    """Compare levels by one metric after the other.

    Targets of a run that could stop are compared by what it looked at.

    Args:
        layout: Of the frame.
        measured: Its metrics.
        pairs: The positions of the levels, two and two.
        alpha: The error that is allowed.
    """
    names, found = layout.names, []
    for figures in measured:
        pairing = Pairing(layout, figures.values)
        stopped = figures.stopped if layout.is_by_model else None
        for a, b in pairs:
            paired = pairing.paired(a, b)
            seen = stopped and stopped.difference(str(names[a]), str(names[b]))
            difference = seen or _difference(paired, figures, alpha=alpha)
            found.append(
                Pair(figures, names[a], names[b], paired, difference, bool(seen))
            )
    return found


def _difference(paired: Paired, figures: Figures, *, alpha: float) -> Difference | None:
    """Compare two by the method for their kind of figures; None without an item."""
    if not len(paired.differences):
        return None
    if figures.is_ratio:
        return log_ratio(paired.differences, alpha=alpha)
    if paired.is_single:
        return binary_difference(paired.differences, alpha=alpha)
    reach = figures.reach or 1.0
    return score_difference(paired.differences, reach=reach, alpha=alpha)


def level_pairs(
    names: Sequence[object], baseline: object, by: str | Sequence[str]
) -> list[tuple[int, int]]:
    """Pair the levels up: every two, or each with the baseline.

    Raises:
        ConfigError: There are no two levels, or the baseline is none of them.
    """
    if len(names) < 2:
        raise ConfigError(
            f"by={by!r} has {count(len(names), 'level')} in this frame; a comparison "
            "needs two"
        )
    if baseline is None:
        return list(combinations(range(len(names)), 2))
    texts = [str(name) for name in names]
    if str(baseline) not in texts:
        near = get_close_matches(str(baseline), texts, n=1) or texts
        raise ConfigError(
            f"baseline={baseline!r} is not a level of {by!r}; try {', '.join(near)}"
        )
    base = texts.index(str(baseline))
    return [(at, base) for at in range(len(names)) if at != base]


def strict_alpha(alpha: float, n_rows: int, correction: str | None) -> float:
    """Give the error left to a row at the hardest step of a correction, its first.

    Example:
        >>> strict_alpha(0.05, 5, "holm"), strict_alpha(0.05, 5, None)
        (0.01, 0.05)
    """
    return alpha / n_rows if correction else alpha
