"""Verbs that draw, lay out and write to files."""

from __future__ import annotations

import os
from pathlib import Path

from ..files import export
from ..plot import Plot
from .verbs import Verbs

__all__ = ["Showing"]


class Showing(Verbs):
    """Draws the calls, and writes them to files."""

    @property
    def plot(self) -> Plot:
        """The plots: ``r.plot.scores()``, ``r.plot.latency()``."""
        return Plot(self._df, self._manifest)

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the run to a file; folders are made as needed.

        The file's name tells the format:

        - ``.csv``: the calls, for spreadsheets; text that one would evaluate gets an
          apostrophe in front, control characters become visible.
        - ``.xlsx``: sheets of the summary, the calls, the comparisons and the
          manifest, with frozen headings, filters and units; text as in csv, and cut
          visibly past the 32,767 characters of a cell.
        - ``.parquet``: everything to the letter, the manifest included.
        - ``.jsonl``: the calls, an object a line, to the letter.
        - ``.html``: a page that stands alone, with summary, comparisons, plots, the
          first 1,000 rows and the manifest.
        - ``.tex``, ``.md``: the summary and the comparisons as tables to publish.

        All have the same figures. `Results.load` reads the first four again.

        Returns:
            The path of the file.

        Raises:
            ConfigError: If the name ends in something else, or the run is too large
                for the format: a sheet of Excel has 1,048,576 rows.
        """
        return export(self._df, path, manifest=self._manifest)
