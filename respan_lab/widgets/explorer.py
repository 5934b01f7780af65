"""A table of a run's calls to filter, sort, search, group and open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from html import escape
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import ConfigError
from ..results import Results
from ..results.cells import Cell
from ..results.curl import curl_of
from ..results.explain import explained
from ..results.foreign import as_calls
from ..results.table import html_table, rows_table
from ..results.text import visible
from ..results.told import ATTRS
from ..results.view import View, Viewed
from .code import Code, call, literal, name_of, script
from .explorer_pages import columns_of, comparison, page_of
from .panel import said
from .part import Part
from .shown import note

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explorer"]

_OPENED = (None, "story", "comparison")


class Explorer(Part, front="explorer"):
    """Shows calls page by page; what is seen is a value, and code.

    Type to search; pick, bound or write a query to filter; click a heading to sort.
    Arrow keys move in the rows, Enter opens one, Escape closes it. Only the page that
    is seen goes to the browser, long answers cut; an opened row is shown in full.

    Args:
        results: A run's, or any frame that has the columns.
        query: A pandas expression, as `Results.query` takes it.
        search: A text to be found in answers, variables or error messages.
        filters: By column a list of values to pick, None for missing ones, or a tuple
            of two bounds.
        sort: The column to sort by; None is the run's order.
        ascending: Which way.
        group: The column to group by; None shows single rows.
        page: Which page, from 0; it has 50 rows.
        selected: The key of a row.
        run_name: Of several runs put together, that row's.
        opened: What is open of it: ``"story"``, ``"comparison"`` or None.
        across: The factor across which answers are compared.
        baseline: The level the others are compared with; None is the row's own.

    Attributes:
        view: All of that as a `View`; set it to see something else, observe it with
            ``explorer.observe(function, "view")``. A query that fails is not taken.

    Raises:
        ConfigError: A name, key, range or query is none.

    Example:
        >>> import respan_lab as lab
        >>> r = lab.compare("Hi", ["sim/small", "sim/large"], progress=False)
        >>> explorer = Explorer(r, filters={"model": ["sim/small"]})
        >>> explorer.query, len(explorer.rows)
        ("model in ['sim/small']", 1)
    """

    view = traitlets.Instance(View)
    wanted = traitlets.Dict().tag(sync=True)
    columns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        results: Results | pd.DataFrame,
        *,
        query: str = "",
        search: str = "",
        filters: Mapping[str, Any] | None = None,
        sort: str | None = None,
        ascending: bool = True,
        group: str | None = None,
        page: int = 0,
        selected: str | None = None,
        run_name: str | None = None,
        opened: str | None = None,
        across: str = "model",
        baseline: str | None = None,
    ) -> None:
        self._given = results
        self._results = _as_results(results)
        frame = self._results.df.reset_index(drop=True)
        rows = [f"row-{at:05}" for at in range(len(frame))]
        frame = frame.assign(key=frame["key"].fillna(frame["key"].astype("string")
                             .where(frame["key"].notna(), rows)))  # fmt: skip
        frame.attrs = {}  # pandas copies them, a whole manifest, at each step
        self._viewed = Viewed(frame)
        self._seen: tuple[Any, Any] = (None, None)
        self._told: tuple[Any, dict[str, Any]] = (None, {})
        super().__init__(columns=columns_of(frame))
        self._names = [one["name"] for one in self.columns if one["in_table"]]
        self.observe(self._show, "view")
        self.view = View(
            query=query,
            search=search,
            filters=dict(filters or {}),
            sort=sort,
            ascending=ascending,
            group=group,
            page=page,
            selected=selected,
            run_name=run_name,
            opened=opened,
            across=across,
            baseline=baseline,
        )
        self.observe(self._asked, "wanted")

    @property
    def rows(self) -> Results:
        """Exactly the rows that are seen, all pages, in the run's order."""
        at = self._viewed.mask(self.view)
        kept = self._results.df[at].reset_index(drop=True)
        return Results(kept, self._results.manifest)

    @property
    def query(self) -> str:
        """What is seen as one expression: ``results.query(explorer.query)``.

        Query, search and filters together; empty if every row is seen.
        """
        return self._viewed.expression(self.view)

    @property
    def selected(self) -> str | None:
        """The key of the row that was last opened; None if none was."""
        return self.view.selected

    def to_code(self) -> Code:
        """Give the calls that this stands for: ``rows``, and the same ``explorer``."""
        name, usual = name_of(self._given, "results"), View()
        changed = {
            one.name: literal(getattr(self.view, one.name))
            for one in fields(View)
            if getattr(self.view, one.name) != getattr(usual, one.name)
        }
        explorer = f"explorer = {call('lab.Explorer', name, **changed)}"
        if not isinstance(self._given, Results):
            return script(explorer, "rows = explorer.rows")
        query = f"{name}.query({literal(self.query)})" if self.query else name
        return script(f"rows = {query}", explorer)

    def _asked(self, change: Mapping[str, Any]) -> None:
        """Take what the front end asks for; what cannot be is told there."""
        try:
            self.view = _view_of(change["new"])
            self.problem = ""
        except Exception as error:  # there is no other place to tell it
            self.problem = said(error)

    @traitlets.validate("view")
    def _checked(self, proposal: Mapping[str, Any]) -> View:
        """Make what a view shows before it is taken: one that fails is not."""
        view: View = proposal["value"]
        if view.opened not in _OPENED:
            raise ConfigError(
                f"opened={view.opened!r}; allowed: 'story', 'comparison' or None"
            )
        shown = page_of(
            self._viewed,
            self._positions(view),
            view,
            names=self._names,
            manifest=self._results.manifest,
        )
        # So that a key is not taken for a row that is about to go.
        shown["of"] = _wanted_of(view)
        self._made = shown, self._detail(view)
        return view

    def _show(self, change: Mapping[str, Any]) -> None:
        with self.hold_sync():
            self.shown, self.detail = self._made
            if _wanted_of(change["new"]) != self.wanted:
                self.wanted = _wanted_of(change["new"])
            self.problem = ""

    def _positions(self, view: View) -> Any:
        """Filter anew only where something else is asked for."""
        if self._seen[0] != view.what:
            plain = replace(view, sort=None)
            self._seen = (view.what, self._viewed.positions(plain))
        sort = None if view.group else view.sort
        return self._viewed.ordered(self._seen[1], replace(view, sort=sort))

    def _detail(self, view: View) -> dict[str, Any]:
        """Look a row up anew only where another is opened, or otherwise."""
        which = (view.selected, view.run_name, view.opened, view.across, view.baseline)
        if self._told[0] != which:
            self._told = (which, self._look_up(view))
        return self._told[1]

    def _look_up(self, view: View) -> dict[str, Any]:
        if view.selected is None:
            return {}
        frame, manifest = self._viewed.frame, self._results.manifest
        if view.run_name is not None and "run_name" in frame:
            frame = frame[frame["run_name"] == view.run_name]
        cell = Cell(frame, manifest, view.selected)
        if view.opened is None:
            return {}
        if view.opened == "comparison":
            at = int(frame.index[frame["key"] == cell.key][0])
            return comparison(self._viewed.frame, at, view)
        story = explained(cell)
        try:
            curl = curl_of(cell)
        except ConfigError as error:
            curl = f"# {error}"
        return {
            "kind": "story",
            "title": visible(story.title),
            "parts": [
                [p.title, [[visible(a), visible(b)] for a, b in p.rows]]
                for p in story.parts
            ],
            "curl": curl,
        }

    def _static(self) -> str:
        words = self.view.words()
        told = "; ".join(visible(one) for one in words.values()) or "all rows"
        shown = self._viewed.rows(self.view)
        count = f"{len(shown):,} of {len(self._viewed.frame):,} rows"
        head = f"<div><b>{count}</b>: {escape(told)}</div>"
        more = note(f"… and {len(shown) - 10:,} more") if len(shown) > 10 else ""
        return (
            head + (html_table(rows_table(shown.head(10))) if len(shown) else "") + more
        )

    def __repr__(self) -> str:
        n, total = int(self._viewed.mask(self.view).sum()), len(self._viewed.frame)
        return f"Explorer({n:,} of {total:,} rows)"


def _as_results(results: Any) -> Results:
    if isinstance(results, Results):
        return results
    frame = results.to_pandas() if hasattr(results, "to_pandas") else results
    return Results(as_calls(frame), frame.attrs.get(ATTRS))


def _wanted_of(view: View) -> dict[str, Any]:
    """Write a view as JSON; a range is a dict, since JSON has no tuples."""
    filters = {
        name: {"low": one[0], "high": one[1]} if isinstance(one, tuple) else one
        for name, one in view.filters.items()
    }
    return {**asdict(view), "filters": filters}


def _view_of(wanted: Mapping[str, Any]) -> View:
    filters = {
        name: (one.get("low"), one.get("high")) if isinstance(one, Mapping) else one
        for name, one in wanted.get("filters", {}).items()
    }
    return View(**{**wanted, "filters": filters})
