"""Verbs that add up and compare."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..summary import summarize
from .verbs import Verbs

__all__ = ["Comparing"]


class Comparing(Verbs):
    """Adds the calls up, and compares what was asked."""

    def summary(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Add the calls up: one row per model, prompt, version and grid point.

        Of several runs (`lab.concat`), one such row for each run.

        Args:
            by: One or more columns of ``.df`` to group by instead; an empty list
                gives one row in all.

        Returns:
            The columns of ``SUMMARY_COLUMNS`` that have a value: counts (Int64);
            each score's mean with its 95 % Wilson interval; ``cost``, dollars a call,
            and ``cost_total``, both over the calls of known cost, ``unpriced`` the
            others; medians in seconds, of calls that this run asked and that were
            answered neither from a cache nor by another model; mean tokens a call; for
            lists each model's share of the answers beside its weight; ``label``, what
            a reader must know of a model.
            A failed call has no score: it is in ``errors``, not in the mean.

        Raises:
            ConfigError: If ``by`` names a column that ``.df`` does not have.
        """
        return summarize(self._df, by=by, manifest=self._manifest)
