"""Runs in the ledger: what each was to ask, and what came of every cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import LedgerError
from .calls import packed, unpacked
from .owners import Owner, expire, renew
from .schema import ANSWER

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "Found",
    "NewCell",
    "NewRun",
    "Recorded",
    "begin_run",
    "finish_run",
    "list_runs",
    "read_run",
]

_CELL = ("position", "key", "target", "prompt", "point", "item", "repeat")
_READ = f"""
SELECT {", ".join(f"cells.{name}" for name in _CELL)}, cells.from_ledger,
  cells.skipped, cells.call, calls.state, calls.sent_at, asker.run_id,
  {", ".join(f"answers.{name}" for name in ANSWER)}
FROM cells
LEFT JOIN calls ON calls.id = cells.call
LEFT JOIN runs AS asker ON asker.id = calls.run
LEFT JOIN answers ON answers.call = cells.call
WHERE cells.run = ? ORDER BY cells.position
"""
_READ_CHOICES = f"""
SELECT cells.position, choices.choice, {", ".join(f"choices.{n}" for n in ANSWER)}
FROM cells JOIN choices ON choices.call = cells.call
WHERE cells.run = ? ORDER BY cells.position, choices.choice
"""
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


class Recorded(NamedTuple):
    """A run as the ledger has it.

    Attributes:
        run: The columns of `runs`, the plan and the manifest read.
        cells: A list for each column: those of `NewCell`, `from_ledger`, `skipped`,
            `call`, `state`, `sent_at`, `run_id` (that which asked) and of `ANSWER`.
        choices: The further choices: position, choice and the columns of `ANSWER`.
        scores: Position, choice and the scores by column.
    """

    run: dict[str, Any]
    cells: dict[str, Sequence[Any]]
    choices: list[tuple[Any, ...]]
    scores: list[tuple[int, int, dict[str, Any]]]


def begin_run(
    new: NewRun, cells: Iterable[NewCell], connection: sqlite3.Connection
) -> Found:
    """Write a run down, and find what is answered already."""
    expire(connection)
    renew(connection, new.owner)
    rows = list(cells)
    run = connection.execute(
        "INSERT INTO runs (run_id, name, started_at, cells, plan) "
        "VALUES (?, ?, ?, ?, ?)",
        (new.run_id, new.name, new.started_at, len(rows), packed(new.plan)),
    ).lastrowid
    assert run is not None  # the row was inserted
    connection.executemany(
        f"INSERT INTO cells (run, {', '.join(_CELL)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((run, *row) for row in rows),
    )
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


def list_runs(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every run, the newest first: the columns of `runs`, and the dollars it spent."""
    rows = connection.execute(
        "SELECT runs.*, (SELECT sum(answers.cost) FROM calls "
        "JOIN answers ON answers.call = calls.id WHERE calls.run = runs.id) AS cost "
        "FROM runs ORDER BY runs.id DESC"
    )
    return [_run(row) for row in rows]


def _run(row: sqlite3.Row) -> dict[str, Any]:
    read = {name: row[name] for name in row.keys()}  # noqa: SIM118  # no mapping
    for name in ("plan", "manifest"):
        read[name] = None if read[name] is None else unpacked(read[name])
    return read


def read_run(run_id: str | None, connection: sqlite3.Connection) -> Recorded:
    """Read a run.

    Args:
        run_id: Its id; None is the newest.
        connection: To the ledger.

    Raises:
        LedgerError: There is no such run.
    """
    found = connection.execute(
        "SELECT * FROM runs WHERE run_id = coalesce(?, run_id) "
        "ORDER BY id DESC LIMIT 1",
        (run_id,),
    ).fetchone()
    if found is None:
        what = "has no run" if run_id is None else f"has no run {run_id!r}"
        raise LedgerError(f"the ledger {what}; lab.runs() lists what there is")
    run = _run(found)
    cursor = connection.execute(_READ, (run["id"],))
    cursor.row_factory = None
    names = [name for name, *_ in cursor.description]
    rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    choices = connection.execute(_READ_CHOICES, (run["id"],))
    choices.row_factory = None
    scores = connection.execute(
        "SELECT position, choice, scores FROM scores WHERE run = ?", (run["id"],)
    )
    return Recorded(
        run,
        dict(zip(names, columns, strict=True)),
        choices.fetchall(),
        [(at, choice, json.loads(text)) for at, choice, text in scores],
    )
