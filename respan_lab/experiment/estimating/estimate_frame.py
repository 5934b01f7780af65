"""The frame of an estimate, and what it says below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import pandas as pd

from ...results.wording import count, money

__all__ = ["Estimate", "estimate_frame"]

_TYPES = {
    "judge": "string",
    "calls": "Int64",
    "answered": "Int64",
    "prompt_tokens": "Int64",
    "completion_tokens": "Int64",
    "tokens": "Int64",
    "cost": "Float64",
    "cost_low": "Float64",
    "cost_high": "Float64",
    "priced": "boolean",
}


class Estimate(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """A frame that adds itself up when it is shown; what is made of it is a plain one.

    Example:
        >>> row = {"model": "m", "prompt": None, "calls": 8, "cost": 0.5,
        ...        "cost_low": 0.4, "cost_high": None, "basis": "bounds"}
        >>> print(estimate_frame([row]).total)
        in all 8 calls: $0.500 (at least $0.400)
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def total(self) -> str:
        """What all of it comes to, in words; the ends are the sums of the rows'."""
        words = f"in all {count(int(self['calls'].sum()), 'call')}: {_dollars(self)}"
        if "judge" in self:
            judged = self[self["judge"].notna()]
            words += f", of that {_dollars(judged)} for judging"
        unpriced = int(self["cost"].isna().sum())
        if unpriced and unpriced < len(self):
            words += f", and {count(unpriced, 'row')} whose price nobody knows"
        return words

    def __repr__(self) -> str:
        with pd.option_context("display.width", 160, "display.max_columns", 20):
            return f"{super().__repr__()}\n{self.total}"

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{escape(self.total)}</p>"


def estimate_frame(rows: Iterable[Mapping[str, Any]]) -> Estimate:
    """Make the frame: `prompt` is left out if there are no two, `judge` without one."""
    frame = Estimate(list(rows))
    is_target = frame["judge"].isna() if "judge" in frame else slice(None)
    if frame.loc[is_target, "prompt"].nunique(dropna=False) < 2:
        frame = frame.drop(columns="prompt")
    if "judge" in frame and frame["judge"].isna().all():
        frame = frame.drop(columns="judge")
    types = {name: kind for name, kind in _TYPES.items() if name in frame}
    return Estimate(frame.astype(types))


def _dollars(frame: pd.DataFrame) -> str:
    known = frame[frame["cost"].notna()]
    if known.empty:
        return "no price is known"
    low, high = known["cost_low"].sum(), known["cost_high"].sum()
    ends = f"{money(low)} to {money(high)}"
    if known["cost_high"].isna().any():
        ends = f"at least {money(low)}"
    return f"{money(known['cost'].sum())} ({ends})"
