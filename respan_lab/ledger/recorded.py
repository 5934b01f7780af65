"""What a run has come to: every cell with its answer, as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import LedgerError
from .columns import column, columns
from .packing import unpacked
from .schema import ANSWER, Kind

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Recorded", "read_run"]

_PLANNED_KINDS: dict[str, Kind] = {
    "position": "integer",
    "key": "text",
    "target": "integer",
    "prompt": "integer",
    "point": "integer",
    "item": "integer",
    "repeat": "integer",
}
_READ_PLANNED = f"""
SELECT {", ".join(_PLANNED_KINDS)} FROM planned WHERE plan = ? ORDER BY position
"""
# What has no answer, or not yet, says so in the words of one. Its call is looked at for
# that alone.
_INSTEAD = {
    "status": "CASE WHEN {state} IN ('sent', 'maybe_billed') THEN 'maybe_billed' "
    "ELSE 'skipped' END",
    "error_type": "CASE WHEN answers.status = 'ok' THEN NULL "
    "WHEN {state} IN ('sent', 'maybe_billed') THEN 'stopped' "
    "WHEN {state} IS NULL THEN coalesce(cells.skipped, 'stopped') END",
    "started_at": "(SELECT sent_at FROM calls WHERE id = cells.call)",
}
_STATE = "(SELECT state FROM calls WHERE id = cells.call)"
_ANSWER = [
    f"coalesce(answers.{name}, {_INSTEAD[name].format(state=_STATE)})"
    if name in _INSTEAD
    else f"answers.{name}"
    for name in ANSWER
]
_CELL_KINDS: dict[str, Kind] = {
    "from_ledger": "boolean",
    "run": "integer",
    **ANSWER,
}
_READ = f"""
SELECT cells.from_run IS NOT NULL,
  coalesce(cells.from_run, CASE WHEN cells.call IS NOT NULL THEN cells.run END),
  {", ".join(_ANSWER)}
FROM cells LEFT JOIN answers ON answers.call = cells.call
WHERE cells.run = ? ORDER BY cells.position
"""
_CHOICE_KINDS: dict[str, Kind] = {
    "position": "integer",
    "choice": "integer",
    **ANSWER,
}
_READ_CHOICES = f"""
SELECT cells.position, choices.choice, {", ".join(f"choices.{n}" for n in ANSWER)}
FROM cells JOIN choices ON choices.call = cells.call
WHERE cells.run = ? ORDER BY cells.position, choices.choice
"""


class Recorded(NamedTuple):
    """A run as the ledger has it.

    Attributes:
        run: The columns of `runs`, but for the plan; the manifest read.
        cells: A row for each, by column: those of `NewCell`, `from_ledger`, `run_id`
            (that which asked; missing if none has), and of `ANSWER`. What has no
            answer is `maybe_billed` if it was sent, else `skipped`.
        choices: The further choices: position, choice and the columns of `ANSWER`.
        scores: Position, choice and the scores by column.
    """

    run: dict[str, Any]
    cells: Mapping[str, pa.ChunkedArray]
    choices: Mapping[str, pa.ChunkedArray]
    scores: list[tuple[int, int, dict[str, Any]]]
    packed_plan: bytes

    @property
    def plan(self) -> Any:
        """What the cells' numbers mean, as JSON values; unpacked each time."""
        return unpacked(self.packed_plan)


def _run(row: sqlite3.Row) -> dict[str, Any]:
    read = {name: row[name] for name in row.keys()}  # noqa: SIM118  # no mapping
    if read["manifest"] is not None:
        read["manifest"] = unpacked(read["manifest"])
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
    plan = run.pop("plan")
    cells = columns(connection.execute(_READ_PLANNED, (plan,)), _PLANNED_KINDS)
    cells |= columns(connection.execute(_READ, (run["id"],)), _CELL_KINDS)
    cells["run_id"] = _named(cells.pop("run"), connection)
    choices = columns(connection.execute(_READ_CHOICES, (run["id"],)), _CHOICE_KINDS)
    (packed_plan,) = connection.execute(
        "SELECT plan FROM plans WHERE id = ?", (plan,)
    ).fetchone()
    scores = connection.execute(
        "SELECT position, choice, scores FROM scores WHERE run = ?", (run["id"],)
    )
    return Recorded(
        run,
        cells,
        choices,
        [(at, choice, json.loads(text)) for at, choice, text in scores],
        packed_plan,
    )


def _named(runs: pa.ChunkedArray, connection: sqlite3.Connection) -> pa.ChunkedArray:
    """Give the ids of runs that are told by their numbers."""
    asked = [*connection.execute("SELECT id, run_id FROM runs")]
    numbers, names = zip(*asked, strict=True)
    return pc.take(
        column([names], "text"),
        pc.index_in(runs, value_set=column([numbers], "integer")),
    )
