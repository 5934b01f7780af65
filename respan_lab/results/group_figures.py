"""One figure of each group of calls, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .failures import KINDS, failures
from .groups import Groups, group_columns, group_rows, item_codes
from .statistics import Interval, mean_interval, median_interval
from .summary import score_names, summarize
from .timing import is_timed

__all__ = ["group_figures"]

_MEDIANS = ("latency", "time_to_first_token", "tokens_per_second")
_MEANS = ("cost", "prompt_tokens", "completion_tokens")
_COUNTS = ("n", "n_items", "ok", "errors", "skipped", "unpriced")
_OTHERS = ("cost_total", "latency_p95")
_FIGURES = (*_MEANS, *_MEDIANS, *_COUNTS, *_OTHERS)
_KINDS = tuple(kind for kind in KINDS if kind not in _COUNTS)


def group_figures(
    frame: pd.DataFrame,
    metric: str,
    *,
    by: str | Sequence[str] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Give a figure of the summary, or the rate of a failure, with its interval.

    Args:
        frame: The frame of a run.
        metric: A score's name (``score_cost`` is one called ``cost``); ``cost``,
            ``latency`` (the median) or any other figure of the summary; or a kind of
            failure, whose rate it is.
        by: The columns to group by; None as the summary.
        manifest: Of the frame.

    Returns:
        A row for each group: its columns, ``figure``, ``ci_low``, ``ci_high`` at 95 %
        (missing where none is known) and ``n``: items of a score, else calls. Means
        have the t interval over items, medians the one of order statistics over
        calls, rates Wilson's.

    Raises:
        ConfigError: There is no such metric.
    """
    frame = frame.reset_index(drop=True)
    scores = score_names(frame)
    score = metric.removeprefix("score_")
    if score in scores and (metric != score or metric not in _FIGURES):
        return _scores(frame, score, by=by, manifest=manifest)
    if metric in _KINDS:
        found = failures(frame, manifest, by=by, every=True)
        of_kind = found[found["kind"] == metric].rename(columns={"rate": "figure"})
        return of_kind.drop(columns=["kind", "count"]).reset_index(drop=True)
    column = f"{metric}_p50" if metric in _MEDIANS else metric
    stem = column.removesuffix("_p50")
    _check_known(metric, column, stem, scores)
    summary = summarize(frame, by=by, manifest=manifest)
    groups = group_rows(frame, group_columns(frame, by))
    values = summary[column] if column in summary else [None] * len(groups)
    told = _keys(groups).assign(figure=pd.array(values, dtype="Float64"))
    return told.assign(**_ends(frame, groups, column, stem))


def _check_known(metric: str, column: str, stem: str, scores: list[str]) -> None:
    known = [*scores, *_FIGURES, *_KINDS]
    is_median = stem in _MEDIANS and column.endswith("_p50")
    if not is_median and metric not in known:
        near = get_close_matches(str(metric), known, n=3) or known
        raise ConfigError(
            f"metric={metric!r} is no figure of this run; try {', '.join(near)}"
        )


def _keys(groups: Groups) -> pd.DataFrame:
    known = [name for name in groups.keys if groups.keys[name].notna().any()]
    return groups.keys[known].copy()


def _scores(
    frame: pd.DataFrame,
    name: str,
    *,
    by: str | Sequence[str] | None,
    manifest: Mapping[str, Any] | None,
) -> pd.DataFrame:
    summary = summarize(frame, by=by, manifest=manifest)
    groups = group_rows(frame, group_columns(frame, by))
    known = frame[f"score_{name}"].notna().to_numpy(dtype=bool)
    items = item_codes(frame)
    n = [
        len(np.unique(items[known & (groups.codes == at)])) for at in range(len(groups))
    ]
    ends = {
        f"ci_{end}": summary.get(f"score_{name}_ci_{end}", pd.Series([None] * len(n)))
        for end in ("low", "high")
    }
    return _keys(groups).assign(
        figure=summary[f"score_{name}"].astype("Float64"),
        **{end: column.astype("Float64") for end, column in ends.items()},
        n=pd.array(n, dtype="Int64"),
    )


def _ends(
    frame: pd.DataFrame, groups: Groups, column: str, stem: str
) -> dict[str, Any]:
    is_call = frame["choice"].fillna(0).eq(0).to_numpy(dtype=bool)
    wanted = is_call
    if stem in frame:
        wanted = is_call & frame[stem].notna().to_numpy(dtype=bool)
    if stem in _MEDIANS:
        wanted &= is_timed(frame)
    here = [wanted & (groups.codes == at) for at in range(len(groups))]
    found: list[Interval | None] = [None] * len(groups)
    if column.endswith("_p50"):
        found = [median_interval(_floats(frame[stem][rows]).tolist()) for rows in here]
    elif stem in _MEANS:
        items = item_codes(frame)
        found = [
            _mean_interval(_floats(frame[stem][rows]), items[rows]) for rows in here
        ]
    return {
        "ci_low": pd.array([one and one.low for one in found], dtype="Float64"),
        "ci_high": pd.array([one and one.high for one in found], dtype="Float64"),
        "n": pd.array([int(rows.sum()) for rows in here], dtype="Int64"),
    }


def _mean_interval(values: Any, items: Any) -> Interval | None:
    """Give the interval of a mean that is not below 0; repeats are no new items."""
    means = pd.Series(values).groupby(items).mean().to_numpy()
    if len(means) < 2:
        return None
    low, high = mean_interval(means, level=0.95)
    return Interval(max(0.0, float(low)), float(high))


def _floats(column: pd.Series) -> Any:
    return column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
