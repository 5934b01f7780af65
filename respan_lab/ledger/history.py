"""What earlier runs asked and were told, for whoever wants to know what is to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .packing import unpacked

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "PastCall",
    "asked_by",
    "newest_calls",
    "past_runs",
    "sampled",
    "standing_keys",
]

_TOLD = (
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cost",
    "cost_source",
    "cached",
    "answered_model",
    "provider",
)
_KEYS = 500  # in one statement
# Not the first ones: the data may be sorted. Multiplied by a number that has nothing to
# do with anything, the places are as good as shuffled, and the same each time.
_SAMPLE = f"""
SELECT calls.id, calls.key, calls.request, {", ".join(f"answers.{n}" for n in _TOLD)}
FROM (
  SELECT cells.call FROM runs JOIN planned ON planned.plan = runs.plan
  JOIN cells ON cells.run = runs.id AND cells.position = planned.position
  WHERE runs.id = ? AND target = ? AND prompt IS ? AND cells.call IS NOT NULL
  ORDER BY (planned.position * 2654435761) % 1000003 LIMIT ?
) AS asked
JOIN calls ON calls.id = asked.call JOIN answers ON answers.call = calls.id
WHERE calls.state = 'ok'
"""


class PastCall(NamedTuple):
    """A call that was answered.

    Attributes:
        call: Its number in the ledger.
        key: Its cell's key.
        request: The body that was sent, without credentials.
        told: The columns of the answer that tell of tokens and dollars.
    """

    call: int
    key: str
    request: dict[str, Any]
    told: Mapping[str, Any]


def standing_keys(
    keys: Iterable[str], connection: sqlite3.Connection, *, resends: bool = False
) -> set[str]:
    """Give those of the keys that a run does not send now: another call stands.

    What is `sent` is on its way, or may have been billed if who sent it is dead.

    Args:
        keys: Of cells.
        connection: To the ledger.
        resends: Whether what may have been billed is sent again.
    """
    every = list(keys)
    states = "('ok')" if resends else "('ok', 'maybe_billed', 'sent')"
    found: set[str] = set()
    for start in range(0, len(every), _KEYS):
        some = every[start : start + _KEYS]
        rows = connection.execute(
            f"SELECT DISTINCT key FROM calls WHERE state IN {states} "
            f"AND key IN ({', '.join('?' * len(some))})",
            some,
        )
        found.update(row[0] for row in rows)
    return found


def past_runs(
    connection: sqlite3.Connection, most: int
) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Give the newest runs: number, plan and manifest (empty if it was killed)."""
    for run, plan, manifest in connection.execute(
        "SELECT runs.id, plans.plan, manifest FROM runs "
        "JOIN plans ON plans.id = runs.plan ORDER BY runs.id DESC LIMIT ?",
        (most,),
    ):
        yield run, unpacked(plan), {} if manifest is None else unpacked(manifest)


def asked_by(run: int, connection: sqlite3.Connection) -> list[tuple[int, int | None]]:
    """Give each pair of a target's and a prompt's number in a run."""
    rows = connection.execute(
        "SELECT DISTINCT target, prompt FROM planned "
        "WHERE plan = (SELECT plan FROM runs WHERE id = ?)",
        (run,),
    )
    return [(target, prompt) for target, prompt in rows]


def sampled(
    run: int,
    target: int,
    prompt: int | None,
    connection: sqlite3.Connection,
    *,
    most: int,
) -> list[PastCall]:
    """Give some of a run's calls to a target with a prompt, picked evenly."""
    return list(
        map(_past_call, connection.execute(_SAMPLE, (run, target, prompt, most)))
    )


def newest_calls(connection: sqlite3.Connection, most: int) -> Iterator[PastCall]:
    """Give the calls that were answered last, those of judges too, the newest first."""
    rows = connection.execute(
        f"SELECT calls.id, key, request, {', '.join(f'answers.{n}' for n in _TOLD)} "
        "FROM calls JOIN answers ON answers.call = calls.id "
        "WHERE state = 'ok' AND request IS NOT NULL ORDER BY calls.id DESC LIMIT ?",
        (most,),
    )
    yield from map(_past_call, rows)


def _past_call(row: sqlite3.Row) -> PastCall:
    told = {name: row[name] for name in _TOLD}
    return PastCall(row["id"], row["key"], unpacked(row["request"]), told)
