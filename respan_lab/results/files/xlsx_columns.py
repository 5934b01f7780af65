"""How a column looks in a sheet: its number format with the unit, its width."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

__all__ = ["Look", "look_of"]

_DOLLARS = '"$"#,##0.00######'
_SECONDS = '0.000" s"'
_PERCENT = "0.0%"
_COUNT = "#,##0"
_MEAN = "#,##0.0"
_FIGURE = "0.000"
_SMALL = "0.0000"

_BY_NAME = {
    "cost": _DOLLARS,
    "cost_total": _DOLLARS,
    "latency": _SECONDS,
    "latency_p50": _SECONDS,
    "latency_p95": _SECONDS,
    "time_to_first_token": _SECONDS,
    "time_to_first_token_p50": _SECONDS,
    "gateway_latency": _SECONDS,
    "routing_time": _SECONDS,
    "queue_time": _SECONDS,
    "retry_time": _SECONDS,
    "tokens_per_second": _MEAN,
    "tokens_per_second_p50": _MEAN,
    "diff": _FIGURE,
    "ci_low": _FIGURE,
    "ci_high": _FIGURE,
    "ci_level": "0%",
    "p_value": _SMALL,
    "p_adjusted": _SMALL,
}
_LONG = (
    "output",
    "expected",
    "error_message",
    "parsed",
    "tool_calls",
    "value",
    "in_words",
)
_LOOKED_AT = 1_000  # rows
_WIDE, _USUAL, _NARROW = 60, 22, 10  # characters


class Look(NamedTuple):
    """How a column looks: xlsxwriter's format properties, and characters."""

    format: dict[str, Any]
    width: float

    @property
    def side(self) -> str:
        """Where its heading stands: above its figures, or where its texts begin."""
        return "right" if "num_format" in self.format else "left"


def look_of(sheet: str, column: pd.Series) -> Look:
    """Give the look of a sheet's column: dollars, seconds, percent, counts, text.

    A score of a summary is a percentage if all its means lie between 0 and 1.
    """
    name = str(column.name)
    look: dict[str, Any] = {"valign": "top"}
    room = max(len(name) + 4, _NARROW)  # for the heading and its filter's button
    if name in _LONG or name.startswith(("var_", "note_", "parsed_")):
        return Look({**look, "text_wrap": True}, max(room, _WIDE))
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return Look(look, max(room, _USUAL, min(_longest(column), _WIDE)))
    return Look({**look, "num_format": _number_format(sheet, column)}, max(room, 12))


def _longest(column: pd.Series) -> int:
    """Give the longest text of a sheet's beginning, in characters."""
    known = column.head(_LOOKED_AT).dropna().astype(str)
    return int(known.str.len().max()) + 1 if len(known) else 1


def _number_format(sheet: str, column: pd.Series) -> str:
    name = str(column.name)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith(("share_", "weight_")):
        return _PERCENT
    if name.startswith("score_"):
        is_rate = sheet == "summary" and column.dropna().between(0, 1).all()
        return _PERCENT if is_rate else _FIGURE
    if pd.api.types.is_integer_dtype(column.dtype):
        return _COUNT
    return _MEAN if name.endswith("_tokens") else "General"
