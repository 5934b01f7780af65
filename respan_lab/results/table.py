"""Frames of text for a reader: the summary, and the first rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from .json_values import dumps
from .summary import score_names
from .text import cut, visible
from .wording import MARK, NOTHING, count, figure, interval, money, seconds

__all__ = [
    "Told",
    "figure_columns",
    "html_table",
    "is_figures",
    "rows_table",
    "summary_table",
    "summary_words",
    "text_table",
]

MAX_CELL = 160  # characters of a cell in a notebook
_MAX_ITEMS = 12  # columns of a user's data that a page shows

_SUMMARY: dict[str, tuple[str, Callable[[Any], str]]] = {
    "cost": ("cost/call", money),
    "cost_total": ("cost", money),
    "latency_p50": ("latency p50", seconds),
    "latency_p95": ("latency p95", seconds),
    "time_to_first_token_p50": ("first token", seconds),
    "tokens_per_second_p50": ("tokens/s", figure),
    "prompt_tokens": ("tokens in", figure),
    "completion_tokens": ("tokens out", figure),
}
_ROWS: dict[str, Callable[[Any], str]] = {
    "cost": money,
    "latency": seconds,
    "time_to_first_token": seconds,
    "tokens_per_second": figure,
}
_LEFT = {
    "status",
    "run",
    "model",
    "prompt",
    "version",
    "label",
    "expected",
    "output",
    "item",
    "metric",
    "a",
    "b",
    "a is",
    "a against b",
    "kind",
    "meaning",
}

Titled: TypeAlias = tuple[str, list[str]]
_PROSE = "white-space:pre-wrap;overflow-wrap:anywhere;min-width:18em;max-width:34em"
_SHORT = 40  # characters that stay on one line


class Told(NamedTuple):
    """A column of the summary in words.

    Attributes:
        name: The summary's column it tells; ``calls`` for the counts together.
        title: What stands above it.
        cells: A text for each row.
    """

    name: str
    title: str
    cells: list[str]


def summary_table(
    summary: pd.DataFrame, *, best: Mapping[str, Sequence[bool]] | None = None
) -> pd.DataFrame:
    """Give a summary as text: few digits, units, each score with its interval.

    A label that is true of every row is left out: it stands above the table.

    Args:
        summary: What `summarize` gives.
        best: What `may_be_best` gives, to be marked; None marks nothing.
    """
    columns = [(one.title, one.cells) for one in summary_words(summary, best=best)]
    return _titled(columns, n_rows=len(summary))


def summary_words(
    summary: pd.DataFrame,
    *,
    best: Mapping[str, Sequence[bool]] | None = None,
    wordings: Mapping[str, Callable[[Any], str]] | None = None,
) -> list[Told]:
    """Give a summary's columns in words.

    Args:
        summary: What `summarize` gives.
        best: As for `summary_table`.
        wordings: How to tell some columns otherwise; None is as usual.
    """
    rows = summary.to_dict("records")
    given = wordings or {}
    columns = [
        Told(name, _title(name), [_plain(one) for one in summary[name]])
        for name in summary.columns[: list(summary.columns).index("n")]
    ]
    columns.append(Told("calls", "calls", [_calls(row) for row in rows]))
    columns += [
        Told(f"score_{name}", name, [_scored(row, name) for row in rows])
        for name in score_names(summary)
    ]
    for name, (title, usual) in _SUMMARY.items():
        if name in summary:
            wording = given.get(name, usual)
            columns.append(Told(name, title, [wording(one) for one in summary[name]]))
    for name in summary.columns:
        if name.startswith("share_"):
            model = name.removeprefix("share_")
            shares = [_share(row, model) for row in rows]
            columns.append(Told(name, f"share {model}", shares))
    if "label" in summary and summary["label"].nunique(dropna=False) > 1:
        columns.append(
            Told("label", "label", [_plain(one) for one in summary["label"]])
        )
    return [_marked(one, (best or {}).get(one.name)) for one in columns]


def _marked(column: Told, is_best: Sequence[bool] | None) -> Told:
    if is_best is None:
        return column
    cells = [
        f"{cell} {MARK}" if best else cell
        for cell, best in zip(column.cells, is_best, strict=True)
    ]
    return column._replace(cells=cells)


def _titled(columns: list[Titled], *, n_rows: int) -> pd.DataFrame:
    """Make a frame whose titles may repeat: a score may be called ``cost``."""
    titles = [title for title, _ in columns]
    cells = {at: values for at, (_, values) in enumerate(columns)}
    return pd.DataFrame(cells, index=range(n_rows), dtype=object).set_axis(
        titles, axis=1
    )


def _calls(row: dict[Any, Any]) -> str:
    shortfalls = [
        count(row["errors"], "error") if row["errors"] else "",
        f"{row['skipped']:,} skipped" if row["skipped"] else "",
        f"{row['unpriced']:,} unpriced" if row["unpriced"] else "",
    ]
    notes = ", ".join(note for note in shortfalls if note)
    return f"{row['n']:,} ({notes})" if notes else f"{row['n']:,}"


def _scored(row: dict[Any, Any], name: str) -> str:
    ends = (row.get(f"score_{name}_ci_{end}") for end in ("low", "high"))
    between = interval(*ends)
    score = figure(row[f"score_{name}"])
    return f"{score} [{between}]" if between else score


def _share(row: dict[Any, Any], model: str) -> str:
    part, asked = row[f"share_{model}"], row.get(f"weight_{model}")
    if pd.isna(part):
        return NOTHING
    return f"{part:.0%}" if pd.isna(asked) else f"{part:.0%} (asked {asked:.0%})"


def rows_table(frame: pd.DataFrame, *, data: bool = False) -> pd.DataFrame:
    """Give rows as text, in the columns a reader looks at first.

    Args:
        frame: The rows to show.
        data: Also show the columns of the user's data (the first twelve).
    """
    names = ["run_name"] if "run_name" in frame.columns else []
    names += ["model", "prompt", "prompt_version", "item"]
    names += [name for name in frame.columns if name.startswith("param_")]
    if data:
        variables = [name for name in frame.columns if name.startswith("var_")]
        names += variables[:_MAX_ITEMS]
    names += ["expected", "output"]
    names += [name for name in frame.columns if name.startswith("score_")]
    names += _ROWS
    shown = [name for name in names if frame[name].notna().any()]
    columns = [
        (_title(name), [_ROWS.get(name, _plain)(one) for one in frame[name]])
        for name in shown
    ]
    if not (frame["status"] == "ok").all():
        columns.append(("status", [_status(row) for row in frame.to_dict("records")]))
    return _titled(columns, n_rows=len(frame))


def _status(row: dict[Any, Any]) -> str:
    parts = (row["status"], row["error_type"], row["error_message"])
    return ": ".join(str(part) for part in parts if not pd.isna(part))


def _title(name: str) -> str:
    for prefix in ("param_", "score_", "var_"):
        name = name.removeprefix(prefix)
    titles = {
        "run_name": "run",
        "prompt_version": "version",
        "time_to_first_token": "first token",
        "tokens_per_second": "tokens/s",
    }
    return titles.get(name, name)


def _plain(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(json.loads(dumps(value) or "null"), ensure_ascii=False)
    if pd.isna(value):
        return NOTHING
    return figure(value) if isinstance(value, float) else str(value)


def text_table(table: pd.DataFrame) -> str:
    """Give a frame of text as aligned lines, each cell on one line."""
    flat = table.map(lambda one: cut(" ".join(visible(one).split()), 60))
    return str(flat.to_string(index=False))


def html_table(table: pd.DataFrame, *, max_cell: int = MAX_CELL) -> str:
    """Give a frame of text as an HTML table in which no cell is markup.

    Styles are inline and leave colours to the page, so that it is legible in light
    and in dark themes; nothing in a cell is run, loaded or typeset.
    """
    columns: list[Titled] = []
    is_figure = figure_columns(table)
    for (title, values), right in zip(table.items(), is_figure, strict=True):
        is_left = not right
        cells = [_html_cell(one, is_left, max_cell) for one in values]
        columns.append((_html_head(str(title), is_left), cells))
    marked = _titled(columns, n_rows=len(table))
    no_math = pd.option_context("display.html.use_mathjax", False)
    with no_math, pd.option_context("display.max_colwidth", None):
        # Left alone, pandas writes a line end as a backslash and an n.
        as_is = [str] * len(columns)
        return str(
            marked.to_html(escape=False, index=False, border=0, formatters=as_is)
        )


def figure_columns(table: pd.DataFrame) -> list[bool]:
    """Tell of each column of a frame of text whether it holds figures."""
    return [
        title not in _LEFT and is_figures(values) for title, values in table.items()
    ]


def is_figures(column: Iterable[str]) -> bool:
    """Whether all that is known of a column's texts are figures."""
    known = [one for one in column if one != NOTHING]
    return all(one[:1].isdigit() or one[:1] in "$-<" for one in known)


def _html_cell(text: str, is_left: bool, max_cell: int) -> str:
    side = "left" if is_left else "right"
    is_short = len(text) <= _SHORT and "\n" not in text
    style = f"text-align:{side};{'white-space:nowrap' if is_short else _PROSE}"
    return f'<div style="{style}">{escape(cut(visible(text), max_cell))}</div>'


def _html_head(name: str, is_left: bool) -> str:
    side = "left" if is_left else "right"
    return f'<div style="text-align:{side}">{escape(visible(cut(name, 60)))}</div>'
