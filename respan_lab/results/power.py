"""What a run could show, and how many items would show more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .comparison import check_choice
from .comparison_pairs import Pair, compared, level_pairs, strict_alpha
from .metrics import Figures, figures_of, metric_names
from .pairing import Layout, factors_of
from .statistics.differences import Difference
from .statistics.planning import (
    items_needed,
    mcnemar_power,
    t_power,
)
from .statistics.planning import smallest_difference as smallest_found
from .statistics.verdicts import MIN_ITEMS
from .summary import score_names
from .wording import count, figure

__all__ = [
    "DISCORDANCES",
    "planned_power",
    "power",
    "power_line",
    "smallest_difference",
]

DISCORDANCES = (0.1, 0.2, 0.3, 0.4)  # from models much alike to very different ones
_LARGEST_RATIO = 14.0  # as a logarithm: a million times
_MAX_TOLD = 3  # scores in one line

_TYPES = {
    "n_items": "Int64",
    "discordance": "Float64",
    "spread": "Float64",
    "power": "Float64",
    "smallest_difference": "Float64",
    "difference": "Float64",
    "n_needed": "Int64",
}


def power(
    frame: pd.DataFrame,
    metric: str | Sequence[str] | None = None,
    difference: float | None = None,
    *,
    by: str | Sequence[str] = "model",
    n_items: int | None = None,
    power: float = 0.8,
    correction: str | None = "holm",
    alpha: float = 0.05,
    manifest: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Give what so many items can show of each pair, from how the two differed.

    Args:
        frame: The frame of a run.
        metric: As for `compare`.
        difference: A true difference to be shown, in the metric's unit (of a ratio,
            as its logarithm); None asks for none.
        by: The factor whose levels are compared.
        n_items: How many items; None takes those the two have in common.
        power: How often it is to be shown, between 0 and 1.
        correction: As for `compare`: for the first of so many rows.
        alpha: The error that is allowed.
        manifest: The run's.

    Returns:
        A row for each pair and metric: ``metric``, ``a``, ``b``, ``n_items``;
        ``discordance``, the share of items on which the two differ; ``spread``, the
        standard deviation of an item's difference; ``power``;
        ``smallest_difference`` that is shown so often; and if a ``difference`` is
        given, ``n_needed``, the items in all that show it.

    Raises:
        ConfigError: A name is not in the frame, a value is out of range, or there are
            no two levels.

    Example:
        >>> rows = [(i, m, i % 5 > 0 or m == "b") for i in range(50) for m in "ab"]
        >>> frame = pd.DataFrame(rows, columns=["item", "model", "score_good"])
        >>> found = power(frame, difference=0.1).round(2)
        >>> found[["discordance", "smallest_difference", "n_needed"]].values.tolist()
        [[0.2, 0.18, 168]]
    """
    check_choice(correction=correction, alpha=alpha)
    _check(power, difference)
    frame = frame.reset_index(drop=True)
    layout = Layout(frame, by)
    names = metric_names(frame, metric)
    measured = [figures_of(frame, name, manifest=manifest) for name in names]
    pairs = compared(layout, measured, level_pairs(layout.names, None, by), alpha=alpha)
    strict = strict_alpha(alpha, len(pairs), correction)
    rows = [
        _row(pair, n_items, difference=difference, power=power, alpha=strict)
        for pair in pairs
    ]
    return _frame(rows)


