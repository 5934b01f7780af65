"""Every run of a ledger at a glance, without its rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .packing import parts

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Overview", "overviews"]

# The data stands last in a plan. Inside its texts a quote has a backslash before it,
# so nothing but the field itself is spelled like this.
_DATA = b',"items":"'

# What a run spent: the calls it made, whoever was given their answers later.
_COSTS = """
SELECT calls.run, sum(answers.cost) FROM calls
JOIN answers ON answers.call = calls.id GROUP BY calls.run
"""
_ENDS = """
SELECT cells.run, CASE calls.state
    WHEN 'ok' THEN 'ok' WHEN 'error' THEN coalesce(answers.status, 'error')
    WHEN 'sent' THEN 'maybe_billed' ELSE coalesce(calls.state, 'skipped')
  END AS status, count(*)
FROM cells LEFT JOIN calls ON calls.id = cells.call
LEFT JOIN answers ON answers.call = calls.id AND calls.state = 'error'
GROUP BY 1, 2
"""


class Overview(NamedTuple):
    """One run, without its rows.

    Attributes:
        run_id: Its id.
        name: The experiment's; None without one.
        started_at: ISO 8601, UTC.
        finished_at: The same; None for a run that was killed, or goes on.
        cells: How many it has.
        cost: US dollars that it spent, on its judges too, over the calls of known cost;
            None if none is, 0.0 if it made no call.
        models: The names of its targets.
        prompts: The names of its prompts; none if the rows or targets brought them.
        ends: How many of its cells ended as `ok`, `error`, `maybe_billed`, `skipped`.
    """

    run_id: str
    name: str | None
    started_at: str
    finished_at: str | None
    cells: int
    cost: float | None
    models: list[str]
    prompts: list[str]
    ends: dict[str, int]


def overviews(connection: sqlite3.Connection) -> list[Overview]:
    """Give every run, the newest first."""
    costs = dict(map(tuple, connection.execute(_COSTS)))
    ends: dict[int, Counter[str]] = {}
    for run, status, count in connection.execute(_ENDS):
        ends.setdefault(run, Counter())[status] = count
    rows = connection.execute(
        "SELECT runs.id, run_id, name, started_at, finished_at, cells, plans.plan "
        "FROM runs JOIN plans ON plans.id = runs.plan ORDER BY runs.id DESC"
    )
    return [
        _overview(row, costs.get(row["id"], 0.0), dict(ends.get(row["id"], {})))
        for row in rows
    ]


def _overview(row: sqlite3.Row, cost: float | None, ends: dict[str, int]) -> Overview:
    models, prompts = _names(row["plan"])
    return Overview(
        row["run_id"],
        row["name"],
        row["started_at"],
        row["finished_at"],
        row["cells"],
        cost,
        models,
        prompts,
        ends,
    )


def _names(plan: bytes) -> tuple[list[str], list[str]]:
    head = _head(plan)
    return _firsts(head["targets"]), _firsts(head["prompts"])


def _firsts(pairs: Iterable[list[Any]]) -> list[str]:
    return list(dict.fromkeys(pair[0] for pair in pairs))


def _head(plan: bytes) -> dict[str, Any]:
    """Read a plan without its data, which may be a thousand times as long."""
    text = b""
    for part in parts(plan):
        text += part
        before, found, _ = text.partition(_DATA)
        if found:
            return dict(json.loads(before + b"}"))
    return dict(json.loads(text))
