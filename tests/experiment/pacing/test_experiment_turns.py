"""Who is given the next place: a full provider holds up nobody else's cells."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import respan_lab as lab
from respan_lab.experiment.pacing.turns import Turn, Turns

FREE: frozenset[str] = frozenset()
LOCAL = frozenset({"local"})


def _turns(cells: str, *, workers: int = 2, places: int = 1) -> Turns:
    """One cell per letter, in order: `l` needs a place at `local`, `f` needs none."""
    needs = {"l": LOCAL, "f": FREE, "b": frozenset({"local", "other"}), "o": {"other"}}
    listed = [(at, frozenset(needs[letter])) for at, letter in enumerate(cells)]
    return Turns(listed, {"local": places, "other": 1}, workers=workers)


async def _now(turns: Turns) -> Turn | None:
    """The turn that can be had without waiting; None if there is none."""
    taking = asyncio.ensure_future(turns.take())
    await asyncio.sleep(0)
    if taking.done():
        return taking.result()
    taking.cancel()
    return None


async def _taken(turns: Turns) -> list[int]:
    """Every cell that can be had without giving a place back."""
    found = []
    while turn := await _now(turns):
        found.append(turn.cell)
    return found


def test_without_limits_the_order_is_kept() -> None:
    assert asyncio.run(_taken(_turns("ffff"))) == [0, 1, 2, 3]


def test_a_full_provider_is_passed_over() -> None:
    assert asyncio.run(_taken(_turns("llflf"))) == [0, 2, 4]


def test_a_provider_is_given_as_many_as_it_takes() -> None:
    assert asyncio.run(_taken(_turns("lllf", places=2))) == [0, 1, 3]


def test_nobody_goes_far_ahead_of_a_cell_that_waits() -> None:
    assert asyncio.run(_taken(_turns("ll" + "f" * 9, workers=1))) == [0, 2, 3, 4, 5]


def test_who_needs_two_places_takes_both_or_none() -> None:
    assert asyncio.run(_taken(_turns("lbof"))) == [0, 2, 3]


def test_a_place_given_back_goes_to_the_first_that_waits() -> None:
    async def work() -> list[int]:
        turns = _turns("llf")
        first = await turns.take()
        assert first is not None
        await _taken(turns)
        waiting = asyncio.ensure_future(turns.take())
        await asyncio.sleep(0)
        with pytest.raises(KeyError), turns.held(first):
            raise KeyError  # however a call ends, its place is free again
        second = await waiting
        assert second is not None
        with turns.held(second):
            assert await turns.take() is None
        return [first.cell, second.cell]

    assert asyncio.run(work()) == [0, 1]


def test_all_who_wait_learn_that_there_is_no_more() -> None:
    async def work() -> list[Turn | None]:
        turns = _turns("ll")
        first = await turns.take()
        assert first is not None
        others = [asyncio.ensure_future(turns.take()) for _ in range(3)]
        await asyncio.sleep(0)
        with turns.held(first):
            pass
        return [await other for other in others]

    found = asyncio.run(work())
    assert [turn.cell for turn in found if turn] == [1]
    assert found.count(None) == 2


class _Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _busy(retry_after: float | None = None, status: int = 429) -> lab.APIStatusError:
    return lab.APIStatusError("slow down", status_code=status, retry_after=retry_after)


def _lanes(cells: str, *, workers: int, clock: _Clock) -> Turns:
    """One cell per letter, which is the name of its provider; none declares a limit."""
    listed = [(at, frozenset({letter})) for at, letter in enumerate(cells)]
    return Turns(listed, {}, workers=workers, clock=clock)


def test_a_provider_that_declares_nothing_has_a_place_for_each_worker() -> None:
    turns = _lanes("aaaab", workers=3, clock=_Clock())
    assert asyncio.run(_taken(turns)) == [0, 1, 2, 4]
    assert turns.limits["a"].places == 3


def test_nobody_is_given_more_than_it_declares_or_than_there_are_workers() -> None:
    listed = [(at, frozenset({"a"})) for at in range(9)]
    for places, expected in ((2, 2), (9, 3)):
        turns = Turns(listed, {"a": places}, workers=3)
        assert len(asyncio.run(_taken(turns))) == expected


def test_a_refused_provider_is_given_fewer_and_the_others_are_not() -> None:
    async def work() -> list[int]:
        clock = _Clock()
        turns = _lanes("aaaa" + "ab" * 8, workers=4, clock=clock)
        sent = [turn for _ in range(4) if (turn := await turns.take())]
        clock.now = 1.0
        for turn in sent:
            turns.refused(turn, _busy(), None)
            with pytest.raises(KeyError), turns.held(turn):
                raise KeyError
        assert turns.limits["a"].state["throttles"] == 4
        return await _taken(turns)

    assert asyncio.run(work()) == [4, 5, 7, 9, 11]


def test_a_refused_call_waits_for_a_place_within_the_new_limit() -> None:
    async def work() -> list[int]:
        clock = _Clock()
        turns = _lanes("a" * 4, workers=4, clock=clock)
        sent = [turn for _ in range(4) if (turn := await turns.take())]
        clock.now = 1.0
        for turn in sent[1:]:
            turns.refused(turn, _busy(), 0.0)
        tries = [asyncio.create_task(turns.again(turn)) for turn in sent[1:]]
        for _ in range(5):
            await asyncio.sleep(0)
        waiting = sum(not task.done() for task in tries)
        with turns.held(sent[0]):
            turns.answered(sent[0])
        for _ in range(5):
            await asyncio.sleep(0)
        later = sum(not task.done() for task in tries)
        for turn, task in zip(sent[1:], tries, strict=True):
            task.cancel()
            await asyncio.wait([task])
            with turns.held(turn):
                pass
        return [waiting, later, turns.limits["a"].in_flight]

    assert asyncio.run(work()) == [3, 2, 0]


def test_answers_bring_the_places_back() -> None:
    async def work() -> tuple[int, int]:
        clock = _Clock()
        turns = _lanes("a" * 500, workers=4, clock=clock)
        while turn := await turns.take():
            clock.now += 1.0
            with turns.held(turn):
                if turn.cell == 0:
                    turns.refused(turn, _busy(), 0.0)
                turns.answered(turn)
            others = [turn async for turn in _all_now(turns)]
            clock.now += 1.0
            for other in others:
                with turns.held(other):
                    turns.answered(other)
        return turns.limits["a"].lowest, turns.limits["a"].places

    assert asyncio.run(work()) == (1, 4)


def test_a_retry_that_is_refused_counts_again_and_its_burst_does_not() -> None:
    async def work() -> list[int]:
        clock = _Clock()
        turns = _lanes("a" * 16, workers=16, clock=clock)
        sent = [turn for _ in range(16) if (turn := await turns.take())]
        found = []
        for _ in range(2):
            clock.now += 1.0
            for turn in sent:
                turns.refused(turn, _busy(), 0.5)
            found.append(turns.limits["a"].places)
        return found

    assert asyncio.run(work()) == [2, 1]


def test_a_refusal_about_something_else_slows_nobody() -> None:
    async def work() -> int:
        turns = _lanes("aaaa", workers=4, clock=_Clock())
        turn = await turns.take()
        assert turn is not None
        turns.refused(turn, _busy(status=500), 1.0)
        return len(await _taken(turns))

    assert asyncio.run(work()) == 3


@pytest.mark.parametrize(("is_paused", "ahead"), [(False, 4), (True, 64)])
def test_others_go_further_ahead_of_a_provider_that_asked_for_time(
    is_paused: bool, ahead: int
) -> None:
    async def work() -> tuple[int, int]:
        turns = _lanes("aa" + "b" * 200, workers=1, clock=_Clock())
        first = await turns.take()
        assert first is not None  # it holds its place all the while
        if is_paused:
            turns.refused(first, _busy(retry_after=30.0), 30.0)
        others = [turn async for turn in _all_now(turns, give_back=True)]
        return len(others), turns.furthest_ahead

    assert asyncio.run(work()) == (ahead, ahead)


def test_a_paused_provider_takes_no_worker_and_comes_back_by_itself() -> None:
    async def work() -> list[int]:
        listed = [(at, frozenset({letter})) for at, letter in enumerate("aab")]
        turns = Turns(listed, {}, workers=2)
        first = await turns.take()
        assert first is not None
        with turns.held(first):
            turns.refused(first, _busy(retry_after=0.05), None)
        found = [first.cell]
        while turn := await turns.take():  # nobody else tells it to look again
            found.append(turn.cell)
        assert not turns.limits["a"].pause
        return found

    assert asyncio.run(work()) == [0, 2, 1]


async def _all_now(turns: Turns, *, give_back: bool = False) -> AsyncIterator[Turn]:
    while turn := await _now(turns):
        yield turn
        if give_back:
            with turns.held(turn):
                pass


class _Mixed(httpx.AsyncBaseTransport):
    """A gateway with `local/m`, one call at a time, and `far/m`, any number.

    The first call of `local/m` is held until `far/m` has answered `n` calls.
    """

    def __init__(self, n: int) -> None:
        self.left = n
        self.is_enough = threading.Event()
        self.at_once = self.peak = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            name = request.url.path.partition("/models/")[2]
            provider = name.partition("/")[0]
            card = {"id": name, "owned_by": provider}
            limit = {"max_concurrency": 1} if provider == "local" else {}
            return httpx.Response(200, json={**card, **limit})
        model = json.loads(request.content)["model"]
        if model == "far/m":
            self.left -= 1
            if self.left == 0:
                self.is_enough.set()
        else:
            self.at_once += 1
            self.peak = max(self.peak, self.at_once)
            await asyncio.to_thread(self.is_enough.wait, 30)
            self.at_once -= 1
        message = {"role": "assistant", "content": "x"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return httpx.Response(200, json={"model": model, "choices": [choice]})


def test_a_slow_model_here_does_not_hold_up_the_others() -> None:
    # Two workers: were one of them to wait for the place at `local`, and the other
    # to call there, nobody would be left for `far`.
    gateway = _Mixed(n=4)
    client = lab.Client(base_url="http://127.0.0.1:9", transport=gateway)
    data: list[Any] = [{"x": i} for i in range(8)]
    results = lab.compare(
        "{{ x }}",
        ["local/m", "far/m"],
        data,
        client=client,
        max_concurrency=2,
        progress=False,
    )
    assert (results.df["status"] == "ok").all()
    assert gateway.is_enough.is_set()
    assert gateway.peak == 1
    assert (results["local/m"].df["queue_time"] > 0).any()


def test_calls_of_no_cell_count_among_all_calls() -> None:
    async def work() -> None:
        listed = [(at, frozenset({"a"})) for at in range(9)]
        turns = Turns(listed, {}, workers=9, most=2)
        with turns.held(await _turn(turns)):
            beside = await turns.take_beside(frozenset({"b"}), {})
            with turns.held(beside):
                assert beside.cell < 0
                waiting = asyncio.create_task(turns.take())
                further = asyncio.create_task(turns.take_beside(frozenset({"b"}), {}))
                for _ in range(5):
                    await asyncio.sleep(0)
                assert not waiting.done()
                assert not further.done()
            done, _ = await asyncio.wait(
                [waiting, further], return_when=asyncio.FIRST_COMPLETED
            )
            assert len(done) == 1
            for task in (waiting, further):
                task.cancel()

    asyncio.run(work())


def test_calls_of_no_cell_wait_for_a_place_at_their_provider() -> None:
    async def work() -> None:
        turns = Turns([(0, frozenset({"slow"}))], {"slow": 1}, workers=1, most=9)
        with turns.held(await _turn(turns)):
            waiting = asyncio.create_task(
                turns.take_beside(frozenset({"slow"}), {"slow": 1})
            )
            other = await turns.take_beside(frozenset({"new"}), {"new": 1})
            assert not waiting.done()
            assert turns.limits["new"].places == 1
            assert not turns.limits["new"].has_room
        with turns.held(other), turns.held(await waiting):
            assert not turns.limits["slow"].has_room

    asyncio.run(work())


def test_once_a_run_is_stopped_no_call_of_no_cell_begins() -> None:
    async def work() -> None:
        turns = Turns([], {}, workers=0, most=1)
        with turns.held(await turns.take_beside(frozenset({"a"}), {})):
            waiting = asyncio.create_task(turns.take_beside(frozenset({"a"}), {}))
            await asyncio.sleep(0)
            turns.stop()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        with pytest.raises(asyncio.CancelledError):
            await turns.take_beside(frozenset({"a"}), {})

    asyncio.run(work())


async def _turn(turns: Turns) -> Turn:
    turn = await turns.take()
    assert turn is not None
    return turn
