"""Verbs that draw, lay out and write to files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import export
from ..plot import Plot
from ..publication import published_table
from .verbs import Verbs

if TYPE_CHECKING:
    from great_tables import GT

__all__ = ["Showing"]


class Showing(Verbs):
    """Draws the calls, lays them out as a table, and writes them to files."""

    @property
    def plot(self) -> Plot:
        """The plots: ``r.plot.scores()``, ``r.plot.latency()``."""
        return Plot(self._df, self._manifest)

    def table(
        self, by: str | Sequence[str] | None = None, metric: str | None = None
    ) -> GT:
        """Lay the summary out as a table to publish, marked with what may be best.

        Scores have their interval, headings the units, what is missing is a dash. A
        score is bold and has a dagger if no other row was shown to be better by it
        (paired by item, corrected by Holm's method over all pairs); a note below says
        so. It shows itself in a notebook; ``.as_raw_html()``, ``.as_latex()`` and
        everything else of great-tables is there.

        Args:
            by: One or more columns of ``.df`` to group by instead of model, prompt,
                version and grid point. By other than these nothing is compared, and
                so nothing marked.
            metric: A score's name, or ``cost``, ``latency``, ``time_to_first_token``,
                ``completion_tokens``: what may be best is marked by it; of a score,
                the others are left out. None marks by every score.

        Raises:
            ConfigError: If ``by`` or ``metric`` is not in the frame.

        Example:
            >>> import respan_lab as lab
            >>> data = [{"text": "Where is it?", "expected": "delivery"}]
            >>> r = lab.compare("{{ text }}", ["sim/small", "sim/large"], data,
            ...                 evaluators=["exact_match"], progress=False)
            >>> "sim/large" in r.table(metric="latency").as_raw_html()
            True
        """
        return published_table(self._df, by=by, metric=metric, manifest=self._manifest)

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
