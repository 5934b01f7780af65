"""What a run gives back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .files import LOADED, read_file
from .headline import headline, run_label
from .power_line import power_line
from .recorded_run import read_recorded
from .stopped import stop_note
from .table import html_table, rows_table, summary_table, text_table
from .told import with_told
from .verbs import (
    Comparing,
    Deciding,
    Expecting,
    Judging,
    Scoring,
    Showing,
    Telling,
)
from .verbs.telling import ERROR_COLUMNS

__all__ = ["Results"]

_FIRST_ROWS = 5
_CHIP = (
    "border:1px solid currentColor;border-radius:4px;padding:0 .45em;margin-left:.6em"
)


class Results(
    Comparing,
    Deciding["Results"],
    Expecting,
    Judging,
    Scoring["Results"],
    Showing,
    Telling,
):
    """The calls of a run as a tidy frame, with what they add up to.

    In a notebook it shows its summary and first rows. ``len`` counts rows.

    Args:
        df: A frame with the declared columns, as `build_frame` makes it.
        manifest: What is known of the run beside its rows: plain values; its
            ``targets`` (name to fields) tell lists and weights, its ``labels`` (model
            to text) what a reader must know of a model. None means nothing is known.

    Raises:
        ConfigError: If the frame lacks declared columns.

    Example:
        >>> from respan_lab.results import Results, build_frame
        >>> row = {"model": "m", "item": 0, "status": "ok", "cost": 0.5}
        >>> r = Results(build_frame([row], models=["m"], prompts=[]))
        >>> len(r), r.cost
        (1, 0.5)
    """

    def __init__(
        self, df: pd.DataFrame, manifest: Mapping[str, Any] | None = None
    ) -> None:
        missing = [name for name in (*ERROR_COLUMNS, "cost") if name not in df]
        if missing:
            raise ConfigError(
                f"the frame has no column {missing[0]!r}; Results needs a frame with "
                "the declared columns"
            )
        super().__init__(with_told(df, manifest), manifest)

    def query(self, expr: str) -> Results:
        """Keep the rows for which a pandas expression holds.

        Example:
            >>> from respan_lab.results import Results, build_frame
            >>> rows = [{"model": "m", "item": i, "status": "ok"} for i in range(3)]
            >>> r = Results(build_frame(rows, models=["m"], prompts=[]))
            >>> len(r.query("item > 0"))
            2
        """
        kept = self._df.query(expr).reset_index(drop=True)
        return self._with(kept, self._manifest)

    def __getitem__(self, model: str) -> Results:
        names = [str(name) for name in self._df["model"].cat.categories]
        if model not in names:
            near = get_close_matches(str(model), names, n=1) or names
            raise ConfigError(
                f"{model!r} is not a model of this run; try {', '.join(near)}"
            )
        kept = self._df[self._df["model"] == model].reset_index(drop=True)
        return self._with(kept, self._manifest)

    def _with(self, df: pd.DataFrame, manifest: Mapping[str, Any]) -> Results:
        return Results(df, manifest)

    @classmethod
    def load(cls, path: str | os.PathLike[str], run: str | None = None) -> Results:
        """Read a run again, dtypes and order as they were.

        Args:
            path: A run that was exported to ``.parquet``, ``.xlsx``, ``.csv`` or
                ``.jsonl``; or a ledger, which has every run, those too that were
                killed: its file, or the folder that holds it as ``ledger.db``.
                ``.csv`` and ``.jsonl`` hold the calls alone: of the manifest, only the
                run's id is known again; models and prompts are in the order of their
                first calls, and dates of your own data are text. Text is as it was, a
                formula that was made inert too; what ``.xlsx`` had to cut stays cut,
                and says so. A column that was added by hand is read if its name is
                one a run can have: ``score_human``, ``note_human``.
            run: The run's id, as `lab.runs` lists it; None is the newest.

        Raises:
            ConfigError: If the file is missing, is neither, or has no such run.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", "sim/small", progress=False)
            >>> again = lab.Results.load(r.manifest["ledger"]["path"])
            >>> again.df["output"].equals(r.df["output"])
            True
        """
        source = Path(path).expanduser()
        if source.suffix.lower() in LOADED and not source.is_dir():
            return cls(*read_file(source, run))
        return cls(*read_recorded(source, run))

    def __len__(self) -> int:
        return len(self._df)

    def __repr__(self) -> str:
        table = text_table(summary_table(self.summary())) if len(self) else ""
        head = f"Results: {headline(self._df, self._manifest)}"
        label = run_label(self._df, self._manifest)
        parts = (head, label, table, *self._lines())
        return "\n".join(part for part in parts if part)

    def _lines(self) -> list[str]:
        """What stands below the summary."""
        of_run = (self._df, self._manifest)
        return [line for line in (stop_note(*of_run), power_line(*of_run)) if line]

    def _repr_html_(self) -> str:
        head = f"<p><strong>{escape(headline(self._df, self._manifest))}</strong>"
        label = run_label(self._df, self._manifest)
        chip = f' <span style="{_CHIP}">{escape(label)}</span>' if label else ""
        head += f"{chip}</p>"
        if not len(self):
            return head
        left_out = len(self) - _FIRST_ROWS
        more = f"<p>… and {left_out:,} more in <code>.df</code></p>"
        return "\n".join(
            [
                "<div>" + head,
                html_table(summary_table(self.summary())),
                *(f"<p>{escape(line)}</p>" for line in self._lines()),
                html_table(rows_table(self._df.head(_FIRST_ROWS))),
                (more if left_out > 0 else "") + "</div>",
            ]
        )
