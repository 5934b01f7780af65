"""A provider's hidden limit is found, kept to, and found again when it moves."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.experiment.pacing.limits import Limit, is_throttle


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """Takes `hidden` calls at once and refuses the rest at once; time is virtual."""

    hidden: int
    seed: int
    retry_after: float | None = None
    busy: int = 0
    answers: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def takes(self) -> tuple[float, bool]:
        """Seconds until the answer, and whether it is one."""
        if self.busy >= self.hidden:
            return 0.05, False
        self.busy += 1
        return self.rng.uniform(0.5, 1.5), True


def _call(limit: Limit, clock: Clock, server: Server, *, until: float) -> None:
    """Send whatever there is room for, as a run does, until a moment."""
    events: list[tuple[float, float, bool]] = []
    while clock.now < until:
        while limit.has_room:
            sent_at = limit.take()
            seconds, is_answer = server.takes()
            heapq.heappush(events, (clock.now + seconds, sent_at, is_answer))
        if not events:
            clock.now += limit.pause
            continue
        clock.now, sent_at, is_answer = heapq.heappop(events)
        if is_answer:
            server.busy -= 1
            server.answers.append(clock.now)
            limit.answer(sent_at)
        else:
            server.refusals.append(clock.now)
            limit.refuse(sent_at, server.retry_after)
        limit.leave()
    for _, _, is_answer in events:  # the rest is of no interest
        server.busy -= is_answer
        limit.leave()


def _between(times: list[float], start: float, end: float) -> int:
    return sum(start <= at < end for at in times)


@given(
    hidden=st.integers(1, 40),
    most=st.integers(1, 64),
    retry_after=st.none() | st.floats(0.1, 2.0),
    seed=st.integers(0, 99),
)
def test_it_settles_near_a_hidden_limit_and_is_seldom_refused(
    hidden: int, most: int, retry_after: float | None, seed: int
) -> None:
    clock = Clock()
    limit = Limit(most, clock=clock)
    server = Server(hidden, seed, retry_after)
    _call(limit, clock, server, until=600.0)
    answers = _between(server.answers, 200.0, 600.0)
    refusals = _between(server.refusals, 200.0, 600.0)
    assert answers >= 0.8 * 400 * min(hidden, most)  # a call takes a second
    assert refusals <= 0.03 * answers
    assert len(server.refusals) <= 4 * most + 0.03 * len(server.answers)
    assert limit.throttles == len(server.refusals)
    assert 1 <= limit.lowest <= limit.places <= most


@given(
    low=st.integers(1, 8),
    high=st.integers(9, 40),
    most=st.integers(16, 64),
    seed=st.integers(0, 99),
)
def test_it_follows_a_limit_that_rises(
    low: int, high: int, most: int, seed: int
) -> None:
    clock = Clock()
    limit = Limit(most, clock=clock)
    server = Server(low, seed, 1.0)
    _call(limit, clock, server, until=200.0)
    server.hidden = high
    _call(limit, clock, server, until=500.0)
    answers = _between(server.answers, 350.0, 500.0)
    assert answers >= 0.75 * 150 * min(high, most)


@pytest.mark.parametrize(("refused", "places"), [(1, 16), (20, 12), (28, 4), (32, 4)])
def test_a_burst_of_refusals_tells_how_many_were_too_many(
    refused: int, places: int
) -> None:
    clock = Clock()
    limit = Limit(32, clock=clock)
    sent = [limit.take() for _ in range(32)]
    clock.now = 1.0
    for at in sent[:refused]:
        limit.refuse(at)
    assert (limit.places, limit.throttles) == (places, refused)
    clock.now = 2.0
    limit.refuse(1.5)  # one that was sent since
    assert limit.places == (places // 2 if places > 8 else places - 1)


def test_a_provider_is_left_alone_as_long_as_it_asked() -> None:
    clock = Clock()
    limit = Limit(4, clock=clock)
    at = limit.take()
    limit.refuse(at, 10.0)
    limit.refuse(at, 3.0)  # the later end holds
    limit.leave()
    assert (limit.pause, limit.has_room) == (10.0, False)
    clock.now = 4.0
    assert limit.state["paused"] == 4.0
    limit.refuse(at, 12.0)
    clock.now = 16.0
    assert (limit.pause, limit.has_room) == (0.0, True)
    assert limit.state == {
        "most": 4,
        "lowest": 1,
        "final": 1,
        "throttles": 3,
        "paused": 16.0,
    }


def test_a_pause_of_hours_is_cut_short() -> None:
    limit = Limit(4, clock=lambda: 0.0)
    limit.refuse(limit.take(), 86_400.0)
    assert limit.pause == 600.0


def test_one_at_a_time_and_still_refused_waits_longer_each_time() -> None:
    clock = Clock()
    limit = Limit(1, clock=clock)
    pauses = []
    for _ in range(6):
        at = limit.take()
        clock.now += 0.1
        limit.refuse(at)
        limit.leave()
        pauses.append(round(limit.pause, 6))
        clock.now += limit.pause + 0.1
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    limit.answer(limit.take())
    limit.refuse(clock.now)
    assert limit.pause == pytest.approx(0.5)


def test_answers_of_a_half_empty_window_prove_nothing() -> None:
    clock = Clock()
    limit = Limit(32, clock=clock)
    sent = [limit.take() for _ in range(32)]
    limit.refuse(sent[0])
    for _ in range(31):
        limit.leave()
    for _ in range(100):
        clock.now += 1.0
        limit.answer(clock.now)
    assert limit.places == 16


@pytest.mark.parametrize(
    ("status", "retry_after", "message", "expected"),
    [
        (429, None, "slow down", True),
        (429, 3.0, "slow down", True),
        (529, None, "overloaded", True),
        (503, 0.0, "busy", True),
        (503, None, "broken", False),
        (500, 5.0, "broken", False),
        (429, None, "Customer budget exceeded", False),
        (400, None, "wrong", False),
    ],
)
def test_only_too_many_calls_are_a_throttle(
    status: int, retry_after: float | None, message: str, expected: bool
) -> None:
    error = lab.APIStatusError(message, status_code=status, retry_after=retry_after)
    assert is_throttle(error) is expected
