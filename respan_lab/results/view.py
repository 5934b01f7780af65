"""What is looked at of a frame: which rows, in which order, in which groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .filters import (
    Filter,
    Mask,
    check_column,
    checked_filters,
    filter_expression,
    filter_mask,
    filter_words,
    quoted,
)
from .text import cut

__all__ = ["Positions", "View", "Viewed"]

Positions: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]
"""Where rows stand in a frame, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is filtered, searched, sorted, grouped and opened, as a value.

    Attributes:
        query: A pandas expression, as `Results.query` takes it; empty for none.
        search: A text to be found in answers, variables or error messages; capitals
            do not matter. Empty for none.
        filters: By column a list of values to pick (None for missing ones), or a
            tuple of two bounds (None for an open end).
        sort: The column to sort by; None leaves the run's order. Missing is last.
        ascending: Which way.
        group: The column to group by; None shows single rows.
        page: Which page, from 0.
        selected: The key of the row that was last opened; None if none was.
        run_name: Of several runs put together, that row's.
        opened: What is open beside the rows: its ``"story"``, or a ``"comparison"``
            of its item's answers; None for nothing.
        across: The factor whose levels are compared.
        baseline: The level that the others are compared with; None for that of the
            selected row.

    Example:
        >>> View(search="refund", filters={"model": ["a"]}, sort="cost").sort
        'cost'
    """

    query: str = ""
    search: str = ""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sort: str | None = None
    ascending: bool = True
    group: str | None = None
    page: int = 0
    selected: str | None = None
    run_name: str | None = None
    opened: str | None = None
    across: str = "model"
    baseline: str | None = None

    @property
    def what(self) -> tuple[Any, ...]:
        """What decides which rows are seen."""
        return self.query, self.search, self.filters

    def words(self) -> dict[str, str]:
        """Say what is filtered, by part: ``query``, ``search``, ``filters.<column>``.

        Example:
            >>> View(search="a", filters={"cost": (None, 1)}).words()
            {'search': 'contains “a”', 'filters.cost': 'cost at most 1.00'}
        """
        said = {"query": cut(self.query.strip(), 200)}
        said["search"] = f"contains “{cut(self.search, 60)}”" if self.search else ""
        for name, given in self.filters.items():
            said[f"filters.{name}"] = filter_words(name, given)
        return {part: text for part, text in said.items() if text}


class Viewed:
    """A frame made ready to be looked at again and again.

    Args:
        frame: The frame of a run, or of several, with a default index.

    Example:
        >>> from respan_lab.results import build_frame
        >>> rows = [{"model": "m", "item": i, "status": "ok", "output": f"a {i}"}
        ...         for i in range(3)]
        >>> viewed = Viewed(build_frame(rows, models=["m"], prompts=[]))
        >>> viewed.rows(View(search="A 2"))["item"].tolist()
        [2]
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._texts = {name: frame[name].astype("string") for name in _searched(frame)}

    def rows(self, view: View) -> pd.DataFrame:
        """Give the rows of a view in its order, under a default index.

        Args:
            view: Its ``group`` and ``page`` do not matter here.

        Raises:
            ConfigError: As `positions`.
        """
        return self.frame.iloc[self.positions(view)].reset_index(drop=True)

    def positions(self, view: View) -> Positions:
        """Give where the rows of a view stand in the frame, in the view's order.

        Raises:
            ConfigError: The query is none, or a column is not in the frame, or a
                range is none.
        """
        return self.ordered(np.flatnonzero(self.mask(view)), view)

    def mask(self, view: View) -> Mask:
        """Tell which rows of the frame a view has.

        Raises:
            ConfigError: As `positions`.
        """
        kept = np.ones(len(self.frame), dtype=bool)
        for name, given in checked_filters(self.frame, view.filters).items():
            kept &= filter_mask(self.frame[name], given)
        if view.query.strip():
            kept &= queried(self.frame, view.query)
        if view.search:
            kept &= self._found(view.search)
        return kept

    def ordered(self, positions: Positions, view: View) -> Positions:
        """Put rows in a view's order; those that are alike stay as they are.

        Raises:
            ConfigError: There is no such column.
        """
        if view.sort is None:
            return positions
        check_column(self.frame, view.sort, what="sort")
        column = self.frame[view.sort].iloc[positions].reset_index(drop=True)
        return positions[sort_order(column, ascending=view.ascending)]

    def expression(self, view: View) -> str:
        """Write what a view keeps as one pandas expression; empty if it is all.

        Raises:
            ConfigError: As `positions`; or a name cannot be written in a query.

        Example:
            >>> viewed = Viewed(pd.DataFrame({"model": ["a"], "output": ["Yes"]}))
            >>> viewed.expression(View(search="yes", filters={"model": ["a"]}))
            "model in ['a'] and output.str.contains('yes', case=False, regex=False)"
        """
        filters = checked_filters(self.frame, view.filters)
        parts = [view.query.strip()] if view.query.strip() else []
        parts += [filter_expression(name, given) for name, given in filters.items()]
        parts += [self._search_expression(view.search)] if view.search else []
        if len(parts) > 1 and view.query.strip():
            parts[0] = f"({parts[0]})"
        return " and ".join(parts)

    def _found(self, text: str) -> Mask:
        found = np.zeros(len(self.frame), dtype=bool)
        for column in self._texts.values():
            here = column.str.contains(text, case=False, regex=False)
            found |= here.fillna(False).to_numpy(dtype=bool)
        return found

    def _search_expression(self, text: str) -> str:
        parts = [
            f"{quoted(name)}{_as_text(self.frame[name])}.str.contains("
            f"{text!r}, case=False, regex=False)"
            for name in self._texts
        ]
        if len(parts) == 1:
            return parts[0]
        return f"({' or '.join(parts)})" if parts else "model in []"


