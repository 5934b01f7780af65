"""The verbs of results on any frame that has the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from ..evaluators.naming import Evaluators
from .asides import Paying
from .foreign import as_calls
from .rescoring import rescored
from .told import ATTRS
from .verbs import (
    Comparing,
    Deciding,
    Expecting,
    Judging,
    Scoring,
    Showing,
    Telling,
)

__all__ = ["Accessor"]

# Of our evaluators those whose small scores are good: a frame does not say so.
_LOWER_IS_BETTER = ("refusal",)


class Accessor(
    Comparing,
    Deciding[pd.DataFrame],
    Expecting,
    Judging,
    Scoring[pd.DataFrame],
    Showing,
    Telling,
):
    """What `lab.Results` can do, of a frame: ``df.lab.summary()``.

    A frame of calls has ``model`` and ``item``, and what the verb is about: a
    ``score_<name>``, ``cost``, ``latency``, ``output`` …; the names are those of
    ``respan_lab.results.COLUMNS``. What else is declared counts as missing; rows
    without a ``status`` count as answered, and rows that are alike as repeats. Verbs
    that give `lab.Results` there give a frame here, the index kept.

    The frame of a run, ``r.df``, tells in its ``attrs`` which scores are better when
    they are low, and where its ledger is, for `curl` and `explain`. A frame of other
    origin does not know, unless it was scored here or is told so:
    ``df.attrs["respan_lab"] = {"lower_is_better": ["blunders"]}``.

    Args:
        df: Any frame; what it lacks is told when a verb needs it.

    Example:
        >>> rows = [("a", 1, True), ("a", 2, False), ("b", 1, True), ("b", 2, True)]
        >>> frame = pd.DataFrame(rows, columns=["model", "item", "score_good"])
        >>> Accessor(frame).summary()["score_good"].tolist()
        [0.5, 1.0]
    """

    def __init__(self, df: pd.DataFrame) -> None:
        super().__init__(df)

    # pandas keeps the accessor of a frame, which may be changed: each verb looks anew.
    @property
    def _df(self) -> pd.DataFrame:
        return as_calls(self._given)

    @_df.setter
    def _df(self, df: pd.DataFrame) -> None:
        self._given = df

    @property
    def _manifest(self) -> dict[str, Any]:
        told = self._given.attrs.get(ATTRS) or {}
        return {"lower_is_better": list(_LOWER_IS_BETTER), **told}

    @_manifest.setter
    def _manifest(self, manifest: dict[str, Any]) -> None:
        pass  # it is the frame's

    def score(
        self,
        *evaluators: Evaluators,
        budget: float | None = None,
        prices: Mapping[str, Any] | None = None,
        assume_price: Mapping[str, float] | None = None,
        maybe_billed: Literal["report", "resend"] = "report",
    ) -> pd.DataFrame:
        """Score the column ``output`` of a frame; nothing else need be there.

        Args:
            *evaluators: As for `lab.Results.score`; they take ``output``,
                ``expected``, ``variables`` (the columns ``var_<name>``) and ``row``.
            budget: As for `lab.Results.score`.
            prices: As there.
            assume_price: As there.
            maybe_billed: As there.

        Returns:
            The same rows and index with columns ``score_<name>`` and ``note_<name>``.

        Raises:
            BudgetError: As there.
            ConfigError: There is no ``output``; or an evaluator is unknown, has no
                name, or is given twice; or none is given; or a judge as there.

        Example:
            >>> frame = pd.DataFrame({"output": ["Yes."], "expected": ["yes"]})
            >>> Accessor(frame).score("exact_match")["score_exact_match"].tolist()
            [True]
        """
        paying = Paying(budget, prices, assume_price, maybe_billed)
        found = rescored(self._given, self._manifest, evaluators, paying)
        return self._told(found.frame, found.manifest)

    def __repr__(self) -> str:
        rows, columns = self._given.shape
        verbs = [name for name in dir(type(self)) if not name.startswith("_")]
        return f"df.lab of {rows:,} rows and {columns:,} columns: {', '.join(verbs)}"

    def _with(self, df: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
        """Give the frame with what is new or other; the index is its own."""
        if len(df) != len(self._given):
            return self._told(df, manifest)
        before = self._df
        changed = {
            name: df[name].array
            for name in df.columns
            if name not in before or not df[name].equals(before[name])
        }
        return self._told(self._given.assign(**changed), manifest)

    def _told(self, df: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
        df.attrs = {**self._given.attrs, ATTRS: dict(manifest)}
        return df
