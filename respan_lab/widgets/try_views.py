"""Tries as HTML: a table of all, and two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ..money.wording import dollars
from ..results.dtypes import is_missing
from ..results.side_by_side import marked
from ..results.text import cut, visible

if TYPE_CHECKING:
    import pandas as pd

    from .tries import Tried

__all__ = ["cost_of", "pair_html", "table_html"]

_CELL = (
    "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;"
    "padding:.1em .8em .1em 0"
)
_LATEST = 20


def table_html(tries: Sequence[Tried], costs: Mapping[str, float | None]) -> str:
    """Give a table of tries, the newest first.

    Args:
        tries: Oldest first.
        costs: Dollars newly spent on each, by its run's id; None is unknown.
    """
    if not tries:
        return "<div><small>nothing was tried yet</small></div>"
    numbered = list(enumerate(tries, 1))
    rows = [
        (
            str(number),
            tried.at.strftime("%Y-%m-%d %H:%M"),
            tried.changed(tries[number - 2] if number > 1 else None),
            ", ".join(tried.models),
            dollars(costs.get(tried.run_id)),
        )
        for number, tried in numbered[: -_LATEST - 1 : -1]
    ]
    return _table(("try", "when (UTC)", "changed", "models", "cost"), rows)


def pair_html(old: Tried, new: Tried, frames: tuple[pd.DataFrame, pd.DataFrame]) -> str:
    """Show two tries: what differs in the prompts, and the answers side by side.

    Args:
        old: The first.
        new: The second.
        frames: The frames of their runs; what one of them lacks is a dash.
    """
    first, second = (_outputs(frame) for frame in frames)
    rows = []
    for model in dict.fromkeys([*first, *second]):
        one, other = first.get(model), second.get(model)
        if one is None or other is None:
            pair = tuple(_safe(text) for text in (one, other))
        else:
            pair = marked(one, other)
        rows.append("".join(map(_cell, (escape(model), *pair))))
    heads = "".join(
        f'<th style="{_CELL}">{one}</th>' for one in ("", "first", "second")
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    said = f"values: {escape(new.changed(old))} changed"
    return (
        f"{old.prompt.diff(new.prompt)._repr_html_()}<div><small>{said}</small></div>"
        f'<table class="tex2jax_ignore"><tr>{heads}</tr>{body}</table>'
    )


def cost_of(frame: pd.DataFrame) -> float | None:
    """Give what a try newly cost, in dollars; None if nothing is known of it."""
    own = frame[~frame["from_ledger"].fillna(False).astype(bool)]
    if own.empty:
        return 0.0
    known = own["cost"].dropna()
    return None if known.empty else float(known.sum())


def _outputs(frame: pd.DataFrame) -> dict[str, str]:
    if "output" not in frame:
        return {}
    rows = zip(frame["model"], frame["output"], strict=True)
    return {str(m): "" if is_missing(o) else str(o) for m, o in rows}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th style="{_CELL}">{escape(one)}</th>' for one in heads)
    body = "".join(
        f"<tr>{''.join(_cell(_safe(one)) for one in row)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(html: str) -> str:
    return f'<td style="{_CELL}">{html}</td>'


def _safe(text: Any) -> str:
    return "–" if text is None else escape(visible(cut(text, 300)))
