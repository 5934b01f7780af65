"""Runs in the ledger: what each is to ask, and what it finds answered already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..storage.many import insert
from .owners import Owner, expire, renew
from .packing import packed

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Found", "NewCell", "NewRun", "begin_run", "finish_run"]

_AT_A_TIME = 4096
_CELL = ("run", "position", "key", "target", "prompt", "point", "item", "repeat")
# The newest of the calls of a cell's key that are in a state.
_FIND = """
UPDATE cells SET from_ledger = 1, call = (
  SELECT max(calls.id) FROM calls WHERE calls.key = cells.key AND calls.state = :state
)
WHERE run = :run AND call IS NULL AND EXISTS (
  SELECT 1 FROM calls WHERE calls.key = cells.key AND calls.state = :state
)
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


class NewCell(NamedTuple):
    """A cell of a run: its place, its key, and where in the plan it comes from."""

    position: int
    key: str
    target: int
    prompt: int | None
    point: int
    item: int
    repeat: int


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
    run = connection.execute(
        "INSERT INTO runs (run_id, name, started_at, cells, plan) "
        "VALUES (?, ?, ?, ?, ?)",
        (new.run_id, new.name, new.started_at, len(cells), packed(new.plan)),
    ).lastrowid
    assert run is not None  # the row was inserted
    for start in range(0, len(cells), _AT_A_TIME):
        some = cells[start : start + _AT_A_TIME]
        rows = [(run, *cell) for cell in some]
        insert(connection, "INSERT INTO cells", _CELL, rows)
    if not new.asks_again:
        connection.execute(_FIND, {"run": run, "state": "ok"})
        if not new.resends:
            connection.execute(_FIND, {"run": run, "state": "maybe_billed"})
    return _found(run, connection)


def _found(run: int, connection: sqlite3.Connection) -> Found:
    answered: dict[int, int] = {}
    unsure: dict[int, int] = {}
    oldest = None
    for position, call, state, sent_at in connection.execute(
        "SELECT position, call, state, sent_at FROM cells "
        "JOIN calls ON calls.id = cells.call WHERE cells.run = ?",
        (run,),
    ):
        (answered if state == "ok" else unsure)[position] = call
        oldest = sent_at if oldest is None else min(oldest, sent_at)
    return Found(run, answered, unsure, oldest)


def finish_run(
    run: int, finished_at: str, manifest: Any, connection: sqlite3.Connection
) -> None:
    """Write down that a run is over, and what is known of it."""
    connection.execute(
        "UPDATE runs SET finished_at = ?, manifest = ? WHERE id = ?",
        (finished_at, packed(manifest), run),
    )
