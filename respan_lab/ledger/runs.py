"""Runs in the ledger: what each is to ask, and what it finds answered already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..storage.many import insert, padded, values
from .owners import Owner, expire, renew
from .packing import packed

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Found", "NewCell", "NewRun", "begin_run", "finish_run"]

_AT_A_TIME = 4096
_CELL = (
    *("run", "position", "key", "target", "prompt", "point", "item", "repeat"),
    *("call", "from_ledger"),
)


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
    answered: dict[int, int] = {}
    unsure: dict[int, int] = {}
    sent_at: list[int] = []
    for start in range(0, len(cells), _AT_A_TIME):
        some = cells[start : start + _AT_A_TIME]
        earlier = {} if new.asks_again else _earlier(some, connection, new.resends)
        rows = []
        for cell in some:
            call = earlier.get(cell.key)
            rows.append((run, *cell, call and call.id, call is not None))
            if call is not None:
                (answered if call.is_answer else unsure)[cell.position] = call.id
        insert(connection, "INSERT INTO cells", _CELL, rows)
        sent_at += [call.sent_at for call in earlier.values()]
    return Found(run, answered, unsure, min(sent_at, default=None))


class _Call(NamedTuple):
    key: str
    id: int
    is_answer: bool
    sent_at: int


def _earlier(
    cells: Sequence[NewCell], connection: sqlite3.Connection, resends: bool
) -> dict[str, _Call]:
    """The newest call of each key: one that was answered, else one that is in doubt."""
    found: dict[str, _Call] = {}
    for piece in padded([cell.key for cell in cells]):
        calls = connection.execute(
            "SELECT key, id, state = 'ok', sent_at FROM calls WHERE key IN "
            f"({values(len(piece), 1)}) AND state IN ('ok', ?) "
            "ORDER BY state = 'ok', id",
            (*piece, "ok" if resends else "maybe_billed"),
        )
        calls.row_factory = None
        for call in map(_Call._make, calls):
            found[call.key] = call
    return found


def finish_run(
    run: int, finished_at: str, manifest: Any, connection: sqlite3.Connection
) -> None:
    """Write down that a run is over, and what is known of it."""
    connection.execute(
        "UPDATE runs SET finished_at = ?, manifest = ? WHERE id = ?",
        (finished_at, packed(manifest), run),
    )
