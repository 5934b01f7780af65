"""One call's way through turns, rate and lost causes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import respan_lab as lab
from respan_lab.experiment.pacing.pace import Pace
from respan_lab.experiment.pacing.rate import Rate
from respan_lab.experiment.pacing.turns import Turns
from respan_lab.wire import Completion

BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "x" * 396}]}  # 100


def _pace(rate: Rate, *, cells: int = 20, workers: int = 4) -> Pace:
    listed = [(at, frozenset({"a"})) for at in range(cells)]
    return Pace(Turns(listed, {}, workers=workers), rate)


def _answer(prompt_tokens: int, completion_tokens: int) -> Completion:
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    return Completion({"model": "m", "choices": [], "usage": usage})


async def _fail(pace: Pace, error: lab.APIError) -> None:
    turn = await pace.turns.take()
    assert turn is not None
    with pace.turns.held(turn):
        sending = await pace.ready(turn, "m", BODY)
        with sending:
            if isinstance(error, lab.APIStatusError):
                sending.refused(error, None)
            raise error


def test_what_is_guessed_is_reserved_and_corrected() -> None:
    async def work() -> list[float]:
        rate = Rate(tokens_per_minute=61_000, clock=lambda: 0.0)
        pace = _pace(rate)
        turn = await pace.turns.take()
        assert turn is not None
        found = []
        with pace.turns.held(turn):
            body = {**BODY, "max_tokens": 900}
            sending = await pace.ready(turn, "m", body)
            with sending:
                found.append(rate.delay(9_000))
                sending.answered(_answer(90, 10))
            found.append(rate.delay(9_000))
        assert pace.guess.of("m", 0) == 10
        return found

    reserved, used = asyncio.run(work())
    assert reserved == pytest.approx(1.0)  # 100 and 900, at 1,000 a second
    assert used == pytest.approx(0.1)


def test_a_call_that_is_not_made_costs_no_tokens() -> None:
    async def work() -> float:
        rate = Rate(tokens_per_minute=61_000, clock=lambda: 0.0)
        pace = _pace(rate)
        turn = await pace.turns.take()
        assert turn is not None
        with pace.turns.held(turn):
            sending = await pace.ready(turn, "m", BODY)
            assert rate.delay(9_000) > 0
            sending.dropped()
        return rate.delay(9_000)

    assert asyncio.run(work()) == 0


def test_a_refused_attempt_costs_no_tokens_and_its_retry_a_request() -> None:
    async def work() -> Rate:
        rate = Rate(2, 1_000_000, clock=lambda: 0.0)
        pace = _pace(rate)
        turn = await pace.turns.take()
        assert turn is not None
        busy = lab.RateLimitError("slow down", status_code=429)
        with pace.turns.held(turn):
            sending = await pace.ready(turn, "m", BODY)
            with sending:
                sending.refused(busy, 0.0)
                sending.refused(busy, None)
        assert pace.turns.limits["a"].throttles == 2
        assert pace.turns.limits["a"].places == 1
        return rate

    rate = asyncio.run(work())
    assert rate.delay() == pytest.approx(61.0)


def test_a_target_that_always_fails_is_given_up_and_an_answer_helps() -> None:
    async def work() -> None:
        pace = _pace(Rate())
        error = lab.NotFoundError("no such model", status_code=404)
        for _ in range(5):
            assert pace.reason("m") is None
            with pytest.raises(lab.NotFoundError):
                await _fail(pace, error)
        assert pace.reason("m")
        turn = await pace.turns.take()
        assert turn is not None
        with pace.turns.held(turn):
            sending = await pace.ready(turn, "m", BODY)
            with sending:
                sending.answered(_answer(1, 1))
        assert pace.reason("m") is None

    asyncio.run(work())


def test_who_came_first_is_sent_first() -> None:
    async def work() -> list[int]:
        pace = _pace(Rate(6000), cells=20, workers=20)
        sent: list[int] = []

        async def call() -> None:
            turn = await pace.turns.take()
            assert turn is not None
            with pace.turns.held(turn):
                await pace.ready(turn, "m", BODY)
                sent.append(turn.cell)

        await asyncio.gather(*(call() for _ in range(20)))
        return sent

    assert asyncio.run(work()) == list(range(20))
