"""All that a ledger knows of one cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .packing import unpacked

if TYPE_CHECKING:
    import sqlite3

__all__ = ["CallStory", "Story", "read_story"]

_CELL = """
SELECT cells.from_run, cells.skipped, cells.call
FROM runs JOIN planned ON planned.plan = runs.plan
JOIN cells ON cells.run = runs.id AND cells.position = planned.position
WHERE runs.run_id = ? AND planned.key = ?
"""
_CALLS = """
SELECT calls.id, runs.run_id, calls.state, calls.sent_at, calls.worst, calls.request,
  answers.record, owners.lease
FROM calls LEFT JOIN runs ON runs.id = calls.run
LEFT JOIN answers ON answers.call = calls.id
LEFT JOIN owners ON owners.owner = calls.owner
WHERE calls.key = ? ORDER BY calls.id
"""


class CallStory(NamedTuple):
    """One call that was made for a cell.

    Attributes:
        run_id: The run that made it; None if the ledger has lost it.
        state: `sent`, `ok`, `error` or `maybe_billed`.
        sent_at: When its intent was written down, UTC.
        is_in_flight: Whether a run that is alive waits for its answer.
        worst: Dollars it may cost at most; None if nobody has reckoned that.
        request: The body that was sent, without credentials; None if it is not kept.
        record: What is kept of the answer beside its columns; None for nothing.
    """

    run_id: str | None
    state: str
    sent_at: datetime
    is_in_flight: bool
    worst: float | None
    request: dict[str, Any] | None
    record: dict[str, Any] | None


class Story(NamedTuple):
    """What is known of a cell of a run.

    Attributes:
        from_ledger: Whether an earlier run had asked it.
        skipped: Why it was not sent; None if nobody wrote that down.
        call: The call that counts for it; None if there is none.
        others: Further calls that asked the same, the oldest first.
    """

    from_ledger: bool
    skipped: str | None
    call: CallStory | None
    others: list[CallStory]


def read_story(
    key: str,
    run_id: str,
    connection: sqlite3.Connection,
    *,
    clock: Callable[[], float] = time.time,
) -> Story | None:
    """Tell what is known of a cell.

    Args:
        key: The cell's whole key.
        run_id: The run it is of.
        connection: To the ledger.
        clock: Seconds since 1970, by which a run is alive.

    Returns:
        Its story; None if the ledger has no such cell.
    """
    cell = connection.execute(_CELL, (run_id, key)).fetchone()
    if cell is None:
        return None
    calls = {
        row["id"]: _call(row, clock()) for row in connection.execute(_CALLS, (key,))
    }
    own = calls.pop(cell["call"], None)
    others = list(calls.values())
    return Story(cell["from_run"] is not None, cell["skipped"], own, others)


def _call(row: sqlite3.Row, now: float) -> CallStory:
    request, record = row["request"], row["record"]
    return CallStory(
        row["run_id"],
        row["state"],
        datetime.fromtimestamp(row["sent_at"] / 1e6, UTC),
        row["state"] == "sent" and (row["lease"] or 0) > now,
        row["worst"],
        None if request is None else unpacked(request),
        None if record is None else unpacked(record),
    )
