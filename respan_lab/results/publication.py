"""The summary as a table to publish, made with great-tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from .best import MEANING, column_of, may_be_best
from .headline import headline, run_label
from .metrics import metric_names
from .summary import score_names, summarize
from .table import Told, is_figures, summary_words
from .text import cut, visible
from .wording import MARK, figure, money

if TYPE_CHECKING:
    from great_tables import GT
    from great_tables._text import BaseText

__all__ = ["published_table"]

_MAX_CELL = 80  # characters
_INTERVALS = "in brackets: 95 % interval of the mean over items"


def _dollars(value: Any) -> str:
    return money(value).replace("$", "", 1)


# What stands above two columns, and above one: the units, so that cells have none.
_HEADINGS: dict[str, tuple[str, str, Callable[[Any], str]]] = {
    "cost": ("cost, US$", "per call", _dollars),
    "cost_total": ("cost, US$", "total", _dollars),
    "latency_p50": ("latency, s", "p50", figure),
    "latency_p95": ("latency, s", "p95", figure),
    "time_to_first_token_p50": ("first token, s", "p50", figure),
    "tokens_per_second_p50": ("tokens/s", "p50", figure),
    "prompt_tokens": ("tokens per call", "in", figure),
    "completion_tokens": ("tokens per call", "out", figure),
}


def published_table(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    metric: str | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> GT:
    """Make a table of the summary, the rows that may be best marked.

    Args:
        frame: The frame of a run.
        by: As `Results.summary` takes it.
        metric: The metric by which rows are marked, and the only score shown if it is
            one; None is every score.
        manifest: What is known of the run.

    Raises:
        ConfigError: There is no such metric, or no column to group by.
    """
    scores = [f"score_{name}" for name in score_names(frame)]
    chosen = metric_names(frame, metric) if metric else scores
    summary = summarize(frame, by=by, manifest=manifest)
    best = may_be_best(frame, chosen, by=by, manifest=manifest)
    wordings = {name: wording for name, (_, _, wording) in _HEADINGS.items()}
    columns = summary_words(summary, best=best, wordings=wordings)
    marked = [column_of(one) for one in chosen]
    left_out = set(scores) - set(marked) if set(scores) & set(marked) else set()
    notes = [MEANING] if any(map(any, best.values())) else []
    notes += [_INTERVALS] if any(str(n).endswith("_ci_low") for n in summary) else []
    name = str((manifest or {}).get("name") or "Model comparison")
    told = headline(frame, manifest)
    label = run_label(frame, manifest)
    return _drawn(
        [one for one in columns if one.name not in left_out],
        title=name,
        subtitle=f"{told} · {label}" if label else told,
        notes=notes,
    )


def _drawn(
    columns: Sequence[Told], *, title: str, subtitle: str, notes: Sequence[str]
) -> GT:
    from great_tables import loc, style

    ids = [f"c{at}" for at in range(len(columns))]  # titles may repeat
    cells = {
        name: [_inert(one) for one in told.cells]
        for name, told in zip(ids, columns, strict=True)
    }
    is_figure = [told.name == "calls" or is_figures(told.cells) for told in columns]
    right = [one for one, figures in zip(ids, is_figure, strict=True) if figures]
    left = [one for one in ids if one not in right]
    # A fixed id: the same run gives the same page.
    table = _page_table(pd.DataFrame(cells, dtype=object), name="respan-lab-table")
    table = table.tab_header(title=_inert(title), subtitle=_inert(subtitle))
    table = _headed(table, dict(zip(ids, columns, strict=True)))
    table = table.cols_align("left", left).cols_align("right", right)
    for name, told in zip(ids, columns, strict=True):
        best = [at for at, cell in enumerate(told.cells) if cell.endswith(f" {MARK}")]
        if best:
            place = loc.body(columns=name, rows=best)
            table = table.tab_style(style.text(weight="bold"), place)
    for note in notes:
        table = table.tab_source_note(note)
    return table


def _page_table(cells: pd.DataFrame, *, name: str) -> GT:
    """Make a table in which a notebook does not typeset what looks like TeX."""
    from great_tables import GT

    class Table(GT):  # type: ignore[misc,unused-ignore]  # its types are partial
        def _repr_html_(self) -> str:
            shown = str(super()._repr_html_())  # type: ignore[no-untyped-call]
            return f'<div class="tex2jax_ignore mathjax_ignore">{shown}</div>'

        def __repr__(self) -> str:  # where there is no HTML
            return str(cells.to_string(index=False, header=False))

    return Table(cells, id=name)


def _headed(table: GT, columns: Mapping[str, Told]) -> GT:
    """Put a title above each column, and the unit above those that share it."""
    headings = {key: _HEADINGS.get(told.name) for key, told in columns.items()}
    labels: dict[str, str | BaseText] = {
        key: heading[1] if (heading := headings[key]) else _inert(told.title)
        for key, told in columns.items()
    }
    table = table.cols_label(labels)
    for above in dict.fromkeys(one[0] for one in headings.values() if one):
        below = [key for key, one in headings.items() if one and one[0] == above]
        table = table.tab_spanner(label=above, columns=below)
    return table


def _inert(text: str) -> str:
    """Give text on one line; great-tables escapes it for HTML and for LaTeX."""
    return cut(" ".join(visible(text).split()), _MAX_CELL)
