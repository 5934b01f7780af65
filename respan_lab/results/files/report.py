"""A run as one HTML page that stands alone: no scripts, nothing loaded."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from ... import plots
from ..headline import headline, run_label
from ..json_values import dumps
from ..summary import score_names, summarize
from ..table import html_table, rows_table, summary_table
from ..text import visible
from ..wording import count

__all__ = ["write_report"]

MAX_ROWS = 1_000
_MAX_CELL = 2_000  # characters
_MAX_PLOTS = 6

_STYLE = """
:root { color-scheme: light dark; --line: #8883; --soft: #8881; --warn: #b45309; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 1320px;
  padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p { margin: .25rem 0; } .label { color: var(--warn); font-weight: 600; }
.scroll { overflow-x: auto; }
img { background: #fff; border-radius: 6px; max-width: 100%; }
table { border-collapse: collapse; font-size: .87rem;
  font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .7rem; text-align: right;
  vertical-align: top; } th { white-space: nowrap; }
tbody tr:hover { background: var(--soft); } pre { overflow-x: auto; font-size: .8rem; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_report(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]
) -> None:
    """Write the summary, a plot of each score, the rows and the manifest as a page.

    At most the first 1,000 rows are shown, and of a long answer its first 2,000
    characters; the page says where something was left out.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: What is known of the run.
    """
    path.write_text(_page(frame, manifest), encoding="utf-8")


def _page(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    title = escape(visible(str(manifest.get("name") or "Model comparison")))
    summary = summarize(frame, manifest=manifest)
    label = run_label(frame, manifest)
    plotted = score_names(summary)[:_MAX_PLOTS]
    body = [
        f"<h1>{title}</h1>",
        f"<p>{escape(headline(frame, manifest))}</p>",
        f'<p class="label">{escape(visible(label))}</p>' if label else "",
        _section("Summary", html_table(summary_table(summary))),
        _section("Scores", "<br>".join(_picture(summary, one) for one in plotted)),
        _section("Calls", _rows_note(frame) + _rows(frame)),
        _section("Manifest", f"<pre>{_manifest(manifest)}</pre>"),
    ]
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style>"
    )
    content = "\n".join(part for part in body if part)
    page = f'<html lang="en"><head>{head}</head>\n<body>\n{content}\n</body></html>'
    return f"<!doctype html>\n{page}\n"


def _section(title: str, content: str) -> str:
    if not content:
        return ""
    return f'<h2>{escape(visible(title))}</h2>\n<div class="scroll">{content}</div>'


def _picture(summary: pd.DataFrame, name: str) -> str:
    image = plots.picture(lambda: plots.scores(summary, score=name))
    data = base64.b64encode(image).decode()
    alt = escape(f"Each group's {visible(name)} with its interval", quote=True)
    return f'<img width="900" alt="{alt}" src="data:image/png;base64,{data}">'


def _rows_note(frame: pd.DataFrame) -> str:
    left_out = len(frame) - MAX_ROWS
    if left_out <= 0:
        return ""
    return (
        f"<p>The first {MAX_ROWS:,} of {count(len(frame), 'row')}; {left_out:,} more "
        "are not shown. Export to csv or parquet for all of them.</p>"
    )


def _rows(frame: pd.DataFrame) -> str:
    return html_table(rows_table(frame.head(MAX_ROWS), data=True), max_cell=_MAX_CELL)


def _manifest(manifest: Mapping[str, Any]) -> str:
    plain = json.loads(dumps(dict(manifest)) or "{}")
    return escape(visible(json.dumps(plain, indent=2, ensure_ascii=False)))
