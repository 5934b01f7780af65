"""What the front end of an explorer is shown: pages, choices, compared answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigError
from ..prompts.words import word_diff
from ..results.dtypes import is_missing
from ..results.item_answers import across_factors, item_answers
from ..results.labels import row_labels
from ..results.text import cut, visible
from ..results.view import Positions, View, Viewed, sort_order
from ..results.view_groups import view_groups
from ..results.wording import figure, money, seconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PAGE", "columns_of", "comparison", "page_of"]

PAGE = 50  # rows
_CELL = 300  # characters
_PICKS = 12  # values that are offered to be picked
_WORDS = {
    "cost": money,
    "cost_total": money,
    "latency": seconds,
    "latency_p50": seconds,
}
_GROUPS = ("run_name", "model", "prompt", "item", "status", "error_type")


def columns_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Name the columns of a table, and how each can be filtered and grouped by."""
    table = _names(frame)
    others = ["status", "error_type", "finish_reason"]
    return [
        {"name": name, "in_table": name in table, **_choices(frame[name]),
         "groups": name in _GROUPS or name.startswith("param_")}
        for name in dict.fromkeys([*table, *others])
    ]  # fmt: skip


def _names(frame: pd.DataFrame) -> list[str]:
    several = ("run_name", "prompt", "prompt_version", "run")
    names = [n for n in several if n in frame and frame[n].nunique() > 1]
    names = [*names[:1], "model", *names[1:], "item"]
    names += [n for n in frame.columns if n.startswith("param_")]
    names += [n for n in frame.columns if n.startswith("var_")][:2]
    names += ["expected", "output"]
    names += [n for n in frame.columns if n.startswith("score_")]
    names += ["cost", "latency", "status"]
    shown = [n for n in dict.fromkeys(names) if frame[n].notna().any()]
    return shown if "model" in shown else ["model", *shown]


def _choices(column: pd.Series) -> dict[str, Any]:
    if column.dtype.kind in "iuf":
        return {"range": True}
    found = column.astype(object).where(column.notna(), None)
    try:
        values = list(dict.fromkeys(found))
    except TypeError:  # lists and dicts cannot be told apart so
        return {}
    is_plain = all(isinstance(one, str | bool | None) for one in values)
    few = 1 < len(values) <= _PICKS and is_plain
    return {"picks": [[one, _plain(one)] for one in values]} if few else {}


def page_of(
    viewed: Viewed,
    positions: Positions,
    view: View,
    *,
    names: Sequence[str],
    manifest: Mapping[str, Any],
) -> dict[str, Any]:
    """Give a page of rows, or of groups, as texts.

    Args:
        viewed: The frame.
        positions: Where the rows of the view stand in it, in the view's order.
        view: What is asked for.
        names: The columns to be shown of rows; groups have their own.
        manifest: Of the run.

    Raises:
        ConfigError: There is no such column.
    """
    table = _groups(viewed, positions, view) if view.group else viewed.frame
    order = np.arange(len(table)) if view.group else positions
    pages = max(1, -(-len(order) // PAGE))
    page = min(max(view.page, 0), pages - 1)
    here = table.iloc[order[page * PAGE : (page + 1) * PAGE]]
    names = [str(one) for one in table.columns] if view.group else names
    columns = [[_told(name, one) for one in here[name]] for name in names]
    cells = zip(*columns, strict=True)
    extras = _values(here, view.group) if view.group else _extras(here, manifest)
    rows = [{"cells": list(c), **e} for c, e in zip(cells, extras, strict=True)]
    return {"names": list(names), "rows": rows, "n": len(positions),
            "all": len(viewed.frame), "page": page, "pages": pages,
            "words": list(view.words().items()), "grouped": view.group}  # fmt: skip


def _groups(viewed: Viewed, positions: Positions, view: View) -> pd.DataFrame:
    groups = view_groups(viewed.frame.iloc[positions], view.group or "")
    if view.sort not in groups:
        return groups
    return groups.iloc[sort_order(groups[view.sort], ascending=view.ascending)]


def _values(here: pd.DataFrame, group: str) -> list[dict[str, Any]]:
    values: list[Any] = [None if is_missing(one) else one for one in here[group]]
    return [{"value": one.item() if hasattr(one, "item") else one} for one in values]


def _extras(here: pd.DataFrame, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    labels = row_labels(here, manifest)
    runs = here["run_name"] if "run_name" in here else [None] * len(here)
    return [
        {"key": key, "run_name": run, "label": None if is_missing(label) else label,
         "status": status, "error": None if is_missing(e) else visible(str(e))}
        for key, run, label, status, e in zip(
            here["key"], runs, labels, here["status"], here["error_type"], strict=True
        )
    ]  # fmt: skip


def _told(name: str, value: Any) -> str:
    if name in _WORDS:
        return _WORDS[name](value)
    return visible(cut(_plain(value), _CELL))


def _plain(value: Any) -> str:
    if is_missing(value):
        return "–"
    return figure(value) if isinstance(value, float) else str(value)


def comparison(frame: pd.DataFrame, at: int, view: View) -> dict[str, Any]:
    """Give the answers of a row's item, with what differs from a baseline.

    Raises:
        ConfigError: The factor or the baseline is none.
    """
    rows = item_answers(frame, at, across=view.across)
    levels = [str(one) for one in rows[view.across]]
    baseline = view.baseline or str(frame.iloc[at][view.across])
    if baseline not in levels:
        raise ConfigError(f"baseline={baseline!r}; try {', '.join(levels)}")
    records = rows.to_dict("records")
    base = records[levels.index(baseline)]["output"]
    return {
        "kind": "comparison",
        "title": visible(f"item {frame.iloc[at]['item']} across {view.across}"),
        "factors": across_factors(frame) or [view.across],
        "levels": levels,
        "baseline": baseline,
        "answers": [_answer(row, base, level, baseline)
                    for row, level in zip(records, levels, strict=True)],
    }  # fmt: skip


def _answer(row: Any, base: Any, level: str, baseline: str) -> dict[str, Any]:
    output = row["output"]
    if is_missing(output):
        failed = [row["status"], row["error_type"], row["error_message"]]
        told = ": ".join(visible(str(one)) for one in failed if not is_missing(one))
        pieces = [["!", f"no answer ({told})"]]
    elif is_missing(base) or level == baseline:
        pieces = [["=", visible(output)]]
    else:
        pieces = [list(one) for one in word_diff(visible(base), visible(output))]
    figures = [n for n in row if n.startswith(("score_", "note_"))]
    facts = [[n, _told(n, row[n])] for n in [*figures, "cost", "latency"]]
    return {
        "level": level,
        "pieces": pieces,
        "facts": [f for f in facts if f[1] != "–"],
    }
