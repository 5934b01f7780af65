"""Who is given the next place: a full provider holds up nobody else's cells."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest

import respan_lab as lab
from respan_lab.experiment.turns import Turn, Turns

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
