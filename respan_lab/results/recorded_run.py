"""A run read from a ledger: its frame, and what is known of it beside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, LedgerError
from ..ledger.reading import LedgerFile
from .recorded import recorded_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ..ledger import Recorded
    from ..ledger.overview import Overview

__all__ = ["RecordedRun", "read_recorded"]

_NAMED = 3  # runs that an error names


class RecordedRun(NamedTuple):
    """What a ledger has of a run."""

    frame: pd.DataFrame
    manifest: dict[str, Any]


def read_recorded(path: str | os.PathLike[str], run: str | None = None) -> RecordedRun:
    """Read a run from a ledger.

    Args:
        path: The ledger's file, or the folder that holds it as `ledger.db`.
        run: The run's id; None is the newest.

    Raises:
        ConfigError: There is no such file, no such run in it, or it is no ledger.
    """
    ledger = LedgerFile(path)
    if not ledger.exists():
        raise ConfigError(
            f"{str(ledger.path)!r} does not exist; give a ledger, the folder of one "
            "(see lab.runs()), or a saved .parquet"
        )
    try:
        recorded = ledger.read(run)
    except LedgerError as error:
        raise _explained(ledger, run, error) from error
    return RecordedRun(recorded_frame(recorded), _manifest(recorded, ledger))


def _explained(ledger: LedgerFile, run: str | None, error: LedgerError) -> ConfigError:
    try:
        known = ledger.runs()
    except LedgerError:
        return ConfigError(f"{error}; only a ledger and .parquet keep a whole run")
    if any(each.run_id == run for each in known):  # so something else is wrong
        return ConfigError(str(error))
    return ConfigError(
        f"{ledger.path} has no run {run!r}; {_newest(known)}"
        if known
        else f"{ledger.path} has no run yet"
    )


def _newest(known: Sequence[Overview]) -> str:
    named = [
        f"{each.run_id!r} ({each.name or 'without a name'}, {each.started_at[:16]})"
        for each in known[:_NAMED]
    ]
    return f"the newest are {', '.join(named)}; lab.runs(...) lists all"


def _manifest(recorded: Recorded, ledger: LedgerFile) -> dict[str, Any]:
    """What was written down at the run's end; of one that was killed, what is known."""
    run = recorded.run
    known = run["manifest"] or {
        **{n: run[n] for n in ("run_id", "name", "started_at", "finished_at")},
        "gateway": recorded.plan["backend"],
        "cells": run["cells"],
    }
    # It may have been moved since, or written from another folder.
    return {**known, "ledger": {**known.get("ledger", {}), "path": str(ledger.path)}}
