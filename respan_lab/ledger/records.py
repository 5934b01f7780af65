"""An answer as the ledger keeps it beside its columns, and read back from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..wire import Attempt, Completion, Timing
from ..wire.secrets import without_credentials
from .packing import unpacked

if TYPE_CHECKING:
    import sqlite3

    import pydantic

__all__ = [
    "answer_to",
    "answering_calls",
    "attempts_record",
    "completion_of",
    "kept_records",
    "record_of",
]


def record_of(completion: Completion) -> dict[str, Any]:
    """Give all there is of an answer as what JSON can hold; no key is in it.

    Example:
        >>> answer = Completion({"model": "m", "choices": []})
        >>> completion_of(record_of(answer)).model
        'm'
    """
    timing = completion.timing
    return {
        # As received: whoever writes it down cleans what no file can hold.
        "raw": _without_keys(completion.received),
        "headers": completion.headers,
        "timing": None if timing is None else _fields(timing),
        "attempts": [_fields(each) for each in completion.attempts],
        "asked_model": completion.asked_model,
        "price": [completion.cost, completion.cost_source, completion.cost_note],
    }


def attempts_record(attempts: Iterable[Attempt]) -> dict[str, Any]:
    """Give what is kept of a call without an answer: how it was tried."""
    return {"attempts": [_fields(each) for each in attempts]}


def completion_of(
    record: Mapping[str, Any], output_type: type[pydantic.BaseModel] | None = None
) -> Completion:
    """Give the answer again.

    Args:
        record: What `record_of` gave, through JSON or not.
        output_type: The pydantic class to read it as; None for none.
    """
    cost, _, note = record["price"]
    timing = record["timing"]
    return Completion(
        record["raw"],
        headers=record["headers"],
        timing=None if timing is None else Timing(**_moments(timing)),
        attempts=tuple(Attempt(**_moments(each)) for each in record["attempts"]),
        output_type=output_type,
        asked_model=record["asked_model"],
        # Used only where the gateway reports no cost of its own.
        cost_of=lambda _completion: (cost, note),
    )


def answering_calls(run_id: str, connection: sqlite3.Connection) -> dict[str, int]:
    """Give the call that answers each cell of a run, by the cell's key."""
    rows = connection.execute(
        "SELECT calls.key, calls.id FROM runs JOIN cells ON cells.run = runs.id "
        "JOIN calls ON calls.id = cells.call WHERE runs.run_id = ?",
        (run_id,),
    )
    return {key: call for key, call in rows}  # noqa: C416  # rows are no pairs


def kept_records(
    calls: Iterable[int], connection: sqlite3.Connection
) -> dict[int, dict[str, Any]]:
    """Read what is kept of answers beside their columns, by call."""
    records: dict[int, dict[str, Any]] = {}
    for call in calls:
        row = connection.execute(
            "SELECT record FROM answers WHERE call = ?", (call,)
        ).fetchone()
        if row is not None and row[0] is not None:
            records[call] = unpacked(row[0])
    return records


def answer_to(key: str, connection: sqlite3.Connection) -> dict[str, Any] | None:
    """Read what is kept of the newest answer to a question; None if it has none.

    Args:
        key: The question's, a cell's or that of a call that is no cell's.
        connection: To the ledger.
    """
    row = connection.execute(
        "SELECT answers.record FROM calls JOIN answers ON answers.call = calls.id "
        "WHERE calls.key = ? AND calls.state = 'ok' ORDER BY calls.id DESC LIMIT 1",
        (key,),
    ).fetchone()
    return None if row is None or row[0] is None else unpacked(row[0])


def _fields(value: Timing | Attempt) -> dict[str, Any]:
    # `asdict` copies every value deeply, which takes as long as all the rest.
    return {name: getattr(value, name) for name in value.__slots__}


def _moments(fields: Mapping[str, Any]) -> dict[str, Any]:
    at = fields["started_at"]  # a text, once it was JSON
    return {
        **fields,
        "started_at": datetime.fromisoformat(at) if isinstance(at, str) else at,
    }


def _without_keys(raw: dict[str, Any]) -> dict[str, Any]:
    """The answer without what a gateway repeats of the request's credentials."""
    breakdown = raw.get("request_breakdown")
    if not isinstance(breakdown, dict) or "full_request" not in breakdown:
        return raw
    return {**raw, "request_breakdown": without_credentials(breakdown)}
