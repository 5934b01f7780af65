"""Answers on disk: found by their key until they expire or newer ones need room."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from respan_lab.errors import ConfigError
from respan_lab.gateway.store.cache import CacheStore, Entry

MESSAGES = [{"role": "user", "content": "hi \ud83d"}]


def entry(key: str = "k", text: str = "hello", *, at: float = 0.0, lives: float = 60):
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return Entry(
        key=key,
        completion={"id": "c1", "model": "up-1", "choices": [choice]},
        messages=MESSAGES,
        model="up-1",
        provider="up",
        candidate="up/a",
        cost=0.25,
        latency=1.5,
        created=at,
        expires=at + lives,
    )


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def using(home: Path, work, **options: Any):
    async def go():
        store = CacheStore(home, **options)
        try:
            return await work(store)
        finally:
            await store.aclose()

    return asyncio.run(go())


def kept(home: Path, **options: Any) -> set[str]:
    """What is still there, by key."""
    names = [f"k{i}" for i in range(100)]

    async def find(store: CacheStore) -> set[str]:
        return {name for name in names if await store.get(name)}

    return using(home, find, **options)


def test_an_answer_is_there_after_a_restart_with_all_that_is_known_of_it(
    tmp_path: Path,
) -> None:
    clock = Clock()
    using(tmp_path, lambda store: store.put(entry()), clock=clock)
    clock.now = 7.0
    found = using(tmp_path, lambda store: store.get("k"), clock=clock)
    assert found == replace(entry(), hit_count=1, last_hit=7.0)


def test_hits_are_counted(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> list[int]:
        await store.put(entry())
        hits = [await store.get("k") for _ in range(3)]
        return [hit.hit_count for hit in hits if hit]

    assert using(tmp_path, work, clock=Clock()) == [1, 2, 3]


def test_all_who_ask_at_once_find_their_own(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> list[Entry | None]:
        for i in range(5):
            await store.put(entry(f"k{i}", text=f"said {i}"))
        asking = [asyncio.create_task(store.get(f"k{i % 6}")) for i in range(12)]
        await asyncio.sleep(0)
        asking.pop().cancel()  # which is no matter of the others
        return await asyncio.gather(*asking)

    found = using(tmp_path, work, clock=Clock())
    said = [each and each.completion["choices"][0]["message"] for each in found]
    texts = [each and each["content"] for each in said]
    assert texts == [*(f"said {i}" for i in range(5)), None] + texts[:5]


def test_all_who_ask_at_once_are_told_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_bytes(b"not a database at all, but long enough " * 9)

    async def work(store: CacheStore) -> list[Any]:
        asking = (store.get(f"k{i}") for i in range(3))
        return await asyncio.gather(*asking, return_exceptions=True)

    assert [type(each) for each in using(tmp_path, work)] == [ConfigError] * 3


def test_what_is_unknown_stays_unknown(tmp_path: Path) -> None:
    bare = replace(entry(), model=None, cost=None, latency=None, messages=None)

    async def work(store: CacheStore) -> Entry | None:
        await store.put(bare)
        return await store.get("k")

    found = using(tmp_path, work, clock=Clock())
    assert found == replace(bare, hit_count=1, last_hit=0.0)


def test_nothing_is_found_under_another_key(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> Entry | None:
        await store.put(entry())
        return await store.get("K")

    assert using(tmp_path, work, clock=Clock()) is None


def test_a_new_answer_takes_the_old_ones_place(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> Entry | None:
        await store.put(entry(text="old"))
        await store.get("k")
        await store.put(entry(text="new"))
        return await store.get("k")

    found = using(tmp_path, work, clock=Clock())
    assert found is not None
    assert found.hit_count == 1
    assert found.completion["choices"][0]["message"]["content"] == "new"


def test_an_answer_is_given_until_it_expires(tmp_path: Path) -> None:
    clock = Clock()

    async def work(store: CacheStore) -> list[bool]:
        await store.put(entry(lives=60))
        found = []
        for clock.now in (59.9, 60.0):
            found.append(await store.get("k") is not None)
        return found

    assert using(tmp_path, work, clock=clock) == [True, False]


def rows(home: Path) -> int:
    import sqlite3

    with sqlite3.connect(home / "cache.db") as connection:
        count: int = connection.execute("SELECT count(*) FROM entries").fetchone()[0]
    connection.close()
    return count


def test_what_has_expired_is_swept_away(tmp_path: Path) -> None:
    clock = Clock()
    using(tmp_path, lambda store: store.put(entry("k0", lives=1)), clock=clock)
    clock.now = 2.0
    using(tmp_path, lambda store: store.put(entry("k1", at=2.0)), clock=clock)
    assert rows(tmp_path) == 1


def test_the_oldest_make_room_for_the_newest(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> None:
        for i in range(40):
            await store.put(entry(f"k{i}", at=float(i), lives=1e9))

    using(tmp_path, work, clock=Clock(), max_entries=16)
    assert kept(tmp_path, clock=Clock()) == {f"k{i}" for i in range(24, 40)}


def test_bytes_are_bounded_too(tmp_path: Path) -> None:
    long = "x" * 1000

    async def work(store: CacheStore) -> None:
        for i in range(60):
            await store.put(entry(f"k{i}", long, at=float(i), lives=1e9))

    using(tmp_path, work, clock=Clock(), max_size=20_000)
    found = kept(tmp_path, clock=Clock())
    assert found == {f"k{i}" for i in range(60 - len(found), 60)}
    assert 15 <= len(found) <= 18  # of some 1150 bytes each, and a sixteenth more


def test_an_answer_that_would_fill_it_is_not_kept(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> Entry | None:
        await store.put(entry(text="x" * 2000))
        return await store.get("k")

    assert using(tmp_path, work, clock=Clock(), max_size=20_000) is None


def test_a_foreign_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_bytes(b"not a database at all, but long enough " * 9)
    with pytest.raises(ConfigError, match="cannot be used"):
        using(tmp_path, lambda store: store.get("k"))


def test_an_answer_that_is_put_while_it_is_looked_for_is_found(tmp_path: Path) -> None:
    async def work(store: CacheStore) -> None:
        for number in range(100):
            key = str(number)
            putting = asyncio.create_task(store.put(entry(key)))
            found = await store.get(key)
            assert found or not putting.done()
            await putting

    using(tmp_path, work, clock=Clock())
