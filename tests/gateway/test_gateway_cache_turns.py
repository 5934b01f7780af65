"""The cache's step: one provider call for many, and only good answers kept."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gateway_upstream import completion

from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.caching.cache import Cache
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.providers.simulated import SimulatedProvider
from respan_lab.gateway.record import Record
from respan_lab.gateway.routing.candidates import Candidate
from respan_lab.gateway.routing.names import Destination
from respan_lab.gateway.store.cache import CacheStore
from respan_lab.prices import PriceTable

MESSAGES = [{"role": "user", "content": "hi"}]
PRICES = PriceTable()


def asks(question: str = "hi", *, openai: Any = None, **respan: Any) -> Record:
    messages = [{"role": "user", "content": question}]
    fields = {"messages": messages, "model": "up/a", **(openai or {})}
    return Record(asked=Asked(fields, {"cache_enabled": True, **respan}))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """Requests whose provider is a function, and how often it was called."""

    def __init__(
        self, store: CacheStore, provider: Callable[[int], Awaitable[Any]], **options
    ) -> None:
        self.store = store
        self.cache = Cache(store, **options)
        self.provider = provider
        self.n_calls = 0

    async def begin(self, record: Record) -> asyncio.Task[Any]:
        """Start a request, and return when it has found that it must wait."""
        task = asyncio.create_task(self.ask(record))
        await asyncio.sleep(0)
        await self.store.get("something else")  # the file does one thing after another
        return task

    async def ask(self, record: Record) -> Any:
        """The pipeline, as far as the cache sees it."""
        async with self.cache.turn(record) as hit:
            if hit is not None:
                record.end(PRICES, hit.completion)
                return hit.completion
            self.n_calls += 1
            payload = await self.provider(self.n_calls)
            record.end(PRICES, payload)
            return payload


async def hello(call: int) -> Any:
    return completion(f"hello {call}")


def using(home: Path, work, provider=hello, **options: Any):
    async def go():
        store = CacheStore(home, clock=options.pop("clock", Clock()))
        caller = Caller(store, provider, **options)
        try:
            async with asyncio.timeout(20):
                return await work(caller)
        finally:
            await caller.cache.aclose()

    return asyncio.run(go())


def text(payload: Any) -> str:
    found: str = payload["choices"][0]["message"]["content"]
    return found


def test_the_second_of_two_is_a_hit(tmp_path: Path) -> None:
    async def work(caller: Caller) -> tuple[Record, Record]:
        first, second = asks(), asks()
        assert await caller.ask(first) == await caller.ask(second)
        assert caller.n_calls == 1
        return first, second

    first, second = using(tmp_path, work)
    assert first.cache_key == second.cache_key is not None
    assert (first.cached, second.cached) == (False, True)
    assert second.hit is not None
    assert second.cost == 0
    assert second.usage == first.usage
    assert second.model == "up-1"


def test_a_hit_survives_a_restart(tmp_path: Path) -> None:
    assert text(using(tmp_path, lambda caller: caller.ask(asks()))) == "hello 1"
    again = using(tmp_path, lambda caller: caller.ask(asks()), provider=never)
    assert text(again) == "hello 1"


async def never(call: int) -> Any:
    raise AssertionError("no provider was to be called")


def test_a_request_that_does_not_ask_for_it_touches_nothing(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        for _ in range(2):
            record = asks(cache_enabled=False)
            await caller.ask(record)
            assert (record.cached, record.cache_key) == (False, None)
        assert caller.n_calls == 2

    using(tmp_path, work)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ttl", "lives"), [(None, 30 * 86_400), (5, 5), (0.5, 0.5), (10**400, 1e11)]
)
def test_an_answer_lives_as_long_as_was_asked(
    tmp_path: Path, ttl: Any, lives: float
) -> None:
    clock = Clock()

    async def work(caller: Caller) -> None:
        options = {} if ttl is None else {"cache_ttl": ttl}
        await caller.ask(asks(**options))
        clock.now += lives * 0.99
        await caller.ask(asks())
        assert caller.n_calls == 1
        clock.now += lives * 0.02
        await caller.ask(asks())
        assert caller.n_calls == 2

    using(tmp_path, work, clock=clock)


def answer(*finished: Any, **more: Any) -> Any:
    message = {"role": "assistant", "content": "x"}
    return completion(
        choices=[
            {"index": i, "message": message, "finish_reason": reason}
            for i, reason in enumerate(finished)
        ],
        **more,
    )


@pytest.mark.parametrize(
    ("payload", "n", "is_kept"),
    [
        (answer("stop"), None, True),
        (answer("length"), None, False),
        (answer("tool_calls"), 1, True),
        (answer("stop", "tool_calls"), 2, True),
        (answer("stop", "length"), 2, False),
        (answer("stop"), 2, False),
        (answer("stop", None), 2, False),
        (answer("content_filter"), None, False),
        (answer("error"), None, False),
        (answer(None), None, False),
        (answer({"not": "a word"}), None, False),
        (answer(), None, False),
        (answer("stop", error={"message": "half of it"}), None, False),
        ({"choices": [{"finish_reason": "stop"}]}, None, False),
        ({"choices": "none"}, None, False),
        ({}, None, False),
    ],
)
def test_only_whole_answers_are_kept(
    tmp_path: Path, payload: Any, n: int | None, is_kept: bool
) -> None:
    async def give(call: int) -> Any:
        return payload

    async def work(caller: Caller) -> None:
        for _ in range(2):
            await caller.ask(asks(openai={"n": n}))
        assert caller.n_calls == (1 if is_kept else 2)

    using(tmp_path, work, provider=give)


def test_an_answer_that_has_failed_is_not_kept(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        record = asks()
        async with caller.cache.turn(record):
            record.end(PRICES, completion())
            record.fail(GatewayFailure(502, "the stream broke off"))
        await caller.ask(asks())
        assert caller.n_calls == 1

    using(tmp_path, work)


@pytest.mark.parametrize(
    ("reason", "by_model", "is_kept"),
    [
        ("fallback", None, False),
        ("fallback", False, True),
        ("drawn with weight 1 of 2", None, True),
        (None, None, True),
    ],
)
def test_a_fallbacks_answer_is_not_kept_as_the_models_own(
    tmp_path: Path, reason: str | None, by_model: bool | None, is_kept: bool
) -> None:
    options = {"cache_options": {"is_cached_by_model": by_model}}
    found = Destination(SimulatedProvider(), "small")

    async def work(caller: Caller) -> None:
        record = asks(**options)
        async with caller.cache.turn(record):
            record.candidate = Candidate("sim/small", found, reason)
            record.end(PRICES, completion())
        await caller.ask(asks(**options))
        assert caller.n_calls == (0 if is_kept else 1)

    using(tmp_path, work)


def test_what_the_gateway_added_is_not_kept(tmp_path: Path) -> None:
    async def give(call: int) -> Any:
        extras = {"request_breakdown": {"cost": 1}, "prompt_message": MESSAGES}
        return {**completion(), **extras, "usage": None}

    async def work(caller: Caller) -> Any:
        await caller.ask(asks())
        return await caller.ask(asks())

    found = using(tmp_path, work, provider=give)
    assert set(found) == {"id", "object", "created", "model", "choices"}


def test_what_was_asked_is_kept_for_a_listing_unless_no_record_is_wanted(
    tmp_path: Path,
) -> None:
    async def work(caller: Caller) -> list[Any]:
        found = []
        for question, more in (("a", {}), ("b", {"disable_log": True})):
            await caller.ask(asks(question, **more))
            await caller.ask(record := asks(question, **more))
            assert record.hit is not None
            found.append(record.hit.messages)
        return found

    assert using(tmp_path, work) == [[{"role": "user", "content": "a"}], None]


class Gate:
    """A provider that answers when it is told to."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.fails = 0

    async def __call__(self, call: int) -> Any:
        self.called.set()
        await self.may_answer.wait()
        if call <= self.fails:
            raise GatewayFailure(503, "not now")
        return completion(f"hello {call}")


