"""No 60 seconds hold more than a minute's requests or tokens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.experiment.pacing.rate import Rate, check_rates
from respan_lab.experiment.pacing.token_guess import TokenGuess, prompt_bytes

Sent = list[tuple[float, int]]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def _send(rate: Rate, clock: Clock, tokens: int = 0) -> Any:
    while wait := rate.delay(tokens):
        clock.now += wait
    return rate.take(tokens)


def _most_in_a_minute(sent: Sent) -> int:
    """The most that any 60 seconds hold, both ends among them."""
    return max(
        sum(units for at, units in sent if start <= at <= start + 60.0)
        for start, _ in sent
    )


@given(
    per_minute=st.integers(1, 400),
    idle=st.lists(st.floats(0, 5), min_size=20, max_size=60),
)
def test_no_minute_holds_more_requests(per_minute: int, idle: list[float]) -> None:
    clock = Clock()
    rate = Rate(per_minute, clock=clock)
    sent: Sent = []
    for pause in idle:
        clock.now += pause
        for _ in range(3):
            _send(rate, clock)
            sent.append((clock.now, 1))
    assert _most_in_a_minute(sent) <= per_minute


@given(
    per_minute=st.integers(1000, 100_000),
    calls=st.lists(
        st.tuples(st.integers(1, 1000), st.floats(0, 1), st.floats(0, 3)),
        min_size=20,
        max_size=120,
    ),
)
def test_no_minute_holds_more_tokens_whatever_is_given_back(
    per_minute: int, calls: list[tuple[int, float, float]]
) -> None:
    clock = Clock()
    rate = Rate(tokens_per_minute=per_minute, clock=clock)
    sent: Sent = []
    for reserved_tokens, share, takes in calls:
        reserved = _send(rate, clock, reserved_tokens)
        used = int(reserved_tokens * share)
        sent.append((clock.now, used))
        clock.now += takes
        rate.give_back(reserved, used)
    assert _most_in_a_minute(sent) <= per_minute


@given(st.integers(1, 2000))
def test_in_the_long_run_nearly_all_of_it_is_used(per_minute: int) -> None:
    clock = Clock(0.0)
    rate = Rate(per_minute, clock=clock)
    n = 3 * per_minute + 1
    for _ in range(n):
        _send(rate, clock)
    assert 60 / per_minute * (n - 1) * 0.98 <= clock.now + 1 <= 3 * 61 + 1.01


@given(st.integers(1, 600))
def test_a_burst_is_one_seconds_worth(per_minute: int) -> None:
    rate = Rate(per_minute, clock=lambda: 0.0)
    burst = 0
    while not rate.delay():
        rate.take()
        burst += 1
    assert per_minute / 60 - 1 <= burst <= max(1, per_minute / 60)


def test_tokens_that_were_not_used_are_there_for_others() -> None:
    clock = Clock()
    rate = Rate(tokens_per_minute=6100, clock=clock)
    reserved = rate.take(6000)
    assert rate.delay(1000) > 50
    rate.give_back(reserved, None)  # nobody knows what was used
    assert rate.delay(1000) > 50
    rate.give_back(reserved, 100)
    assert rate.delay(1000) < 2


def test_more_than_was_reserved_is_paid_for_later() -> None:
    rate = Rate(tokens_per_minute=6100, clock=lambda: 0.0)
    reserved = rate.take(10)
    before = rate.delay(1000)
    rate.give_back(reserved, 6000)
    assert rate.delay(1000) == pytest.approx(61.0)
    assert before < 61.0


def test_what_comes_back_after_a_minute_is_no_longer_counted() -> None:
    clock = Clock()
    rate = Rate(tokens_per_minute=6000, clock=clock)
    late = rate.take(3000)
    clock.now += 100
    rate.take(3000)
    rate.give_back(late, 0)
    assert rate.delay(4000) == pytest.approx(61.0)


def test_who_needs_more_than_a_minute_goes_alone() -> None:
    clock = Clock()
    rate = Rate(tokens_per_minute=1000, clock=clock)
    rate.take(10)
    assert rate.delay(5000) == pytest.approx(61.0)
    clock.now += 61.0
    assert rate.delay(5000) == 0


def test_a_retry_counts_when_it_will_be_sent() -> None:
    clock = Clock()
    rate = Rate(1, clock=clock)
    rate.take(after=30.0)
    clock.now += 62.0
    assert rate.delay() == pytest.approx(29.0)


def test_without_limits_nobody_waits() -> None:
    rate = Rate(clock=lambda: 0.0)
    reserved = [rate.take(10**9) for _ in range(100)]
    rate.give_back(reserved[0], 5)
    assert rate.delay(10**9) == 0


@pytest.mark.parametrize(
    "value", [0, -1, 0.5, True, "60", float("inf"), float("nan")], ids=repr
)
@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute"])
def test_a_rate_that_is_none_is_refused(name: str, value: Any) -> None:
    with pytest.raises(lab.ConfigError, match=f"{name}=.*1 or more, or None"):
        check_rates(
            **{"requests_per_minute": None, "tokens_per_minute": 1, name: value}
        )


def test_a_guess_learns_from_each_targets_own_answers() -> None:
    guess = TokenGuess()
    guess.note("a", 1000)
    guess.note("b", None)
    assert guess.of("a", 0) == 1000
    assert guess.of("b", 0) == guess.of("c", 0) == 256
    assert guess.of("a", 9, max_tokens=10, n=3) == 33


def test_an_inline_image_is_not_counted_by_its_bytes() -> None:
    image = {"image_url": {"url": "data:image/png;base64," + "A" * 10**6}}
    assert prompt_bytes([{"role": "user", "content": [image, None, 3]}]) == 4004
