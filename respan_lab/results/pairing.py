"""Rows put side by side: what of one level belongs to what of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .dtypes import is_missing
from .groups import Codes, Groups, group_rows, item_codes
from .statistics.paired import Numbers

__all__ = ["Layout", "Paired", "Pairing", "factors_of"]

_FACTORS = ("run_name", "model", "prompt", "prompt_version")


class Paired(NamedTuple):
    """Two levels side by side.

    Attributes:
        differences: First minus second, one for each item that both have.
        n_seen: Items that either was asked.
        is_single: Whether each item has one figure on either side, 0 or 1.
    """

    differences: Numbers
    n_seen: int
    is_single: bool


class _Table(NamedTuple):
    """A row for each cell, a column for each level."""

    means: Numbers
    counts: Codes
    items: Codes


def factors_of(frame: pd.DataFrame) -> list[str]:
    """Name the columns that tell apart what was asked of an item."""
    there = [name for name in _FACTORS if name in frame]
    return there + [name for name in frame.columns if name.startswith("param_")]


class Layout:
    """Which level, item and cell each row belongs to.

    A cell is an item with one value of every factor that is not compared.

    Args:
        frame: The frame of a run.
        by: The factor, or factors, whose levels are compared.

    Attributes:
        levels: The levels, and each row's.
        items: Each row's item, as a number.
        factors: The factors that are not compared, and each row's value as a number.

    Raises:
        ConfigError: If ``by`` is not a factor.
    """

    def __init__(self, frame: pd.DataFrame, by: str | Sequence[str]) -> None:
        names = [by] if isinstance(by, str) else list(by)
        factors = factors_of(frame)
        for name in names or [""]:
            if name not in factors:
                raise ConfigError(
                    f"by={name!r} is not a factor of the run; allowed: "
                    f"{', '.join(map(repr, factors))}"
                )
        self.levels: Groups = group_rows(frame, names)
        self.items = item_codes(frame)
        others = [name for name in factors if name not in names]
        if "prompt" in names:  # the versions of two prompts have only a name in common
            others = [name for name in others if name != "prompt_version"]
        self.factors = {name: group_rows(frame, [name]).codes for name in others}

    @property
    def is_by_model(self) -> bool:
        """Whether the levels are the models, of which a run can drop some."""
        return list(self.levels.keys.columns) == ["model"]

    @property
    def names(self) -> list[object]:
        """What the levels are called, in order: values, or texts of several."""
        rows = self.levels.keys.itertuples(index=False, name=None)
        return [_name(row) for row in rows]


class Pairing:
    """One metric's figures put side by side.

    Repeats and choices are averaged within a cell, and the differences of an item's
    cells within the item: the item is what is drawn independently.

    A factor of which two levels have no value in common goes along with the level and
    is not matched on: the versions of two prompts, or the prompts of saved ones.

    Args:
        layout: Of the frame.
        values: The metric's, one for each row of it; NaN without one.
    """

    def __init__(self, layout: Layout, values: Numbers) -> None:
        self._layout = layout
        self._values = values
        self._tables: dict[tuple[str, ...], _Table] = {}

    def paired(self, a: int, b: int) -> Paired:
        """Put two levels side by side, by their positions."""
        table = self._table(self._matched(a, b))
        both = ~(np.isnan(table.means[:, a]) | np.isnan(table.means[:, b]))
        first, second = table.means[both, a], table.means[both, b]
        with np.errstate(invalid="ignore"):
            apart = np.where(first == second, 0.0, first - second)  # infinities too
        items, places = np.unique(table.items[both], return_inverse=True)
        per_item = np.bincount(places, minlength=len(items))
        sums = np.bincount(places, weights=apart, minlength=len(items))
        levels = self._layout.levels.codes
        seen = np.unique(self._layout.items[(levels == a) | (levels == b)])
        is_single = (
            bool((per_item == 1).all())
            and bool((table.counts[both][:, [a, b]] == 1).all())
            and bool(np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all())
        )
        return Paired(sums / np.maximum(per_item, 1), len(seen), is_single)

    def _matched(self, a: int, b: int) -> tuple[str, ...]:
        levels = self._layout.levels.codes
        return tuple(
            name
            for name, codes in self._layout.factors.items()
            if np.intersect1d(codes[levels == a], codes[levels == b]).size
        )

    def _table(self, names: tuple[str, ...]) -> _Table:
        if names not in self._tables:
            self._tables[names] = self._tabulated(names)
        return self._tables[names]

    def _tabulated(self, names: tuple[str, ...]) -> _Table:
        known = ~np.isnan(self._values)
        layout = self._layout
        items, levels = layout.items[known], layout.levels.codes[known]
        at = items.astype(np.int64)
        for name in names:
            codes = layout.factors[name][known]
            at = at * (codes.max(initial=0) + 1) + codes
        _, first, cells = np.unique(at, return_index=True, return_inverse=True)
        shape = len(first), len(layout.levels)
        places = cells * shape[1] + levels
        size = shape[0] * shape[1]
        counts = np.bincount(places, minlength=size).reshape(shape)
        sums = np.bincount(places, weights=self._values[known], minlength=size)
        with np.errstate(invalid="ignore"):
            means = sums.reshape(shape) / counts
        return _Table(means, counts, items[first])


def _name(row: tuple[object, ...]) -> object:
    if len(row) == 1:
        return row[0]
    return " · ".join(str(one) for one in row if not is_missing(one))
