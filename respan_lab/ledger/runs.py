"""Runs in the ledger: what each was to ask, and what came of every cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import LedgerError
from .owners import Owner, expire, renew
from .packing import packed, unpacked
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
    "read_run",
]

_AT_A_TIME = 512  # rows that the processor's cache can hold
# Texts of which a run has few different ones.
_FEW = frozenset(
    {
        "answered_model",
        "cost_source",
        "error_type",
        "finish_reason",
        "gateway",
        "latency_source",
        "provider",
        "skipped",
        "state",
        "status",
        "tool_name",
    }
)
_CELL = ("position", "key", "target", "prompt", "point", "item", "repeat")
_READ = f"""
SELECT {", ".join(f"cells.{name}" for name in _CELL)}, cells.from_ledger,
  cells.skipped, cells.call, calls.state, calls.sent_at, calls.run AS run_id,
  {", ".join(f"answers.{name}" for name in ANSWER)}
FROM cells
LEFT JOIN calls ON calls.id = cells.call
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
    cells: Mapping[str, Sequence[Any]]
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


def _run(row: sqlite3.Row) -> dict[str, Any]:
    read = {name: row[name] for name in row.keys()}  # noqa: SIM118  # no mapping
    for name in ("plan", "manifest"):
        read[name] = None if read[name] is None else unpacked(read[name])
    return read


def _columns(cursor: sqlite3.Cursor) -> dict[str, Sequence[Any]]:
    """Read rows, of which there may be a million, as columns, few at a time."""
    cursor.row_factory = None
    columns: dict[str, list[Any]] = {name: [] for name, *_ in cursor.description}
    # What is said again and again is kept once.
    known: dict[str, dict[Any, Any]] = {name: {} for name in columns if name in _FEW}
    while rows := cursor.fetchmany(_AT_A_TIME):
        parts = zip(*rows, strict=True)
        for (name, column), part in zip(columns.items(), parts, strict=True):
            own = known.get(name)
            column.extend(part if own is None else map(own.setdefault, part, part))
    length = len(columns["position"])
    nothing = (None,) * length
    return {
        name: nothing if column.count(None) == length else tuple(column)
        for name, column in columns.items()
    }


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
    cells = _columns(connection.execute(_READ, (run["id"],)))
    asked = dict(connection.execute("SELECT id, run_id FROM runs").fetchall())
    cells["run_id"] = tuple(map(asked.get, cells["run_id"]))
    choices = connection.execute(_READ_CHOICES, (run["id"],))
    choices.row_factory = None
    scores = connection.execute(
        "SELECT position, choice, scores FROM scores WHERE run = ?", (run["id"],)
    )
    return Recorded(
        run,
        cells,
        choices.fetchall(),
        [(at, choice, json.loads(text)) for at, choice, text in scores],
    )
