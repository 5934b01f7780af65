"""The frame of a comparison, and what it says below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from .comparison_words import sentence
from .dtypes import inferred_column
from .noted import Noted

__all__ = ["COMPARISON_COLUMNS", "Comparison", "comparison_frame"]

COMPARISON_COLUMNS = {
    "metric": "string",
    "a": "inferred",
    "b": "inferred",
    "n_items": "Int64",
    "diff": "Float64",
    "ci_low": "Float64",
    "ci_high": "Float64",
    "ci_level": "Float64",
    "p_value": "Float64",
    "p_adjusted": "Float64",
    "test": "string",
    "verdict": "string",
    "n_more": "Int64",
}


class Comparison(Noted):
    """A frame that says in words what it shows; what is made of it is a plain one.

    Its ``attrs`` hold ``notes``, a list of sentences that a reader must know, and
    ``in_points``, the metrics that lie from 0 to 1.
    """

    @property
    def sentences(self) -> list[str]:
        """Each row in words: what is shown of ``a`` against ``b``."""
        points = self.attrs.get("in_points", ())
        return [
            sentence(row, in_points=row["metric"] in points)
            for row in self.to_dict("records")
        ]

    def __repr__(self) -> str:
        with pd.option_context("display.width", 200, "display.max_columns", 20):
            table = pd.DataFrame.__repr__(self)
        return "\n".join([table, *self.sentences, *self.notes])

    def _repr_html_(self) -> str:
        told = [f"<li>{escape(one)}</li>" for one in self.sentences]
        notes = [f"<p>{escape(one)}</p>" for one in self.notes]
        with pd.option_context("display.html.use_mathjax", False):
            table = pd.DataFrame._repr_html_(self)
        return "\n".join([table, "<ul>", *told, "</ul>", *notes])


def comparison_frame(
    rows: Iterable[Mapping[str, Any]], *, notes: Sequence[str], in_points: Sequence[str]
) -> Comparison:
    """Make the frame of rows, with their declared columns."""
    listed = list(rows)
    columns = {
        name: _column([row[name] for row in listed], kind)
        for name, kind in COMPARISON_COLUMNS.items()
    }
    frame = Comparison(columns)
    frame.attrs = {"notes": list(notes), "in_points": list(in_points)}
    return frame


def _column(values: list[Any], kind: str) -> Any:
    return inferred_column(values) if kind == "inferred" else pd.array(values, kind)
