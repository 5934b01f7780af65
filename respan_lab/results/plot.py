"""The plots of a run, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .. import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Plot"]


class Plot:
    """Draws a run's summary; each method returns the Axes it drew on.

    Args:
        summary: What `Results.summary` gives.
    """

    def __init__(self, summary: pd.DataFrame) -> None:
        self._summary = summary

    def scores(self, score: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw each group's score with its 95 % interval, in the order given.

        Args:
            score: The score's name, without ``score_``; None: the only one.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there is no such score, or one has to be chosen.
        """
        return plots.scores(self._summary, score=score, ax=ax)

    def __repr__(self) -> str:
        return "Plot: .scores(score=None, *, ax=None)"