def _searched(frame: pd.DataFrame) -> list[str]:
    names = [n for n in frame.columns if n in ("output", "error_message")]
    names += [n for n in frame.columns if str(n).startswith("var_")]
    return [name for name in names if frame[name].notna().any()]


def _as_text(column: pd.Series) -> str:
    is_text = isinstance(column.dtype, pd.StringDtype)
    return "" if is_text else ".astype('string')"


def queried(frame: pd.DataFrame, query: str) -> Mask:
    """Tell for which rows a pandas expression holds; where it is unknown, it does not.

    The expression is pandas' own language, as in `DataFrame.query`; it sees the
    columns, and no variable of any program.

    Raises:
        ConfigError: It cannot be evaluated, or gives no truth value for each row.

    Example:
        >>> queried(pd.DataFrame({"n": [1, 2]}), "n > 1").tolist()
        [False, True]
    """
    try:
        found = frame.eval(query.strip(), local_dict={}, global_dict={})
    except Exception as error:  # pandas raises whatever the expression does
        raise ConfigError(
            f"query={query!r} cannot be evaluated ({type(error).__name__}: {error}); "
            "write it as for DataFrame.query: latency > 1 and status == 'ok'"
        ) from None
    is_truth = isinstance(found, pd.Series) and pd.api.types.is_bool_dtype(found)
    if not is_truth:
        raise ConfigError(
            f"query={query!r} gives no true or false for each row; compare with "
            "something: latency > 1"
        )
    kept: Mask = found.fillna(False).to_numpy(dtype=bool)
    return kept


def sort_order(column: pd.Series, *, ascending: bool) -> Positions:
    """Give the order of a column's values; categories in theirs, missing ones last.

    Values of mixed kinds, which have no order, are sorted by their text.

    Example:
        >>> sort_order(pd.Series([2, None, 1]), ascending=False).tolist()
        [0, 2, 1]
    """
    column = column.reset_index(drop=True)
    try:
        done = column.sort_values(ascending=ascending, kind="stable")
    except TypeError:
        texts = column.astype(object).map(str, na_action="ignore").astype("string")
        done = texts.sort_values(ascending=ascending, kind="stable")
    order: Positions = done.index.to_numpy(dtype=np.intp)
    return order
