"""Plans in the ledger: what runs are to ask, each written down once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_json

from ..storage.many import insert
from ..storage.texts import as_json
from .packing import in_little_space

if TYPE_CHECKING:
    import sqlite3

__all__ = ["NewCell", "number_of_plan"]

_AT_A_TIME = 4096


class NewCell(NamedTuple):
    """A cell of a plan: its place, its key, and where in the plan it comes from."""

    position: int
    key: str
    target: int
    prompt: int | None
    point: int
    item: int
    repeat: int


def number_of_plan(
    plan: Any, cells: Sequence[NewCell], connection: sqlite3.Connection
) -> int:
    """Give a plan's number in the ledger; one that is new is written down.

    Args:
        plan: What the cells' numbers mean, as JSON values.
        cells: All of them.
        connection: To the ledger, which nobody else writes to meanwhile.
    """
    meaning = as_json(plan).encode()
    hashed = _hash(meaning, cells)
    known = connection.execute("SELECT id FROM plans WHERE hash = ?", (hashed,))
    for (number,) in known:
        return int(number)
    added = connection.execute(
        "INSERT INTO plans (hash, plan) VALUES (?, ?)",
        (hashed, in_little_space(meaning)),
    ).lastrowid
    assert added is not None  # the row was inserted
    columns = ("plan", *NewCell._fields)
    for start in range(0, len(cells), _AT_A_TIME):
        rows = [(added, *cell) for cell in cells[start : start + _AT_A_TIME]]
        insert(connection, "INSERT INTO planned", columns, rows)
    return added


def _hash(meaning: bytes, cells: Sequence[NewCell]) -> str:
    """The SHA-256 of all that makes a plan."""
    hashed = hashlib.sha256(meaning)
    for start in range(0, len(cells), _AT_A_TIME):
        some = cells[start : start + _AT_A_TIME]
        hashed.update(to_json([*chain.from_iterable(some)]))
    return hashed.hexdigest()
