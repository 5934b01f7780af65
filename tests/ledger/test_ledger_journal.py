"""Writings that are committed together: each of them once, each heard of."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from respan_lab.ledger.journal import Journal, Outcome
from respan_lab.storage.database import Database
from respan_lab.storage.file import File

SCHEMA = "CREATE TABLE t (x NOT NULL)"


def add(items: Sequence[Any], connection: sqlite3.Connection) -> list[int]:
    connection.executemany("INSERT INTO t VALUES (?)", [(item,) for item in items])
    return list(range(len(items)))


def using(path: Path, work: Any) -> Any:
    async def go() -> Any:
        database = Database(File(path / "a.db", SCHEMA))
        journal = Journal(
            database, check=lambda: None, explain=lambda error: OSError(str(error))
        )
        try:
            return await work(journal, database)
        finally:
            await journal.flush()
            await database.aclose()

    return asyncio.run(go())


async def rows(database: Database) -> list[Any]:
    return await database.read(
        lambda c: [row[0] for row in c.execute("SELECT x FROM t ORDER BY rowid")]
    )


def test_the_same_work_is_done_once_for_all_items(tmp_path: Path) -> None:
    async def work(journal: Journal, database: Database) -> None:
        told = await asyncio.gather(*(journal.write(add, x) for x in "abc"))
        assert told == [0, 1, 2]
        assert await rows(database) == ["a", "b", "c"]

    using(tmp_path, work)


def test_what_one_bad_item_did_is_undone_and_the_others_are_kept(
    tmp_path: Path,
) -> None:
    async def work(journal: Journal, database: Database) -> None:
        told = await asyncio.gather(
            *(journal.write(add, x) for x in ("a", None, "b")), return_exceptions=True
        )
        assert told[0] == told[2] == 0
        assert isinstance(told[1], OSError)
        assert "NOT NULL" in str(told[1])
        assert await rows(database) == ["a", "b"]

    using(tmp_path, work)


def test_other_work_keeps_its_place(tmp_path: Path) -> None:
    async def work(journal: Journal, database: Database) -> None:
        def count(items: Sequence[Any], connection: sqlite3.Connection) -> list[int]:
            return [connection.execute("SELECT count(*) FROM t").fetchone()[0]]

        told = await asyncio.gather(
            journal.write(add, "a"), journal.write(count, None), journal.write(add, "b")
        )
        # The second letter may come earlier than it was put, the first never later.
        assert told[1] in (1, 2)

    using(tmp_path, work)


@pytest.mark.parametrize("item", ["a", None])
def test_who_stops_waiting_hears_what_came_of_it(
    tmp_path: Path, item: str | None
) -> None:
    async def work(journal: Journal, database: Database) -> None:
        heard: list[Outcome[int]] = []
        waiting = asyncio.create_task(journal.write(add, item, unheard=heard.append))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await journal.flush()
        assert waiting.cancelled()
        (outcome,) = heard
        assert (outcome.result == 0) is (item == "a")
        assert isinstance(outcome.error, OSError) is (item is None)
        assert await rows(database) == ([item] if item else [])

    using(tmp_path, work)


def test_a_cancellation_in_the_very_moment_of_the_commit_is_heard(
    tmp_path: Path,
) -> None:
    async def work(journal: Journal, database: Database) -> None:
        heard: list[Outcome[int]] = []
        first = journal.put(add, "a")
        waiting = asyncio.create_task(journal.write(add, "b", unheard=heard.append))
        # Both are told at once; the one who waits is cancelled before it is woken.
        first.add_done_callback(lambda _: waiting.cancel())
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert heard == [Outcome(1)]

    using(tmp_path, work)
