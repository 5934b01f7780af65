"""Whole answers, as far as the ledgers of their runs are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import LedgerError
from ..ledger.reading import LedgerFile
from ..ledger.records import answering_calls, completion_of, kept_records
from .dtypes import is_missing

if TYPE_CHECKING:
    import pandas as pd

    from ..wire import Completion

__all__ = ["Completions"]


class _Run(NamedTuple):
    ledger: LedgerFile
    calls: Mapping[str, int]


class Completions:
    """The answers of runs, read from their ledgers.

    Args:
        manifest: What is known of the run, or of several put together.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        named = manifest.get("runs")
        several = named if isinstance(named, Mapping) else {None: manifest}
        self._runs = {name: _run(each) for name, each in several.items()}

    def of(self, rows: pd.DataFrame) -> list[Completion | None]:
        """Give the answer of each row; None where it is not at hand."""
        keys = rows["key"].tolist() if "key" in rows else [None] * len(rows)
        runs = rows["run_name"].tolist() if "run_name" in rows else [None] * len(rows)
        found: dict[Any, dict[str, Completion]] = {
            name: self._read(
                name, [k for k, r in zip(keys, runs, strict=True) if r == name]
            )
            for name in dict.fromkeys(runs)
        }
        return [
            None if is_missing(key) else found[name].get(key)
            for key, name in zip(keys, runs, strict=True)
        ]

    def _read(self, name: str | None, keys: Sequence[Any]) -> dict[str, Completion]:
        """Give answers by key; rows of one call, its choices, share one."""
        run = self._runs.get(name)
        if run is None:
            return {}
        calls = {key: run.calls[key] for key in keys if key in run.calls}
        try:
            records = run.ledger.ask(partial(kept_records, calls.values()))
        except LedgerError:
            return {}
        return {
            key: completion_of(records[call])
            for key, call in calls.items()
            if "raw" in records.get(call, {})
        }


def _run(manifest: Mapping[str, Any]) -> _Run | None:
    path = (manifest.get("ledger") or {}).get("path")
    run_id = manifest.get("run_id")
    ledger = LedgerFile(path) if path and run_id else None
    if ledger is None or not ledger.exists():
        return None
    try:
        return _Run(ledger, ledger.ask(partial(answering_calls, str(run_id))))
    except LedgerError:
        return None
