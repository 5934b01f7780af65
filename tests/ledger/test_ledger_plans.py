"""Plans in the ledger: written once, and what runs of them find answered."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import respan_lab as lab
from respan_lab.errors import LedgerError
from respan_lab.ledger import (
    Found,
    Intent,
    Ledger,
    LedgerFile,
    NewCell,
    NewRun,
    Settled,
)
from respan_lab.ledger.owners import Owner
from respan_lab.ledger.schema import VERSION

PLAN = {"about": "x"}


def cells(keys: str) -> list[NewCell]:
    return [NewCell(at, key, 0, None, 0, at, 0) for at, key in enumerate(keys)]


async def begin(
    ledger: Ledger,
    name: str,
    keys: str = "ab",
    *,
    plan: Any = PLAN,
    numbered: list[NewCell] | None = None,
    **how: Any,
) -> Found:
    new = NewRun(name, None, "now", plan, Owner.here(name), **how)
    return await ledger.begin_run(new, numbered or cells(keys))


async def asked(ledger: Ledger, run: int, name: str, at: int, key: str) -> int:
    intent = Intent(run, at, key, name, None, b"{}", asks_again=True)
    return (await ledger.begin(intent)).call


def using(path: Path, work: Callable[[Ledger], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        ledger = Ledger(path)
        try:
            return await work(ledger)
        finally:
            await ledger.aclose()

    return asyncio.run(go())


def counted(path: Path) -> tuple[int, int, int]:
    """How many plans, planned cells, and cells of runs there are."""
    with closing(sqlite3.connect(path)) as file:
        n = [
            file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("plans", "planned", "cells")
        ]
    return n[0], n[1], n[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def test_what_is_asked_again_is_written_once(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        await begin(ledger, "one")
        await begin(ledger, "two", asks_again=True)
        assert counted(path) == (1, 2, 4)
        for recorded in (await ledger.read("one"), await ledger.read("two")):
            assert recorded.plan == PLAN
            assert recorded.cells["key"].to_pylist() == ["a", "b"]
            assert recorded.cells["item"].to_pylist() == [0, 1]

    using(path, work)


@pytest.mark.parametrize(
    "other",
    [
        {"plan": {"about": "y"}},
        {"keys": "ac"},
        {"keys": "abc"},
        {"keys": "ba"},
        *(
            {"numbered": [cells("a")[0], cells("ab")[1]._replace(**{name: 7})]}
            for name in ("target", "prompt", "point", "item", "repeat")
        ),
    ],
    ids=str,
)
def test_whatever_differs_is_another_plan(path: Path, other: dict[str, Any]) -> None:
    async def work(ledger: Ledger) -> None:
        await begin(ledger, "one")
        await begin(ledger, "two", **other)
        assert counted(path)[0] == 2
        wanted = other.get("numbered") or cells(other.get("keys", "ab"))
        recorded = await ledger.read("two")
        assert recorded.plan == other.get("plan", PLAN)
        columns = [recorded.cells[name].to_pylist() for name in NewCell._fields]
        assert list(zip(*columns, strict=True)) == wanted
        assert (await ledger.read("one")).cells["key"].to_pylist() == ["a", "b"]

    using(path, work)


def test_two_that_begin_the_same_at_once_share_it(path: Path) -> None:
    many = [NewCell(at, f"key {at}", 0, None, 0, at, 0) for at in range(5000)]

    async def both() -> None:
        ledgers = [Ledger(path), Ledger(path)]
        found = await asyncio.gather(
            *(
                begin(ledger, str(at), numbered=many)
                for at, ledger in enumerate(ledgers)
            )
        )
        assert {each.run for each in found} == {1, 2}
        for ledger in ledgers:
            await ledger.aclose()

    asyncio.run(both())
    assert counted(path) == (1, 5000, 10_000)


@pytest.mark.parametrize("resends", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_newest_answer_counts_else_the_newest_in_doubt(
    path: Path, seed: int, resends: bool
) -> None:
    """Compared with what a reader of the rule would pick by hand."""
    dice = random.Random(seed)
    keys = "abcdefgh"
    calls: list[tuple[int, str, str, int]] = []  # number, key, state, run

    async def work(ledger: Ledger) -> None:
        for name in ("one", "two", "three"):
            run = (await begin(ledger, name, keys)).run
            for _ in range(5):
                at = dice.randrange(6)  # the last two are never asked
                call = await asked(ledger, run, name, at, keys[at])
                state = dice.choice(["ok", "error", "maybe_billed", "sent"])
                calls.append((call, keys[at], state, run))
                if state != "sent":
                    choice = {"choice": 0, "status": state}
                    settled = Settled(call, state, [choice])  # type: ignore[arg-type]
                    await ledger.settle(settled)
        found = await begin(ledger, "last", keys, resends=resends)
        picked = {at: by_hand(key, resends) for at, key in enumerate(keys)}
        wanted = {at: each for at, each in picked.items() if each is not None}
        answered = {at: c for at, (c, _, s, _) in wanted.items() if s == "ok"}
        unsure = {at: c for at, (c, _, s, _) in wanted.items() if s != "ok"}
        assert (found.answered, found.unsure) == (answered, unsure)
        recorded = await ledger.read("last")
        runs = {1: "one", 2: "two", 3: "three"}
        made_by = [runs[wanted[at][3]] if at in wanted else None for at in range(8)]
        assert recorded.cells["run_id"].to_pylist() == made_by
        is_earlier = [at in wanted for at in range(8)]
        assert recorded.cells["from_ledger"].to_pylist() == is_earlier
        if wanted:
            with closing(sqlite3.connect(path)) as file:
                first = min(call for call, *_ in wanted.values())
                query = "SELECT sent_at FROM calls WHERE id = ?"
                assert file.execute(query, (first,)).fetchone() == (found.oldest,)
        else:
            assert found.oldest is None

    def by_hand(key: str, resends: bool) -> tuple[int, str, str, int] | None:
        of_key = [each for each in calls if each[1] == key]
        ok = [each for each in of_key if each[2] == "ok"]
        doubted = [each for each in of_key if each[2] == "maybe_billed" and not resends]
        return (ok or doubted or [None])[-1]

    using(path, work)


def test_a_call_another_run_made_meanwhile_is_that_run_s(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        one, two = await begin(ledger, "one"), await begin(ledger, "two")
        call = await asked(ledger, one.run, "one", 0, "a")
        await ledger.settle(Settled(call, "ok", [{"choice": 0, "status": "ok"}]))
        await ledger.begin(Intent(two.run, 0, "a", "two", None, b"{}"))
        for name, is_earlier in (("one", False), ("two", True)):
            recorded = (await ledger.read(name)).cells
            assert recorded["run_id"].to_pylist() == ["one", None]
            assert recorded["from_ledger"].to_pylist() == [is_earlier, False]

    using(path, work)


def test_to_find_what_is_answered_reads_no_call(path: Path) -> None:
    """They lie in another order than cells: to look at each takes ten times as long."""
    from respan_lab.ledger.runs import _ANSWERED

    using(path, lambda ledger: ledger.nonce())
    with closing(sqlite3.connect(path)) as file:
        steps = [
            row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {_ANSWERED}", (1, 1))
        ]
    of_calls = [step for step in steps if "calls" in step]
    assert len(of_calls) == 2
    assert all("COVERING INDEX" in step for step in of_calls)


def test_a_ledger_of_an_earlier_format_is_refused(path: Path) -> None:
    using(path, begun := lambda ledger: begin(ledger, "one"))
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {VERSION - 1}")
    before = path.read_bytes()
    refused = rf"{path.name} was written by an earlier .* away .*store="
    with pytest.raises(LedgerError, match=refused):
        using(path, begun)
    with pytest.raises(LedgerError, match=refused):
        LedgerFile(path).read()
    client = lab.Client(gateway=lab.Gateway(sim_time_scale=0))
    how: dict[str, Any] = {"client": client, "store": path, "progress": False}
    for mode in ("live", "replay"):
        with pytest.raises(LedgerError) as found:
            lab.Experiment("Hi", "sim/small").run(mode=mode, **how)
        assert str(path) in str(found.value)
    assert path.read_bytes() == before
