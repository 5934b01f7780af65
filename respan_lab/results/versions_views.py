"""How a comparison of two versions shows itself: as a page's part, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from .html_cells import plain, safe
from .side_by_side import answers_row
from .wording import count

if TYPE_CHECKING:
    from .versions import VersionComparison

__all__ = ["html_view", "markdown_view"]

_SHOWN = 20  # pairs
_HIDDEN = ("key_old", "key_new", "output_old", "output_new")
_CHIP = (
    "border:1px solid currentColor;border-radius:4px;padding:0 .45em;margin-left:.6em"
)


def html_view(found: VersionComparison) -> str:
    """Give all of it as HTML: nothing of a prompt or an answer is markup."""
    chip = f'<span style="{_CHIP}">{escape(found.label)}</span>' if found.label else ""
    notes = "".join(f"<p>{safe(one)}</p>" for one in found.comparison.notes)
    head = f"<p><strong>{safe(found.title)}</strong>{chip}</p>"
    # The class keeps dollar signs from being typeset as formulas.
    return (
        f'<div class="tex2jax_ignore">{head}'
        f"{found.diff._repr_html_()}{_list(found.comparison.sentences)}{notes}"
        f"{_list(found.flipped.sentences)}{_flipped_table(found.flipped)}</div>"
    )


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{safe(one)}</li>" for one in sentences)
    return f"<ul>{items}</ul>" if items else ""


def _flipped_table(frame: pd.DataFrame) -> str:
    if not len(frame):
        return ""
    names = [
        name for name in frame if name not in _HIDDEN and frame[name].notna().any()
    ]
    heads = "".join(
        f'<th style="text-align:left">{safe(one)}</th>'
        for one in [*map(_titled, names), "old answer", "new answer"]
    )
    rows = "".join(
        answers_row(row, names, (row["output_old"], row["output_new"]))
        for row in frame.head(_SHOWN).to_dict("records")
    )
    return (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"{_more(len(frame))}"
    )


def _more(n_rows: int) -> str:
    left_out = n_rows - _SHOWN
    if left_out <= 0:
        return ""
    return f"<p>… and {left_out:,} more in <code>.flipped</code></p>"


def _titled(name: str) -> str:
    for prefix in ("param_", "var_"):
        name = name.removeprefix(prefix)
    return name.replace("_", " ") if name.startswith("score_") else name


def markdown_view(found: VersionComparison) -> str:
    """Give all of it as GitHub's Markdown: prompts as code, answers inert in tables."""
    from .files.markdown import markdown_table

    diff = "\n".join(f"    {line}" for line in str(found.diff).splitlines())
    head = pd.DataFrame({"comparison": [found.title, *([found.label or ""])]})
    told = [*found.comparison.sentences, *found.flipped.sentences]
    words = pd.DataFrame({"what changed": [*told, *found.comparison.notes]})
    rows = found.flipped.head(_SHOWN)
    rows = rows[[name for name in rows if not name.startswith("key_")]]
    parts = [
        markdown_table(head[head["comparison"] != ""]),
        diff,
        markdown_table(words),
        markdown_table(rows.map(plain)) if len(rows) else "",
        _left_out(len(found.flipped)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _left_out(n_rows: int) -> str:
    left_out = n_rows - _SHOWN
    return f"… and {count(left_out, 'more pair')} of answers" if left_out > 0 else ""
