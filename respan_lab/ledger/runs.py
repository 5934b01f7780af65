"""Runs in the ledger: what each is to ask, and what it finds answered already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .owners import Owner, expire, renew
from .packing import packed
from .plans import NewCell, number_of_plan

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Found", "NewRun", "begin_run", "finish_run"]

_UNASKED = (
    "INSERT INTO cells (run, position) SELECT ?, position FROM planned WHERE plan = ?"
)
# The newest answer of each key. All that is asked for is in the indexes.
_ANSWERED = """
INSERT INTO cells (run, position, call, from_run)
SELECT ?, planned.position, max(calls.id), calls.run
FROM planned LEFT JOIN calls ON calls.key = planned.key
  AND calls.id NOT IN (SELECT id FROM calls WHERE state <> 'ok')
WHERE planned.plan = ? GROUP BY planned.position
"""
_FOUND = "SELECT position, call FROM cells WHERE run = ? AND call IS NOT NULL"
_DOUBTED = """
SELECT cells.position, max(calls.id), calls.run
FROM runs JOIN cells ON cells.run = runs.id
JOIN planned ON planned.plan = runs.plan AND planned.position = cells.position
JOIN calls ON calls.key = planned.key
  AND calls.state <> 'ok' AND calls.state = 'maybe_billed'
WHERE runs.id = ? AND cells.call IS NULL GROUP BY cells.position
"""


class NewRun(NamedTuple):
    """A run that begins.

    Attributes:
        run_id: Its id, unique among all runs.
        name: The experiment's; None without one.
        started_at: ISO 8601, UTC.
        plan: What its cells' numbers mean, as JSON values.
        owner: Who is at work on it.
        asks_again: Whether answers from before are left alone.
        resends: Whether what may have been billed is sent again.
    """

    run_id: str
    name: str | None
    started_at: str
    plan: Any
    owner: Owner
    asks_again: bool = False
    resends: bool = False


class Found(NamedTuple):
    """What a run has found when it began.

    Attributes:
        run: Its number in the ledger.
        answered: The calls that answer its cells, by position, from before.
        unsure: Those that may have been billed, from before.
        oldest: When the oldest of the answers was asked for, in microseconds since
            1970; None without any.
    """

    run: int
    answered: dict[int, int]
    unsure: dict[int, int]
    oldest: int | None


def begin_run(
    new: NewRun, cells: Sequence[NewCell], connection: sqlite3.Connection
) -> Found:
    """Write a run down, and find what is answered already."""
    expire(connection)
    renew(connection, new.owner)
    plan = number_of_plan(new.plan, cells, connection)
    run = connection.execute(
        "INSERT INTO runs (run_id, name, started_at, cells, plan) "
        "VALUES (?, ?, ?, ?, ?)",
        (new.run_id, new.name, new.started_at, len(cells), plan),
    ).lastrowid
    assert run is not None  # the row was inserted
    if new.asks_again:
        connection.execute(_UNASKED, (run, plan))
        return Found(run, {}, {}, None)
    connection.execute(_ANSWERED, (run, plan))
    answered = _pairs(connection.execute(_FOUND, (run,)))
    unsure = {} if new.resends else _doubted(run, connection)
    return Found(run, answered, unsure, _oldest(run, connection))


def _doubted(run: int, connection: sqlite3.Connection) -> dict[int, int]:
    """Let calls that may have been billed count for cells that have no answer."""
    doubted = connection.execute(_DOUBTED, (run,)).fetchall()
    connection.executemany(
        "UPDATE cells SET call = ?, from_run = ? WHERE run = ? AND position = ?",
        [(call, made_by, run, at) for at, call, made_by in doubted],
    )
    return {at: call for at, call, _ in doubted}


def _pairs(cursor: sqlite3.Cursor) -> dict[int, int]:
    cursor.row_factory = None
    return dict(cursor)


def _oldest(run: int, connection: sqlite3.Connection) -> int | None:
    """When the first of a run's calls was sent; they are numbered in their order."""
    found = connection.execute(
        "SELECT sent_at FROM calls "
        "WHERE id = (SELECT min(call) FROM cells WHERE run = ?)",
        (run,),
    ).fetchone()
    return None if found is None else int(found[0])


def finish_run(
    run: int, finished_at: str, manifest: Any, connection: sqlite3.Connection
) -> None:
    """Write down that a run is over, and what is known of it."""
    connection.execute(
        "UPDATE runs SET finished_at = ?, manifest = ? WHERE id = ?",
        (finished_at, packed(manifest), run),
    )
