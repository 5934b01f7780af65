"""Verbs that draw, lay out and write to files."""

from __future__ import annotations

import os
from pathlib import Path

from ..export import export
from ..plot import Plot
from ..summary import summarize
from .verbs import Verbs

__all__ = ["Showing"]


class Showing(Verbs):
    """Draws the calls, and writes them to files."""

    @property
    def plot(self) -> Plot:
        """The plots: ``r.plot.scores()``."""
        return Plot(summarize(self._df, manifest=self._manifest))

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the run to ``.csv``, ``.parquet`` or ``.html``.

        csv is for spreadsheets: text that one would evaluate gets an apostrophe in
        front, control characters become visible. parquet keeps everything, the
        manifest included, for `Results.load`. html is a page that stands alone, with
        summary, plots, the first 1,000 rows and the manifest.

        Returns:
            The path of the file.

        Raises:
            ConfigError: If the name ends in something else.
        """
        return export(self._df, path, manifest=self._manifest)
