"""Markdown: the summary and the comparisons as tables of GitHub's kind.

Source: the GitHub Flavored Markdown specification, 2.4 backslash escapes, 4.10 tables,
6.9 autolinks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..best import MEANING, best_scores
from ..headline import headline, run_label
from ..summary import summarize
from ..table import figure_columns, summary_table
from ..text import cut, visible
from .comparisons import comparisons, comparisons_table, notes_of

__all__ = ["markdown_table", "write_markdown"]

_MAX_CELL = 160  # characters
# What GitHub makes something of: marks, tags, links, mentions, mathematics.
_MARKS = re.compile(r"[\\`*_\[\]<>|~&#@^]|:(?=//|\w)|(?<=www)\.", re.IGNORECASE)


def write_markdown(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]
) -> None:
    """Write summary and comparisons as tables that GitHub shows, all texts inert.

    Figures are those of the summary as it shows itself, each score with its interval.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: What is known of the run.
    """
    label = run_label(frame, manifest)
    best = best_scores(frame, manifest)
    summary = summary_table(summarize(frame, manifest=manifest), best=best)
    parts = [
        f"## {_inert(str(manifest.get('name') or 'Model comparison'))}",
        _inert(headline(frame, manifest)),
        f"**{_inert(label)}**" if label else "",
        markdown_table(summary),
        _inert(MEANING) if any(map(any, best.values())) else "",
    ]
    every = comparisons(frame, manifest)
    if every:
        parts += ["### Comparisons", markdown_table(comparisons_table(every))]
        parts.append("\n".join(f"- {_inert(one, 400)}" for one in notes_of(every)))
    text = "\n\n".join(part for part in parts if part)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def markdown_table(table: pd.DataFrame) -> str:
    r"""Give a frame of text as a table; figures are flush right.

    Example:
        >>> print(markdown_table(pd.DataFrame({"model": ["a|b"], "n": ["12"]})))
        | model | n |
        | :-- | --: |
        | a\|b | 12 |
    """
    is_figure = figure_columns(table)
    rows = [
        list(map(str, table.columns)),
        *table.to_numpy(dtype=object).tolist(),
    ]
    lines = [f"| {' | '.join(map(_inert, row))} |" for row in rows]
    sides = " | ".join("--:" if right else ":--" for right in is_figure)
    return "\n".join([lines[0], f"| {sides} |", *lines[1:]])


def _inert(text: str, length: int = _MAX_CELL) -> str:
    line = cut(" ".join(visible(text).split()), length)
    marked = _MARKS.sub(_escape, line)
    # One amount of dollars is an amount; between two, GitHub sees mathematics.
    return marked.replace("$", r"\$") if marked.count("$") > 1 else marked


def _escape(found: re.Match[str]) -> str:
    # A backslash keeps GitHub from a mark, but not from a mention or an emoji.
    return f"&#{ord(found[0])};" if found[0] in "@:#" else f"\\{found[0]}"
