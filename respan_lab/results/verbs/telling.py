"""Verbs that tell what became of single calls, and what they cost."""

from __future__ import annotations

import pandas as pd

from ..cells import Cell
from ..curl import curl_of
from ..explain import explained
from ..explanation import Explanation
from .verbs import Verbs

__all__ = ["ERROR_COLUMNS", "Telling"]

ERROR_COLUMNS = (
    "key",
    "model",
    "asked_model",
    "prompt",
    "prompt_version",
    "item",
    "run",
    "choice",
    "status",
    "error_type",
    "error_message",
    "attempts",
    "log_id",
    "started_at",
)
"""The columns of `Telling.errors`."""


class Telling(Verbs):
    """Tells of single calls, of those that failed, and what all cost."""

    @property
    def cost(self) -> float | None:
        """US dollars in all, over the calls whose cost is known; None if none is.

        Calls answered from the ledger count with what they cost when they were made;
        one call that answers in several runs of a `concat` counts once.
        """
        frame = self._df
        if "run_name" in frame:
            frame = frame.drop_duplicates(["key", "run_id", "choice"])
        total = frame["cost"].sum(min_count=1)
        return None if pd.isna(total) else float(total)

    @property
    def errors(self) -> pd.DataFrame:
        """The calls that failed, maybe billed ones included, with the reason."""
        failed = self._df["status"].isin(("error", "maybe_billed"))
        axes = [name for name in self._df.columns if name.startswith("param_")]
        at = ERROR_COLUMNS.index("status")
        which = ["run_name"] if "run_name" in self._df else []
        names = [*which, *ERROR_COLUMNS[:at], *axes, *ERROR_COLUMNS[at:]]
        return self._df.loc[failed, names].reset_index(drop=True)

    def explain(self, key: str) -> Explanation:
        """Tell one cell's story: what was asked, every attempt, times, cost, answer.

        What was asked and the single attempts stand in the run's ledger; where that is
        not at hand, the story is what the frame has.

        Args:
            key: The cell's key, or how it begins: at least 4 characters.

        Returns:
            A text that shows itself, in a notebook as a table.

        Raises:
            ConfigError: No cell has such a key, or several do.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", "sim/small", progress=False)
            >>> story = r.explain(r.df.loc[0, "key"][:8])
            >>> print(story.title)
            sim/small · prompt · item 0 · run 0: ok
        """
        return explained(Cell(self._df, self._manifest, key))

    def curl(self, key: str) -> str:
        r"""Give one cell's request as a curl command for a shell.

        It holds no credential: the key is the variable ``RESPAN_API_KEY``, and those
        that stood in the request's fields are left out. A run on an embedded gateway
        is sent to the address of `respan-lab serve`.

        Args:
            key: The cell's key, or how it begins: at least 4 characters.

        Raises:
            ConfigError: No cell has such a key, or several do; or the request is not
                known, since it was not sent or the ledger is not at hand.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", "sim/small", progress=False)
            >>> print(r.curl(r.df.loc[0, "key"]).splitlines()[3])
            curl -sSN http://127.0.0.1:8787/api/chat/completions \
        """
        return curl_of(Cell(self._df, self._manifest, key))
