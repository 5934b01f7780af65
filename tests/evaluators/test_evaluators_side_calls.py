"""Calls beside those of cells: what is asked, counted, set aside and given back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.evaluators.asking import Question, Told
from respan_lab.evaluators.side_calls import SideCalls, Terms
from respan_lab.evaluators.tally import Tally
from respan_lab.ledger import Ledger
from respan_lab.ledger.owners import Owner
from respan_lab.transport import run
from respan_lab.wire import Completion


class Gateway(httpx.AsyncBaseTransport):
    """Answers each call with what it is made to, and keeps the requests."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        reply = self.replies.pop(0) if self.replies else 0.25
        if isinstance(reply, asyncio.Event):
            await reply.wait()
        if isinstance(reply, int):
            return httpx.Response(reply, json={"error": {"message": "no"}})
        if isinstance(reply, Exception):
            raise reply
        message = {"role": "assistant", "content": "yes"}
        body = {"model": "m", "choices": [{"index": 0, "message": message}]}
        cost = reply if isinstance(reply, float) else None
        return httpx.Response(200, json={**body, "cost": cost})


class Purse:
    """Has so many dollars; each call may cost one."""

    def __init__(self, dollars: float) -> None:
        self.left = dollars
        self.told: list[tuple[str, Any]] = []

    def worst(self, question: Question, body: Mapping[str, Any]) -> float:
        return 1.0

    async def reserve(self, worst: float | None) -> bool:
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def settle(self, worst: float | None, row: Mapping[str, Any], *, key: str) -> None:
        self.told.append((row["status"], row.get("cost")))


class Asking:
    """Questions, asked one after the other through one object."""

    def __init__(self, path: Path, gateway: Gateway, **more: Any) -> None:
        self.path, self.gateway, self.more = path, gateway, more
        self.client = lab.Client("k", transport=gateway)
        self.tally: dict[str, Any] = {}

    def ask(self, *texts: str, at_once: bool = False, **terms: Any) -> list[Any]:
        async def work() -> list[Any]:
            ledger = Ledger(self.path / "ledger.db")
            owner = Owner.here(f"owner-{len(self.gateway.seen)}-{id(terms)}")
            await ledger.begin_work(owner)
            how = Terms(owner=owner.name, retries=0, **terms)
            calls = SideCalls(self.client, ledger, how, **self.more)
            asked = [calls.ask(question(text)) for text in texts]
            if at_once:
                told: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
            else:
                told = []
                for each in asked:
                    try:
                        told.append(await each)
                    except lab.RespanError as error:
                        told.append(error)
            self.tally = calls.tallies.manifest().get("judge", {})
            await ledger.end_work(owner)
            await ledger.aclose()
            return told

        return run(work())


def question(text: str) -> Question:
    messages = [{"role": "user", "content": text}]
    return Question(None, "judge", "m", messages, {"max_tokens": 5, "stop": None})


def test_a_question_is_asked_once_and_then_known(tmp_path: Path) -> None:
    asking = Asking(tmp_path, Gateway())
    first, second = asking.ask("a", "a")
    assert isinstance(first, Told)
    assert (first.from_ledger, second.from_ledger) == (False, True)
    assert first.completion.text == second.completion.text == "yes"
    assert asking.tally["cost"] == 0.25
    assert (asking.tally["calls"], asking.tally["from_ledger"]) == (1, 1)
    [third] = asking.ask("a")
    assert third.from_ledger
    assert len(asking.gateway.seen) == 1


def test_the_same_question_at_once_waits_for_the_first(tmp_path: Path) -> None:
    asking = Asking(tmp_path, Gateway())
    told = asking.ask(*"aaabbb", at_once=True)
    assert [each.from_ledger for each in told].count(False) == 2
    assert len(asking.gateway.seen) == 2


def test_what_is_sent_is_the_question_and_what_a_run_adds(tmp_path: Path) -> None:
    import json

    asking = Asking(tmp_path, Gateway())
    asking.ask("a")
    [sent] = asking.gateway.seen
    body = json.loads(sent.content)
    key = body.pop("custom_identifier")
    assert sent.headers["idempotency-key"].startswith(f"{key}-")
    assert body.pop("metadata").keys() == {"respan_lab_run"}
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "a"}],
        "max_tokens": 5,
        "request_breakdown": True,
        "cache_enabled": False,
    }


def test_a_refusal_is_asked_again_another_time_and_costs_nothing(
    tmp_path: Path,
) -> None:
    purse = Purse(9)
    asking = Asking(tmp_path, Gateway(400), funds=purse)
    [error] = asking.ask("a")
    assert isinstance(error, lab.BadRequestError)
    assert asking.tally["errors"] == 1
    [told] = asking.ask("a")
    assert not told.from_ledger
    assert purse.told == [("error", None), ("ok", 0.25)]


def test_what_was_sent_in_vain_is_in_doubt(tmp_path: Path) -> None:
    purse = Purse(9)
    asking = Asking(tmp_path, Gateway(httpx.ReadError("gone")), funds=purse)
    [error] = asking.ask("a")
    assert isinstance(error, lab.APIError)
    assert purse.told == [("maybe_billed", None)]
    [doubt] = asking.ask("a")
    assert "may have been billed" in str(doubt)
    assert len(asking.gateway.seen) == 1
    assert purse.told[1:] == [("skipped", None)]
    [told] = asking.ask("a", resends=True)
    assert not told.from_ledger


def test_without_dollars_nothing_is_sent(tmp_path: Path) -> None:
    asking = Asking(tmp_path, Gateway(), funds=Purse(1))
    told, error = asking.ask("a", "b")
    assert isinstance(told, Told)
    assert isinstance(error, lab.BudgetError)
    assert asking.tally["unsent"] == 1
    assert asking.tally["errors"] == 0
    assert len(asking.gateway.seen) == 1
    [again] = asking.ask("a")  # known, so that no dollar is needed
    assert again.from_ledger


def test_a_question_that_is_cancelled_is_settled_and_in_doubt(tmp_path: Path) -> None:
    async def work() -> list[tuple[str, Any]]:
        gateway = Gateway(asyncio.Event())
        client = lab.Client("k", transport=gateway)
        ledger = Ledger(tmp_path / "ledger.db")
        owner = Owner.here("one")
        await ledger.begin_work(owner)
        purse = Purse(9)
        calls = SideCalls(client, ledger, Terms(owner="one"), funds=purse)
        task = asyncio.create_task(calls.ask(question("a")))
        while not gateway.seen:
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        with pytest.raises(lab.APIError, match="may have been billed"):
            await calls.ask(question("a"))
        await ledger.end_work(owner)
        await ledger.aclose()
        return purse.told

    assert run(work())[0] == ("maybe_billed", None)


@given(st.lists(st.none() | st.floats(0, 10), max_size=20))
def test_a_tally_adds_up_what_is_known(costs: list[float | None]) -> None:
    tally = Tally("m")
    for cost in costs:
        body = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
        tally.count(Completion(body if cost is None else {**body, "cost": cost}))
    told = tally.manifest()
    known = [cost for cost in costs if cost is not None]
    assert told["unpriced"] == len(costs) - len(known)
    if costs and not known:
        assert told["cost"] is None
    else:
        assert told["cost"] == pytest.approx(sum(known), abs=1e-9)
    assert told["prompt_tokens"] == 3 * len(costs)
