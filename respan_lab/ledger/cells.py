"""What is written of a run's cells, beside their calls."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from ..storage.many import insert

if TYPE_CHECKING:
    import sqlite3

__all__ = ["score", "skip"]

_SCORE = ("run", "position", "choice", "scores")


def skip(
    reasons: Sequence[Sequence[tuple[str, int, int]]], connection: sqlite3.Connection
) -> list[None]:
    """Write down why cells were not sent.

    Args:
        reasons: Rows of reason, run and position.
        connection: To the ledger.
    """
    connection.executemany(
        "UPDATE cells SET skipped = ? WHERE run = ? AND position = ?",
        chain.from_iterable(reasons),
    )
    return [None] * len(reasons)


def score(
    scores: Sequence[tuple[int, int, int, str]], connection: sqlite3.Connection
) -> list[None]:
    """Write scores of answers down.

    Args:
        scores: Run, position, choice, and the scores as JSON.
        connection: To the ledger.
    """
    insert(connection, "INSERT OR REPLACE INTO scores", _SCORE, scores)
    return [None] * len(scores)
