"""The ledger: what is sent once, what is known after a kill, who else is at work."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from respan_lab.errors import LedgerError
from respan_lab.ledger import (
    Answered,
    Begun,
    Busy,
    Found,
    Intent,
    Ledger,
    NewCell,
    NewRun,
    Settled,
)
from respan_lab.ledger.owners import Owner
from respan_lab.wire import clean

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANSWER = {"choice": 0, "status": "ok", "output": "Hi", "cost": 0.5, "started_at": NOW}


def using(path: Path, work) -> Any:
    async def go() -> Any:
        ledger = Ledger(path)
        try:
            return await work(ledger)
        finally:
            await ledger.aclose()

    return asyncio.run(go())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "ledger.db"


def owner(name: str) -> Owner:
    return Owner.here(name)


async def begin(ledger: Ledger, name: str, keys: str = "ab", **how: Any) -> Found:
    cells = [NewCell(at, key, 0, None, 0, at, 0) for at, key in enumerate(keys)]
    new = NewRun(name, None, NOW.isoformat(), {"of": name}, owner(name), **how)
    return await ledger.begin_run(new, cells)


def intent(run: int, key: str, who: str = "one", **how: Any) -> Intent:
    return Intent(run, "ab".index(key), key, who, 0.25, b"{}", **how)


async def end(ledger: Ledger, run: int, name: str) -> None:
    await ledger.end_run(run, owner(name), finished_at="then", manifest={"m": 1})


def test_an_answered_call_is_found_by_the_next_run(path: Path) -> None:
    async def first(ledger: Ledger) -> None:
        found = await begin(ledger, "one")
        assert found.answered == found.unsure == {}
        begun = await ledger.begin(intent(found.run, "a"))
        assert isinstance(begun, Begun)
        await ledger.settle(Settled(begun.call, "ok", [ANSWER], {"raw": {"x": 1}}))
        await end(ledger, found.run, "one")

    async def second(ledger: Ledger) -> None:
        found = await begin(ledger, "two", "ba")
        assert list(found.answered) == [1]
        (call,) = found.answered.values()
        assert await ledger.records([call]) == {call: {"raw": {"x": 1}}}
        again = intent(found.run, "a", "two")._replace(position=1)
        assert await ledger.begin(again) == Answered(call, "ok")
        recorded = await ledger.read()
        assert recorded.run["run_id"] == "two"
        assert recorded.plan == {"of": "two"}
        assert recorded.cells["output"].to_pylist() == [None, "Hi"]
        assert recorded.cells["from_ledger"].to_pylist() == [False, True]
        assert recorded.cells["run_id"].to_pylist() == [None, "one"]

    using(path, first)
    using(path, second)


def test_a_run_that_asks_again_keeps_the_old_answer(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        found = await begin(ledger, "one")
        begun = await ledger.begin(intent(found.run, "a"))
        assert begun == Begun(begun.call, 0)
        await ledger.settle(Settled(begun.call, "ok", [ANSWER]))
        again = await begin(ledger, "two", asks_again=True)
        assert again.answered == {}
        other = await ledger.begin(intent(again.run, "a", "two", asks_again=True))
        assert other == Begun(begun.call + 1, 1)
        new = {**ANSWER, "output": "Hello"}
        await ledger.settle(Settled(other.call, "ok", [new]))
        assert (await ledger.read("one")).cells["output"][0].as_py() == "Hi"
        assert (await ledger.read("two")).cells["output"][0].as_py() == "Hello"
        assert (await begin(ledger, "three")).answered == {0: other.call}
        await end(ledger, 1, "one")

    using(path, work)


def test_what_is_refused_is_sent_again(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        found = await begin(ledger, "one")
        begun = await ledger.begin(intent(found.run, "a"))
        await ledger.settle(Settled(begun.call, "error", [{"status": "error"}]))
        again = await begin(ledger, "two")
        assert again.answered == again.unsure == {}
        assert isinstance(await ledger.begin(intent(again.run, "a", "two")), Begun)
        await end(ledger, found.run, "one")

    using(path, work)


def test_two_runs_at_once_send_a_cell_once(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        one, two = await begin(ledger, "one"), await begin(ledger, "two")
        begun = await ledger.begin(intent(one.run, "a", "one"))
        assert isinstance(begun, Begun)
        busy = await ledger.begin(intent(two.run, "a", "two"))
        assert busy == Busy(begun.call)
        await ledger.settle(Settled(begun.call, "ok", [ANSWER]))
        told = await ledger.begin(intent(two.run, "a", "two"))
        assert told == Answered(begun.call, "ok")
        assert (await ledger.read("two")).cells["output"][0].as_py() == "Hi"
        await end(ledger, one.run, "one")

    using(path, work)


def test_a_run_that_ends_gives_up_what_it_has_in_flight(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        one = await begin(ledger, "one")
        begun = await ledger.begin(intent(one.run, "a"))
        await end(ledger, one.run, "one")
        two = await begin(ledger, "two")
        assert two.unsure == {0: begun.call}
        told = await ledger.begin(intent(two.run, "a", "two"))
        assert told == Answered(begun.call, "maybe_billed")
        three = await begin(ledger, "three", resends=True)
        assert three.unsure == {}
        sent = await ledger.begin(intent(three.run, "a", "three", resends=True))
        assert isinstance(sent, Begun)

    using(path, work)


KILLED = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_ledger import *

async def main():
    ledger = Ledger(Path({path!r}))
    found = await begin(ledger, "killed")
    begun = await ledger.begin(intent(found.run, "a", "killed"))
    await ledger.settle(Settled(begun.call, "ok", [ANSWER]))
    await ledger.begin(intent(found.run, "b", "killed"))
    print("in flight", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_after_a_kill_it_is_known_what_was_in_flight(path: Path) -> None:
    script = textwrap.dedent(KILLED).format(
        tests=str(Path(__file__).parent), path=str(path)
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "in flight\n"

        async def meanwhile(ledger: Ledger) -> None:
            found = await begin(ledger, "other")
            assert list(found.answered) == [0]
            told = await ledger.begin(intent(found.run, "b", "other"))
            assert isinstance(told, Busy)

        using(path, meanwhile)
        child.kill()

    async def after(ledger: Ledger) -> None:
        found = await begin(ledger, "next")
        assert (list(found.answered), list(found.unsure)) == ([0], [1])
        status = (await ledger.read("killed")).cells["status"]
        assert status.to_pylist() == ["ok", "maybe_billed"]

    using(path, after)


def test_a_dead_run_of_another_machine_is_dead_when_its_lease_is_over(
    path: Path,
) -> None:
    async def work(ledger: Ledger) -> None:
        one = await begin(ledger, "one")
        await ledger.begin(intent(one.run, "a"))
        change = "UPDATE owners SET machine = 'elsewhere', lease = lease + ?"
        with sqlite3.connect(path) as other:
            other.execute(change, (100,))
        assert (await begin(ledger, "two")).unsure == {}
        with sqlite3.connect(path) as other:
            other.execute(change, (-1000,))
        assert list((await begin(ledger, "three")).unsure) == [0]

    using(path, work)


def test_a_surrogate_and_a_huge_number_are_no_reason_to_fail(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        found = await begin(ledger, "one")
        begun = await ledger.begin(intent(found.run, "a"))
        odd = {**ANSWER, "output": "a\ud83d", "prompt_tokens": 2**70}
        further = {"choice": 1, "status": "ok", "output": "b", "parsed": {"n": [1]}}
        record = {"raw": {"text": "\ud83d", "n": float("nan")}}
        await ledger.settle(Settled(begun.call, "ok", [odd, further], record))
        recorded = await ledger.read()
        assert recorded.cells["output"][0].as_py() == clean("a\ud83d")
        assert recorded.cells["prompt_tokens"][0].as_py() is None
        of_choice = {name: c.to_pylist() for name, c in recorded.choices.items()}
        assert (of_choice["position"], of_choice["choice"]) == ([0], [1])
        assert of_choice["parsed"] == ['{"n":[1]}']
        ledger.score_soon(found.run, 0, 0, {"score_x": True})
        assert (await ledger.read()).scores == [(0, 0, {"score_x": True})]

    using(path, work)


def test_one_bad_piece_of_work_fails_alone(path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        found = await begin(ledger, "one")
        good, bad, other = await asyncio.gather(
            ledger.begin(intent(found.run, "a")),
            ledger.begin(intent(found.run, object(), "one")._replace(key=object())),  # type: ignore[arg-type]
            ledger.begin(intent(found.run, "b")),
            return_exceptions=True,
        )
        assert isinstance(good, Begun)
        assert isinstance(bad, LedgerError)
        assert isinstance(other, Begun)

    def intent(run: int, key: Any, who: str = "one") -> Intent:
        return Intent(run, 0, key, who, None, b"{}")

    using(path, work)


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 99, b"SQLite format 3\0x"]
)
def test_a_torn_file_is_a_clear_error(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="store="):
        using(path, lambda ledger: ledger.nonce())
    assert path.read_bytes() == content


def test_a_page_that_is_damaged_later_is_a_clear_error(path: Path) -> None:
    async def fill(ledger: Ledger) -> None:
        found = await begin(ledger, "one", "a" * 5000)
        await end(ledger, found.run, "one")

    using(path, fill)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=r"damaged|cannot be"):
        using(path, lambda ledger: ledger.read("one"))


def test_another_programs_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE photos (x)")
    with pytest.raises(LedgerError, match="another program's file"):
        using(path, lambda ledger: ledger.nonce())


def test_a_newer_ledger_says_upgrade(path: Path) -> None:
    using(path, lambda ledger: ledger.nonce())
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="upgrade respan_lab"):
        using(path, lambda ledger: ledger.nonce())


def test_a_full_disk_keeps_what_it_has(path: Path) -> None:
    async def fill(ledger: Ledger) -> None:
        found = await begin(ledger, "one")
        begun = await ledger.begin(intent(found.run, "a"))
        await ledger.settle(Settled(begun.call, "ok", [ANSWER]))
        await ledger._put(  # the disk is as large as SQLite is told
            lambda c: c.execute(f"PRAGMA max_page_count = {_pages(c)}").fetchone()
        )
        large = "".join(map(chr, range(0x4E00, 0x9000))) * 20
        begun = await ledger.begin(intent(found.run, "b"))
        with pytest.raises(LedgerError, match="full"):
            await ledger.settle(
                Settled(begun.call, "ok", [{**ANSWER, "output": large}])
            )
        assert (await ledger.read()).cells["output"].to_pylist() == ["Hi", None]

    using(path, fill)


def _pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0])


def test_the_nonce_is_the_ledgers_own(path: Path, tmp_path: Path) -> None:
    one = using(path, lambda ledger: ledger.nonce())
    assert one == using(path, lambda ledger: ledger.nonce())
    assert one != using(tmp_path / "other.db", lambda ledger: ledger.nonce())


def test_a_run_nobody_made_is_an_error(path: Path) -> None:
    with pytest.raises(LedgerError, match="no run 'x'"):
        using(path, lambda ledger: ledger.read("x"))
