"""A SQLite file that survives what happens to files and to processes."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from respan_lab.errors import ConfigError
from respan_lab.storage.database import Database
from respan_lab.storage.file import File

SCHEMA = "CREATE TABLE t (x INTEGER); CREATE INDEX i ON t (x);"


def insert(x: int):
    return lambda c: c.execute("INSERT INTO t VALUES (?)", (x,)).lastrowid


def all_of(c: sqlite3.Connection) -> list[int]:
    return [row["x"] for row in c.execute("SELECT x FROM t ORDER BY x")]


def using(path: Path, work, **options):
    async def go():
        database = Database(File(path, SCHEMA, **options))
        try:
            return await work(database)
        finally:
            await database.aclose()

    return asyncio.run(go())


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "home" / "a.db"
    using(path, lambda d: d.write(insert(1)))
    using(path, lambda d: d.write(insert(2)))
    assert using(path, lambda d: d.read(all_of)) == [1, 2]


def test_only_the_owner_can_read_it_and_git_ignores_it(tmp_path: Path) -> None:
    path = tmp_path / "home" / "a.db"
    using(path, lambda d: d.write(insert(1)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    using(tmp_path / "a.db", lambda d: d.write(insert(1)))
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    def fails(c: sqlite3.Connection) -> None:
        insert(1)(c)
        raise KeyError("in the middle")

    async def work(database: Database) -> list[int]:
        with pytest.raises(KeyError):
            await database.write(fails)
        await database.write(insert(2))
        return await database.read(all_of)

    assert using(tmp_path / "a.db", work) == [2]


def test_it_can_be_used_after_it_was_closed(tmp_path: Path) -> None:
    async def work(database: Database) -> list[int]:
        await database.write(insert(1))
        await database.aclose()
        await database.aclose()
        await database.write(insert(2))
        return await database.read(all_of)

    assert using(tmp_path / "a.db", work) == [1, 2]


def test_two_of_them_take_turns(tmp_path: Path) -> None:
    async def work(one: Database) -> list[int]:
        other = Database(File(tmp_path / "a.db", SCHEMA))
        writes = [d.write(insert(n)) for n in range(50) for d in (one, other)]
        await asyncio.gather(*writes)
        await other.aclose()
        return await one.read(all_of)

    assert using(tmp_path / "a.db", work) == sorted([*range(50), *range(50)])


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    using(tmp_path / "a.db", lambda d: d.write(insert(1)), version=2)
    with pytest.raises(ConfigError, match="newer respan_lab"):
        using(tmp_path / "a.db", lambda d: d.read(all_of))


@pytest.mark.parametrize("content", [b"not a database at all, but long enough " * 9])
def test_a_foreign_file_is_refused_and_not_touched(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be used: file is not a database"):
        using(path, lambda d: d.read(all_of))
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="give another folder"):
        using(tmp_path / "file" / "a.db", lambda d: d.read(all_of))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_opens_it_anew(tmp_path: Path) -> None:
    script = f"""
import asyncio, os
from pathlib import Path
from respan_lab.storage.database import Database
from respan_lab.storage.file import File
d = Database(File(Path({str(tmp_path)!r}) / "a.db", {SCHEMA!r}))
insert = lambda x: (lambda c: c.execute("INSERT INTO t VALUES (?)", (x,)).lastrowid)
asyncio.run(d.write(insert(1)))
child = os.fork()
asyncio.run(d.write(insert(3 if child else 2)))
if child:
    assert os.waitpid(child, 0)[1] == 0
asyncio.run(d.aclose())
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert using(tmp_path / "a.db", lambda d: d.read(all_of)) == [1, 2, 3]


def test_reading_does_not_wait_for_another_process_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    using(path, lambda d: d.write(insert(1)))
    other = sqlite3.connect(path, isolation_level=None)

    async def work(database: Database) -> list[int]:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(database.write(insert(2)))
        await asyncio.sleep(0)  # it is ahead
        async with asyncio.timeout(20):
            found = await database.read(all_of)
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing
        return found + await database.read(all_of)

    try:
        assert using(path, work) == [1, 1, 2]
    finally:
        other.close()


def test_what_nobody_has_any_more_is_closed(tmp_path: Path) -> None:
    async def use(n: int) -> None:
        database = Database(File(tmp_path / f"{n}.db", SCHEMA))
        for _ in range(2):  # the work holds the database, as the stores' does
            await database.write(lambda c: (database, insert(n)(c))[1])
            await database.read(lambda c: (database, all_of(c))[1])

    before = set(threading.enumerate())
    for n in range(3):
        asyncio.run(use(n))
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
    assert set(threading.enumerate()) <= before
