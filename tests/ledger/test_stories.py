"""What a ledger tells of one cell."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from respan_lab.errors import LedgerError
from respan_lab.ledger import Intent, Ledger, LedgerFile, NewCell, NewRun, Settled
from respan_lab.ledger.owners import Owner

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANSWER = {"choice": 0, "status": "ok", "output": "Hi", "cost": 0.5}


def written(path, work):
    async def go():
        ledger = Ledger(path)
        try:
            return await work(ledger)
        finally:
            await ledger.aclose()

    asyncio.run(go())


async def begin(ledger, name, **how):
    owner = Owner.here(name)
    cells = [NewCell(at, key, 0, None, 0, at, 0) for at, key in enumerate("ab")]
    new = NewRun(name, None, NOW.isoformat(), {}, owner, **how)
    return (await ledger.begin_run(new, cells)).run


def intent(run, who, key="a", **how):
    return Intent(run, "ab".index(key), key, who, 0.25, b'{"model": "m"}', **how)


@pytest.fixture
def path(tmp_path):
    async def work(ledger):
        one = await begin(ledger, "one")
        call = (await ledger.begin(intent(one, "one"))).call
        await ledger.settle(Settled(call, "ok", [ANSWER], {"attempts": []}))
        ledger.skip_soon(one, [1], "budget")
        await ledger.end_run(one, Owner.here("one"), finished_at="then", manifest={})
        two = await begin(ledger, "two", asks_again=True)
        call = (await ledger.begin(intent(two, "two", asks_again=True))).call
        await ledger.begin(intent(two, "two", "b"))
        await begin(ledger, "three")

    written(tmp_path / "ledger.db", work)
    return tmp_path / "ledger.db"


def test_a_call_with_its_request_and_answer(path):
    story = LedgerFile(path).story("a", "one")
    assert (story.from_ledger, story.skipped) == (False, None)
    call = story.call
    assert (call.run_id, call.state, call.is_in_flight) == ("one", "ok", False)
    assert (call.worst, call.request) == (0.25, {"model": "m"})
    assert call.record == {"attempts": []}
    assert call.sent_at.tzinfo is UTC
    assert [(each.run_id, each.state) for each in story.others] == [("two", "sent")]


def test_what_was_not_sent_says_why(path):
    story = LedgerFile(path).story("b", "one")
    assert (story.skipped, story.call) == ("budget", None)


def test_what_is_in_flight_is_so_while_its_run_is_alive(path):
    call = LedgerFile(path).story("b", "two").call
    assert (call.state, call.is_in_flight, call.record) == ("sent", True, None)

    async def end(ledger):
        await ledger.end_run(2, Owner.here("two"), finished_at="then", manifest={})

    written(path, end)
    call = LedgerFile(path).story("b", "two").call
    assert (call.state, call.is_in_flight) == ("maybe_billed", False)


def test_an_answer_from_before_is_the_earlier_run_s(path):
    story = LedgerFile(path).story("a", "three")
    assert story.from_ledger
    assert story.call.run_id == "one"


def test_what_is_not_there_is_none(path):
    assert LedgerFile(path).story("c", "one") is None
    assert LedgerFile(path).story("a", "four") is None
    with pytest.raises(LedgerError, match="cannot be read"):
        LedgerFile(path.with_name("nowhere.db")).story("a", "one")