def test_many_at_once_make_one_call(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        records = [asks() for _ in range(20)]
        tasks = [asyncio.create_task(caller.ask(record)) for record in records]
        await gate.called.wait()
        gate.may_answer.set()
        assert {text(payload) for payload in await asyncio.gather(*tasks)} == {
            "hello 1"
        }
        assert caller.n_calls == 1
        assert sorted(record.cached for record in records) == [False] + [True] * 19
        hits = [record.hit.hit_count for record in records if record.hit]
        assert sorted(hits) == list(range(1, 20))

    using(tmp_path, work)


def test_other_questions_do_not_wait(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        slow = await caller.begin(asks("slow"))
        caller.provider = hello
        assert text(await caller.ask(asks("quick"))) == "hello 2"
        gate.may_answer.set()
        assert text(await slow) == "hello 1"

    using(tmp_path, work)


def test_a_failed_request_passes_the_lead_on(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        gate.fails = 1
        tasks = [await caller.begin(asks()) for _ in range(4)]
        gate.may_answer.set()
        first, *others = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(first, GatewayFailure)
        assert {text(each) for each in others} == {"hello 2"}
        assert caller.n_calls == 2

    using(tmp_path, work)


def test_a_cancelled_request_passes_the_lead_on(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        leader, *others = [await caller.begin(asks()) for _ in range(3)]
        leader.cancel()
        gate.may_answer.set()
        assert {text(each) for each in await asyncio.gather(*others)} == {"hello 2"}
        assert caller.n_calls == 2
        assert leader.cancelled()

    using(tmp_path, work)


def test_a_request_that_leaves_while_it_waits_does_no_harm(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        leader, gone, other = [await caller.begin(asks()) for _ in range(3)]
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        gate.may_answer.set()
        assert text(await leader) == text(await other) == "hello 1"
        assert caller.n_calls == 1

    using(tmp_path, work)


def test_nobody_waits_for_more_than_three_that_fail(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        gate.fails = 10
        tasks = [await caller.begin(asks()) for _ in range(10)]
        gate.may_answer.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, GatewayFailure) for each in found)
        assert caller.n_calls == 10

    using(tmp_path, work)


def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        gate = caller.provider = Gate()
        stuck = await caller.begin(asks())
        caller.provider = hello
        assert text(await caller.ask(asks())) == "hello 2"
        gate.may_answer.set()
        await stuck

    using(tmp_path, work, patience=0.01)


def test_an_answer_is_kept_although_its_caller_leaves(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        async def answer_and_leave() -> None:
            record = asks()
            async with caller.cache.turn(record):
                record.end(PRICES, completion("whole"))
                asyncio.get_running_loop().call_soon(task.cancel)
                await asyncio.Event().wait()

        task = asyncio.create_task(answer_and_leave())
        await asyncio.wait([task])
        assert task.cancelled()
        assert text(await caller.ask(asks())) == "whole"

    using(tmp_path, work, provider=never)


def test_nobody_waits_for_a_caller_who_does_not_read(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        reads = asyncio.Event()

        async def read_late() -> None:
            record = asks()
            async with caller.cache.turn(record):
                with caller.cache.handing_on(record):
                    await reads.wait()
                record.end(PRICES, completion("late"))

        late = asyncio.create_task(read_late())
        assert text(await caller.ask(asks())) == "hello 1"
        assert not late.done()
        reads.set()
        await late
        assert text(await caller.ask(asks())) in ("hello 1", "late")
        assert caller.n_calls == 1

    using(tmp_path, work, slack=0.01)


def test_what_callers_take_to_read_is_added_up(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        record = asks()
        async with caller.cache.turn(record):
            follower = asyncio.create_task(caller.ask(asks()))
            while not follower.done():
                with caller.cache.handing_on(record):
                    await asyncio.sleep(0)
        assert caller.n_calls == 1

    using(tmp_path, work, slack=0.01)


def test_a_whole_answer_is_there_before_its_caller_has_read_it(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        record = asks()
        async with caller.cache.turn(record):
            with caller.cache.handing_on(record):
                follower = await caller.begin(asks())
            assert not follower.done()
            record.end(PRICES, completion("whole"))
            with caller.cache.handing_on(record):
                assert text(await follower) == "whole"

    using(tmp_path, work, provider=never, slack=20)


def break_file(home: Path) -> None:
    (home / "cache.db").write_bytes(b"not a database at all, but long enough " * 9)


def test_without_a_usable_file_requests_go_on_and_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    break_file(tmp_path)

    async def work(caller: Caller) -> None:
        for call in (1, 2, 3):
            record = asks()
            assert text(await caller.ask(record)) == f"hello {call}"
            assert record.asked is not None
            assert "cannot be used" in record.asked.warnings[0]

    with caplog.at_level(logging.WARNING):
        using(tmp_path, work)
    assert [entry.message[:33] for entry in caplog.records] == [
        "the response cache is out of use:"
    ]


def test_without_a_usable_file_many_at_once_still_make_one_call(tmp_path: Path) -> None:
    break_file(tmp_path)

    async def work(caller: Caller) -> None:
        await caller.ask(asks("is the file usable"))
        gate = caller.provider = Gate()
        tasks = [asyncio.create_task(caller.ask(asks())) for _ in range(5)]
        await gate.called.wait()
        gate.may_answer.set()
        assert {text(each) for each in await asyncio.gather(*tasks)} == {"hello 2"}
        assert caller.n_calls == 2

    using(tmp_path, work)


def test_a_file_that_is_damaged_later_costs_no_request(tmp_path: Path) -> None:
    async def work(caller: Caller) -> None:
        await caller.ask(asks())
        await caller.cache.aclose()
        with closing(sqlite3.connect(tmp_path / "cache.db")) as file, file:
            file.execute("UPDATE entries SET completion = '{'")
        assert text(await caller.ask(asks())) == "hello 2"

    using(tmp_path, work)
