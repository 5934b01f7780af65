"""Which rows of a summary may be best: those that none was shown to be better than.

Source: the idea of a set that holds the best, J. C. Hsu, "Multiple Comparisons" (1996),
chapter 4; here from all pairs, paired by item and corrected by Holm's method, so that
with 95 % confidence no row is left out wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from .comparison import compare
from .groups import group_columns, group_rows
from .metrics import RATIOS
from .pairing import factors_of
from .summary import score_names
from .wording import MARK

__all__ = ["MEANING", "beaten", "best_scores", "column_of", "may_be_best"]

_MEDIANS = {
    "latency": "latency_p50",
    "time_to_first_token": "time_to_first_token_p50",
}
MEANING = (
    f"{MARK} may be best: no other row was shown to be better (paired by item, "
    "p < 0.05 after Holm's correction)"
)


def may_be_best(
    frame: pd.DataFrame,
    metrics: Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> dict[str, list[bool]]:
    """Tell of each row of a summary whether it may be best, by each metric.

    Args:
        frame: The frame of a run.
        metrics: As `Results.compare` takes them.
        by: As `Results.summary` takes it.
        manifest: The run's, for what is better lower.

    Returns:
        By the summary's column that a metric is told in, such as ``score_match`` or
        ``latency_p50``, a value for each row. Nothing if there is only one row, or
        if it is grouped by something else than was asked: then nothing is compared.
    """
    names = group_columns(frame, by)
    n_rows = len(group_rows(frame, names))
    if n_rows < 2 or not set(names) <= set(factors_of(frame)):
        return {}
    varying = [one for one in names if _varies(frame[one])]
    return {
        column_of(metric): _marks(frame, metric, varying, n_rows, manifest)
        for metric in metrics
    }


def best_scores(
    frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None
) -> dict[str, list[bool]]:
    """Tell it by every score of a run, of the rows of its summary."""
    metrics = [f"score_{name}" for name in score_names(frame)]
    return may_be_best(frame, metrics, manifest=manifest)


def column_of(metric: str) -> str:
    """Name the summary's column that a metric is told in.

    Example:
        >>> column_of("latency"), column_of("match"), column_of("score_match")
        ('latency_p50', 'score_match', 'score_match')
    """
    if metric in RATIOS:
        return _MEDIANS.get(metric, metric)
    return f"score_{metric.removeprefix('score_')}"


def _varies(column: pd.Series) -> bool:
    values = column if column.dtype == object else column.unique()
    return len({repr(one) for one in values}) > 1


def _marks(
    frame: pd.DataFrame,
    metric: str,
    by: list[str],
    n_rows: int,
    manifest: Mapping[str, Any] | None,
) -> list[bool]:
    found = compare(frame, metric, by=by if len(by) > 1 else by[0], manifest=manifest)
    is_known = [False] * n_rows
    for pair, n_items in zip(_pairs(n_rows), found["n_items"], strict=True):
        for at in pair:
            is_known[at] |= bool(n_items)
    lost = beaten(found, n_rows)
    return [known and not lost[at] for at, known in enumerate(is_known)]


def beaten(found: pd.DataFrame, n_levels: int) -> list[bool]:
    """Tell of each level whether another was shown to be better.

    Args:
        found: What `compare` gives of every two levels by one metric.
        n_levels: How many levels there are, in the order of the comparison.

    Example:
        >>> beaten(pd.DataFrame({"verdict": ["worse", "undecided", "better"]}), 3)
        [True, False, True]
    """
    lost = [False] * n_levels
    for (a, b), verdict in zip(_pairs(n_levels), found["verdict"], strict=True):
        lost[a] |= verdict == "worse"
        lost[b] |= verdict == "better"
    return lost


def _pairs(n_levels: int) -> Iterable[tuple[int, int]]:
    return combinations(range(n_levels), 2)  # the order of a comparison's rows