def planned_power(
    n_items: int,
    n_levels: int,
    difference: float | None = None,
    *,
    discordance: float | Sequence[float] | None = None,
    power: float = 0.8,
    correction: str | None = "holm",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Give what so many items can show of right and wrong answers not yet asked for.

    By the exact McNemar test with one answer to an item; repeats show somewhat more.

    Args:
        n_items: How many items.
        n_levels: How many models are compared, each with each.
        difference: A true difference of the rates to be shown; None asks for none.
        discordance: The share of items on which two models differ, or several; None
            tries ``DISCORDANCES``.
        power: How often it is to be shown, between 0 and 1.
        correction: For the first of so many pairs.
        alpha: The error that is allowed.

    Returns:
        A row for each discordance: ``discordance``, ``n_items``, ``power``,
        ``smallest_difference`` (missing if not even the largest is shown), and with a
        ``difference`` ``n_needed``.

    Raises:
        ConfigError: A value is out of range.

    Example:
        >>> found = planned_power(100, 2, 0.1, discordance=0.2)
        >>> found[["smallest_difference", "n_needed"]].round(2).to_dict("records")
        [{'smallest_difference': 0.13, 'n_needed': 168}]
    """
    check_choice(correction=correction, alpha=alpha)
    _check(power, difference)
    several = DISCORDANCES if discordance is None else discordance
    shares = [several] if isinstance(several, (int, float)) else list(several)
    for share in shares:
        if not 0 < share <= 1:
            raise ConfigError(
                f"discordance={share!r}: use a share above 0 and up to 1, as 0.2"
            )
    n_pairs = max(1, n_levels * (n_levels - 1) // 2)
    strict = strict_alpha(alpha, n_pairs, correction)
    rows = []
    for share in shares:
        power_of = _binary_power(share, alpha=strict)
        row = {"discordance": share, "n_items": n_items, "power": power}
        rows.append(row | _planned(power_of, n_items, 1.0, difference, power))
    return _frame(rows)


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
    row = _row(worst, None, difference=None, power=0.8, alpha=alpha)
    size = row["smallest_difference"]
    if size is None:
        return f"{figures.name} none of every pair"
    told = f"{100 * size:.1f} points" if figures.in_points else figure(size)
    return f"{figures.name} {told}"


def _uncertainty(pair: Pair) -> float:
    return pair.found.variance / pair.found.n_items if pair.found else float("inf")


def _n_levels(column: pd.Series) -> int:
    return len(set(map(repr, column.unique())))


def _check(power: float, difference: float | None) -> None:
    if not 0 < power < 1:
        raise ConfigError(f"power={power!r}: use a chance such as 0.8, below 1")
    if difference is not None and (not np.isfinite(difference) or difference == 0):
        raise ConfigError(f"difference={difference!r}: use one other than 0, as 0.05")


def _row(
    pair: Pair,
    n_items: int | None,
    *,
    difference: float | None,
    power: float,
    alpha: float,
) -> dict[str, Any]:
    found = pair.found
    n = (found.n_items if found else 0) if n_items is None else n_items
    row: dict[str, Any] = {
        "metric": pair.figures.name,
        "a": pair.a,
        "b": pair.b,
        "n_items": n,
        "discordance": None,
        "spread": None,
        "power": power,
        "smallest_difference": None,
    }
    if found is None or not np.isfinite(found.variance):
        return row
    row["discordance"] = float((pair.paired.differences != 0).mean())
    row["spread"] = float(np.sqrt(found.variance))
    largest = _LARGEST_RATIO if found.reach is None else found.reach
    return row | _planned(_power_of(found, alpha), n, largest, difference, power)


def _power_of(found: Difference, alpha: float) -> Callable[[float, int], float]:
    """The power of the test that was made, by difference and number of items."""
    if found.is_binary:
        return _binary_power(found.squares / found.n_items, alpha=alpha)
    variance = found.variance
    if variance == 0:
        return lambda difference, n: float(n > 1)
    return lambda difference, n: t_power(difference, n, variance=variance, alpha=alpha)


def _binary_power(share: float, *, alpha: float) -> Callable[[float, int], float]:
    def power_of(difference: float, n: int) -> float:
        # A difference needs at least as many items on which the two differ.
        differ = min(1.0, max(share, abs(difference)))
        return mcnemar_power(difference, n, discordance=differ, alpha=alpha)

    return power_of


def _planned(
    power_of: Callable[[float, int], float],
    n: int,
    largest: float,
    difference: float | None,
    power: float,
) -> dict[str, Any]:
    """Give the two figures that are planned with; missing where nothing would do."""
    row: dict[str, Any] = {"smallest_difference": None}
    if n >= MIN_ITEMS:
        row["smallest_difference"] = smallest_found(
            lambda size: power_of(size, n), largest=largest, power=power
        )
    if difference is not None:
        asked = abs(difference)
        row["difference"] = difference
        row["n_needed"] = items_needed(lambda n: power_of(asked, n), power=power)
    return row


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    return frame.astype({name: _TYPES[name] for name in frame if name in _TYPES})
