"""What a run could show, and how many items would show more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .comparison import check_choice
from .comparison_pairs import Pair, compared, level_pairs, strict_alpha
from .metrics import figures_of, metric_names
from .pairing import Layout
from .statistics.differences import Difference
from .statistics.planning import (
    items_needed,
    mcnemar_power,
    smallest_difference,
    t_power,
)
from .statistics.verdicts import MIN_ITEMS

__all__ = ["DISCORDANCES", "pair_power", "planned_power", "power"]

DISCORDANCES = (0.1, 0.2, 0.3, 0.4)  # from models much alike to very different ones
_LARGEST_RATIO = 14.0  # as a logarithm: a million times

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
        pair_power(pair, n_items, difference=difference, power=power, alpha=strict)
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


def _check(power: float, difference: float | None) -> None:
    if not 0 < power < 1:
        raise ConfigError(f"power={power!r}: use a chance such as 0.8, below 1")
    if difference is not None and (not np.isfinite(difference) or difference == 0):
        raise ConfigError(f"difference={difference!r}: use one other than 0, as 0.05")


def pair_power(
    pair: Pair,
    n_items: int | None = None,
    *,
    difference: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> dict[str, Any]:
    """Give a row of `power`; ``alpha`` is what is left to it after correction."""
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
        row["smallest_difference"] = smallest_difference(
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
