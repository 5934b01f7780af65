"""Rows of calls put into groups, with a few figures of each, fast enough to click."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .filters import check_column
from .groups import Groups, group_rows, item_codes
from .summary import score_names
from .timing import is_timed

__all__ = ["view_groups"]


def view_groups(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count the calls of each group, and give their mean figures.

    The figures are those of `Results.summary(by=...)`, without intervals, which take
    seconds where every item is a group.

    Args:
        frame: The rows of a run.
        by: The column to group by.

    Returns:
        A row for each group, categories in their order: ``by``; ``n``, ``n_items``,
        ``ok``, ``errors`` (calls, maybe billed ones among the errors); ``score_<name>``
        (mean of the item means), ``cost`` (mean dollars a call), ``cost_total`` and
        ``latency_p50`` (median seconds of calls whose times compare), missing where
        nothing is known.

    Raises:
        ConfigError: There is no such column.

    Example:
        >>> from respan_lab.results import build_frame
        >>> rows = [{"model": m, "item": 0, "status": "ok", "cost": c, "choice": 0}
        ...         for m, c in [("a", 1.0), ("a", 3.0), ("b", 5.0)]]
        >>> frame = build_frame(rows, models=["a", "b"], prompts=[])
        >>> view_groups(frame, "model")[["model", "n", "cost"]].values.tolist()
        [['a', 2, 2.0], ['b', 1, 5.0]]
    """
    check_column(frame, by, what="group")
    frame = frame.reset_index(drop=True)
    groups = group_rows(frame, [by])
    items = item_codes(frame)
    is_call = frame["choice"].fillna(0).eq(0).to_numpy(dtype=bool)
    calls, codes = frame[is_call], groups.codes[is_call]
    columns: dict[str, pd.Series] = {by: groups.keys[by]}
    columns |= _counts(calls, codes, items[is_call], groups)
    for name in score_names(frame):
        columns[f"score_{name}"] = _score(frame, groups, items, name)
    columns["cost"] = _spread(calls["cost"].groupby(codes).mean(), groups)
    total = calls["cost"].groupby(codes).sum(min_count=1)
    columns["cost_total"] = _spread(total, groups)
    timed = is_timed(calls)
    latency = calls["latency"][timed].groupby(codes[timed]).median()
    columns["latency_p50"] = _spread(latency, groups)
    return pd.DataFrame(columns)


def _counts(
    calls: pd.DataFrame,
    codes: np.ndarray,
    items: np.ndarray,
    groups: Groups,
) -> dict[str, pd.Series]:
    status = calls["status"].astype(object)
    first = ~pd.DataFrame({"group": codes, "item": items}).duplicated()
    counted = {
        "n": status.notna(),
        "n_items": first,
        "ok": status == "ok",
        "errors": status.isin(("error", "maybe_billed")),
    }
    return {
        name: pd.Series(
            np.bincount(codes[where.to_numpy(dtype=bool)], minlength=len(groups)),
            dtype="Int64",
        )
        for name, where in counted.items()
    }


def _score(
    frame: pd.DataFrame,
    groups: Groups,
    items: np.ndarray,
    name: str,
) -> pd.Series:
    score = frame[f"score_{name}"].astype("Float64")
    of_item = score.groupby([groups.codes, items]).mean()
    return _spread(of_item.groupby(level=0).mean(), groups)


def _spread(figures: pd.Series, groups: Groups) -> pd.Series:
    return figures.reindex(range(len(groups))).astype("Float64")
