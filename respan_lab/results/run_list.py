"""The runs that a ledger has, as a frame."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from ..ledger.reading import LedgerFile
from ..storage.home import default_home
from .columns import RUN_COLUMNS

__all__ = ["runs"]


def runs(store: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """List the runs that a ledger has, the newest first.

    Args:
        store: The ledger's file, or the folder that holds it as `ledger.db`; None is
            `ledger.db` in `$RESPAN_LAB_HOME`, else in `.respan-lab`.

    Returns:
        One row a run. ``cost`` is what it newly spent, in US dollars, over the calls of
        known cost; ``models`` and ``prompts`` are names, joined by commas. A run that
        was killed, or goes on, has no ``finished_at``. Its cells are counted by how
        they ended; unlike in a summary, ``errors`` leaves out ``maybe_billed``. Where
        there is no ledger yet, there are no rows, and none is made.

    Raises:
        LedgerError: The file is no ledger, or cannot be read.

    Example:
        >>> import respan_lab as lab
        >>> from tempfile import mkdtemp
        >>> lab.runs(mkdtemp())["run_id"].tolist()
        []
    """
    ledger = LedgerFile(default_home() if store is None else store)
    found = ledger.runs() if ledger.exists() else []
    rows = [
        {
            **each._asdict(),
            "models": ", ".join(each.models),
            "prompts": ", ".join(each.prompts) or None,
            "ok": each.ends.get("ok", 0),
            "errors": each.ends.get("error", 0),
            "maybe_billed": each.ends.get("maybe_billed", 0),
            "skipped": each.ends.get("skipped", 0),
        }
        for each in found
    ]
    return pd.DataFrame(
        {
            column.name: _column([row[column.name] for row in rows], column.dtype)
            for column in RUN_COLUMNS
        }
    )


def _column(values: list[Any], dtype: str) -> Any:
    if dtype.startswith("datetime"):
        moments = pd.to_datetime(pd.Series(values, dtype=object), utc=True)
        return moments.astype(dtype)
    return pd.array(values, dtype=dtype)
