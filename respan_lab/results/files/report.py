"""A run as one HTML page that stands alone: no scripts, nothing loaded."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ... import plots
from ...errors import ConfigError
from ..best import MEANING, best_scores
from ..failures import KINDS, failures
from ..headline import headline, run_label
from ..json_values import dumps
from ..plot import Plot
from ..summary import score_names, summarize
from ..table import html_table, rows_table, summary_table
from ..text import visible
from ..wording import count
from .comparisons import Compared, comparisons, comparisons_table, notes_of
from .report_style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["write_report"]

MAX_ROWS = 1_000
_MAX_CELL = 2_000  # characters
_MAX_SCORES = 6  # that are drawn
_MAX_PAIRS = 200  # that are told

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_report(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]
) -> None:
    """Write a run as a page: summary, comparisons, plots, failures, calls, manifest.

    At most the first 1,000 rows are shown, and of a long answer its first 2,000
    characters; the page says where something was left out. It follows the reader's
    light or dark theme, and prints.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: What is known of the run.
    """
    path.write_text(_page(frame, manifest), encoding="utf-8")


def _page(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    title = _inert(str(manifest.get("name") or "Model comparison"))
    label = run_label(frame, manifest)
    chip = f' <span class="label">{_inert(label)}</span>' if label else ""
    summary = summarize(frame, manifest=manifest)
    body = [
        f"<header><h1>{title}</h1>",
        f"<p>{_inert(headline(frame, manifest))}{chip}</p></header>",
        _section("Summary", _summary(frame, summary, manifest)),
        _section("Comparisons", _comparisons(comparisons(frame, manifest))),
        _section("Plots", "\n".join(_pictures(frame, summary, manifest)), kind="plots"),
        _section("Failures", _failures(frame, manifest)),
        _section("Calls", _rows(frame), kind="scroll calls", note=_rows_note(frame)),
        _section("Manifest", f"<pre>{_manifest(manifest)}</pre>"),
    ]
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style>"
    )
    content = "\n".join(part for part in body if part)
    page = f'<html lang="en"><head>{head}</head>\n<body>\n{content}\n</body></html>'
    return f"<!doctype html>\n{page}\n"


def _inert(text: str) -> str:
    return escape(visible(text))


def _section(title: str, content: str, *, kind: str = "scroll", note: str = "") -> str:
    if not content:
        return ""
    about = f"<p>{_inert(note)}</p>\n" if note else ""
    return (
        f"<section>\n<h2>{_inert(title)}</h2>\n{about}"
        f'<div class="{kind}">{content}</div>\n</section>'
    )


def _summary(
    frame: pd.DataFrame, summary: pd.DataFrame, manifest: Mapping[str, Any]
) -> str:
    best = best_scores(frame, manifest)
    table = summary_table(summary, best=best)
    note = f'\n<p class="note">{_inert(MEANING)}</p>'
    return html_table(table) + (note if any(map(any, best.values())) else "")


def _comparisons(every: list[Compared]) -> str:
    """Give a row for each pair; the verdict is in colour and in words."""
    if not every:
        return ""
    table = comparisons_table(every)
    titles = "".join(f"<th>{_inert(one)}</th>" for one in table.columns)
    rows = [_compared(row) for row in table.head(_MAX_PAIRS).to_numpy().tolist()]
    left_out = len(table) - len(rows)
    notes = notes_of(every)
    if left_out > 0:
        notes.insert(0, f"{left_out:,} more are not shown; export to xlsx for all")
    told = "".join(f"<li>{_inert(note)}</li>" for note in notes)
    return (
        f'<table class="pairs"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    ) + (f'\n<ul class="note">{told}</ul>' if told else "")


def _compared(row: list[str]) -> str:
    metric, a, b, items, verdict, shown, p_value = map(_inert, row)
    return (
        f"<tr><td>{metric}</td><td>{a}</td><td>{b}</td><td>{items}</td>"
        f'<td><span class="verdict {verdict}">{verdict}</span></td>'
        f"<td>{shown}</td><td>{p_value}</td></tr>"
    )


def _pictures(
    frame: pd.DataFrame, summary: pd.DataFrame, manifest: Mapping[str, Any]
) -> Iterator[str]:
    """Draw each score, what it costs, what is shown of it; and how long calls took."""
    if frame.empty:
        return
    draw = Plot(frame, manifest)
    for name in score_names(frame)[:_MAX_SCORES]:
        score = f"score_{name}"
        told = f"each group's {name}"
        drawn = partial(plots.scores, summary, score=name)
        yield _picture(drawn, f"{told}, with its interval")
        yield _picture(partial(draw.differences, score), f"differences in {name}")
        yield _picture(partial(draw.pareto, name), f"{told} against its cost")
    if frame["latency"].notna().any():
        yield _picture(draw.latency, "how long calls took")


def _picture(draw: Callable[[], Axes], meaning: str) -> str:
    try:
        image = plots.picture(draw)
    except ConfigError:  # there is nothing to draw: one model, no price, no times
        return ""
    data = base64.b64encode(image).decode()
    alt = escape(visible(meaning), quote=True)
    return f'<img alt="{alt}" src="data:image/png;base64,{data}">'


def _failures(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """Give a row for each kind of failure that a group had, with what it means."""
    found = failures(frame, manifest)
    rows = found[found["count"] > 0].to_dict("records")
    if not rows:
        return ""
    names = list(found.columns[: list(found.columns).index("kind")])
    told = [
        {
            **{name: visible(str(row[name])) for name in names},
            "kind": row["kind"],
            "calls": f"{row['count']:,} of {row['n']:,}",
            "rate": f"{row['rate']:.1%} [{row['ci_low']:.1%}–{row['ci_high']:.1%}]",
            "meaning": KINDS[row["kind"]],
        }
        for row in rows
    ]
    return html_table(pd.DataFrame(told, dtype=object))


def _rows_note(frame: pd.DataFrame) -> str:
    left_out = len(frame) - MAX_ROWS
    if left_out <= 0:
        return ""
    return (
        f"The first {MAX_ROWS:,} of {count(len(frame), 'row')}; {left_out:,} more "
        "are not shown. Export to csv or parquet for all of them."
    )


def _rows(frame: pd.DataFrame) -> str:
    return html_table(rows_table(frame.head(MAX_ROWS), data=True), max_cell=_MAX_CELL)


def _manifest(manifest: Mapping[str, Any]) -> str:
    plain = json.loads(dumps(dict(manifest)) or "{}")
    return escape(visible(json.dumps(plain, indent=2, ensure_ascii=False)))
