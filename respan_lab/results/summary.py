"""The summary: one row per model, prompt and grid point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from .groups import Groups, group_columns, group_rows, item_codes
from .labels import combined_label, row_labels
from .shares import share_columns
from .statistics import MIN_CALLS_P95, rate_interval
from .stopped import Stopped
from .timing import is_timed

__all__ = ["score_names", "summarize"]


def score_names(frame: pd.DataFrame) -> list[str]:
    """Name the scores that have at least one value, without ``score_``.

    Works on the frame and on its summary alike.
    """
    ends = ("_ci_low", "_ci_high")
    return [
        name.removeprefix("score_")
        for name in frame.columns
        if name.startswith("score_")
        and not (name.endswith(ends) and name.rpartition("_ci_")[0] in frame.columns)
        and frame[name].notna().any()
    ]


def summarize(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Summarise calls, one row per group in the order given.

    Args:
        frame: The frame of a run.
        by: One or more columns to group by instead of model, prompt, version and
            grid axes; an empty list gives one row in all.
        manifest: The run's manifest: its ``targets`` tell lists and their weights,
            its ``labels`` what to say of a model. None means there is none.

    Returns:
        The columns of ``SUMMARY_COLUMNS``, without those that are missing throughout.
        A score is the mean of the item means; a call that failed has none and is out
        of it. The interval of a score by which the run could stop is a confidence
        sequence's, of the items that counted. Times are of calls that this run asked
        and that were answered, neither from a cache nor by another model.

    Raises:
        ConfigError: If ``by`` names a column that the frame does not have.
    """
    frame = frame.reset_index(drop=True)
    groups = group_rows(frame, group_columns(frame, by))
    is_call = frame["choice"].fillna(0).eq(0).to_numpy(dtype=bool)
    calls = frame[is_call].reset_index(drop=True)
    per_call = Groups(groups.keys, groups.codes[is_call])
    targets = (manifest or {}).get("targets") or {}
    parts = [
        groups.keys,
        _counts(calls, per_call),
        *(
            _score(frame, groups, name=name, stopped=Stopped.of(frame, manifest, name))
            for name in score_names(frame)
        ),
        _cost(calls, per_call),
        _times(calls, per_call),
        _tokens(calls, per_call),
        share_columns(calls, per_call, targets=targets),
        _labels(calls, per_call, manifest=manifest),
    ]
    summary = pd.concat(parts, axis=1)
    shown = [name for name in summary.columns if summary[name].notna().any()]
    return summary[shown] if len(summary) else summary


def _counts(calls: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    status = calls["status"].astype(object)
    items = pd.DataFrame({"group": groups.codes, "item": item_codes(calls)})
    failed = status.isin(("error", "maybe_billed"))
    return pd.DataFrame(
        {
            "n": _count(groups, where=status.notna()),
            "n_items": _count(groups, where=~items.duplicated()),
            "ok": _count(groups, where=status == "ok"),
            "errors": _count(groups, where=failed),
            "skipped": _count(groups, where=status == "skipped"),
        }
    )


def _count(groups: Groups, *, where: pd.Series) -> pd.Series:
    codes = groups.codes[where.to_numpy(dtype=bool)]
    return pd.Series(np.bincount(codes, minlength=len(groups)), dtype="Int64")


def _score(
    frame: pd.DataFrame, groups: Groups, *, name: str, stopped: Stopped | None
) -> pd.DataFrame:
    column = f"score_{name}"
    scores = pd.DataFrame(
        {
            "group": groups.codes,
            "item": item_codes(frame),
            "score": frame[column].astype("Float64"),
        }
    ).dropna(subset="score")
    of_item = scores.groupby(["group", "item"])["score"].agg(["mean", "count"])
    figures = [(None, None, None)] * len(groups)
    for group, items in of_item.groupby(level="group"):
        means = items["mean"].to_numpy(dtype=float).tolist()
        interval = rate_interval(means, int(items["count"].sum()))
        if stopped is not None:
            interval = stopped.interval(groups.codes == group)
        figures[int(group)] = (fmean(means), *(interval or (None, None)))
    names = [column, f"{column}_ci_low", f"{column}_ci_high"]
    return pd.DataFrame(figures, columns=names, dtype="Float64")


def _cost(calls: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    by_group = calls["cost"].groupby(groups.codes)
    was_sent = calls["status"].isin(("ok", "maybe_billed"))
    return pd.DataFrame(
        {
            "cost": _spread(by_group.mean(), groups),
            "cost_total": _spread(by_group.sum(min_count=1), groups),
            "unpriced": _count(groups, where=was_sent & calls["cost"].isna()),
        }
    )


def _times(calls: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    counts = is_timed(calls)
    timed, codes = calls[counts], groups.codes[counts]
    latency = timed["latency"].groupby(codes)
    enough = latency.count() >= MIN_CALLS_P95
    return pd.DataFrame(
        {
            "latency_p50": _spread(latency.median(), groups),
            "latency_p95": _spread(latency.quantile(0.95).where(enough), groups),
            **{
                f"{name}_p50": _spread(timed[name].groupby(codes).median(), groups)
                for name in ("time_to_first_token", "tokens_per_second")
            },
        }
    )


def _tokens(calls: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    names = ("prompt_tokens", "completion_tokens")
    means = {name: calls[name].groupby(groups.codes).mean() for name in names}
    return pd.DataFrame({name: _spread(mean, groups) for name, mean in means.items()})


def _spread(figures: pd.Series, groups: Groups) -> pd.Series:
    """Give every group a figure, a missing one where it has none."""
    return figures.reindex(range(len(groups))).astype("Float64")


def _labels(
    calls: pd.DataFrame, groups: Groups, *, manifest: Mapping[str, Any] | None
) -> pd.DataFrame:
    is_known = calls["answered_model"].notna() | calls["asked_model"].notna()
    known = row_labels(calls, manifest)[is_known]
    by_group = known.groupby(groups.codes[is_known.to_numpy(dtype=bool)])
    found = {group: combined_label(labels.unique()) for group, labels in by_group}
    labels = [found.get(group) for group in range(len(groups))]
    return pd.DataFrame({"label": pd.array(labels, dtype="string")})
