"""A comparison's rows as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import pandas as pd

from .metrics import RATIOS
from .wording import count, figure

__all__ = ["sentence", "wording"]

# More of it, and less of it.
_WORDS = {
    "cost": ("dearer", "cheaper"),
    "latency": ("slower", "faster"),
    "time_to_first_token": ("slower to begin", "faster to begin"),
    "completion_tokens": ("longer", "shorter"),
}
_NARROW = 4  # points


def wording(row: Mapping[str, Any], *, in_points: bool = True) -> str:
    """Say what a row of a comparison shows, of its ``a`` against its ``b``.

    Args:
        row: Of the frame that `compare` gives: as a mapping, or a Series.
        in_points: Whether a score lies from 0 to 1, so that its difference is told in
            points of a hundred; else in the score's own unit.

    Example:
        >>> wording({"metric": "latency", "diff": 0.588, "ci_low": 0.47,
        ...          "ci_high": 0.742, "verdict": "worse", "n_more": None})
        '1.8x slower, 1.6–2.1'
        >>> wording({"metric": "match", "diff": 0.07, "ci_low": 0.02, "ci_high": 0.12,
        ...          "verdict": "better", "n_more": None})
        '7 points better, 2–12'
        >>> wording({"metric": "match", "diff": 0.03, "ci_low": -0.05,
        ...          "ci_high": 0.11, "verdict": "undecided", "n_more": 210})
        'undecided: 3 points more, -5 to 11; about 210 more items would settle it'
    """
    if pd.isna(row["diff"]):
        return "undecided: no item in common"
    said = _ratio(row) if row["metric"] in RATIOS else _score(row, in_points)
    if row["verdict"] == "tied":
        return f"tied: {said}"
    if row["verdict"] == "undecided":
        return f"undecided: {said}{_more(row['n_more'])}"
    return said


def sentence(row: Mapping[str, Any], *, in_points: bool = True) -> str:
    """Say it with the names of the two.

    Example:
        >>> sentence({"metric": "cost", "a": "large", "b": "small", "diff": 0.693,
        ...           "ci_low": 0.6, "ci_high": 0.8, "verdict": "worse"})
        'large against small, cost: 2.0x dearer, 1.8–2.2'
    """
    said = wording(row, in_points=in_points)
    return f"{row['a']} against {row['b']}, {row['metric']}: {said}"


def _more(n_more: Any) -> str:
    if pd.isna(n_more):
        return ""
    return f"; about {count(int(n_more), 'more item')} would settle it"


def _ratio(row: Mapping[str, Any]) -> str:
    """Tell how many times, of the larger of the two."""
    more, less = ("", "") if row["verdict"] == "tied" else _WORDS[row["metric"]]
    log, low, high = _known(row)
    if log < 0:
        log, low, high = -log, -high, -low
    times = _times(log)
    said = f"{times}x {more if row['diff'] >= 0 else less}".rstrip()
    if pd.isna(low) or pd.isna(high):
        return said
    return f"{said}, {_times(low)}–{_times(high)}"


def _known(row: Mapping[str, Any]) -> list[float]:
    """The difference and its interval's ends; NaN for an end that is not known."""
    values = (row[name] for name in ("diff", "ci_low", "ci_high"))
    return [float("nan") if pd.isna(value) else float(value) for value in values]


def _times(log: float) -> str:
    times = exp(log) if log < 700 else float("inf")
    return f"{times:,.0f}" if times >= 100 else f"{times:.{2 if times < 1.1 else 1}f}"


def _score(row: Mapping[str, Any], in_points: bool) -> str:
    scale = 100 if in_points else 1
    diff, low, high = (scale * value for value in _known(row))
    words = {"better": "better", "worse": "worse"}
    word = words.get(row["verdict"], "more" if diff >= 0 else "less")
    if diff < 0:
        diff, low, high = -diff, -high, -low
    is_bare = pd.isna(low) or pd.isna(high)
    if is_bare:
        low = high = diff
    size, *ends = _rounded(diff, low, high, in_points=in_points)
    unit = (" point" if size == "1" else " points") if in_points else ""
    if is_bare:
        return f"{size}{unit} {word}"
    return f"{size}{unit} {word}, {('–' if low >= 0 else ' to ').join(ends)}"


def _rounded(*values: float, in_points: bool) -> list[str]:
    """Give whole points, or tenths of them where the interval is narrow."""
    if not in_points:
        return [figure(value) for value in values]
    digits = 0 if values[2] - values[1] >= _NARROW else 1
    return [f"{round(value, digits) + 0.0:.{digits}f}" for value in values]
