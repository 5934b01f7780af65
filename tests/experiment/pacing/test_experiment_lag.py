"""The loop's lag: its figures are right, and only what matters is warned of."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from respan_lab.experiment.pacing.lag import Lag, doubt, watch


def _lag(*lates: float) -> Lag:
    lag = Lag()
    for late in lates:
        lag.add(late)
    return lag


def _moments(lates: list[float]) -> list[float]:
    """Every look and those it kept from being taken, sorted."""
    return sorted(
        late - missed * 0.02 for late in lates for missed in range(int(late / 0.02) + 1)
    )


@given(st.lists(st.floats(0, 2), min_size=1, max_size=50), st.floats(0.01, 1))
def test_quantiles_are_right_to_two_percent(lates: list[float], q: float) -> None:
    moments = _moments(lates)
    true = moments[math.ceil(q * len(moments)) - 1]
    found = _lag(*lates).quantile(q)
    assert found == pytest.approx(true, rel=0.02, abs=2e-5)


@given(st.lists(st.floats(-1, 5), min_size=1, max_size=50))
def test_no_lag_is_worse_than_the_worst(lates: list[float]) -> None:
    lag = _lag(*lates)
    assert lag.worst == max(0.0, *lates)
    assert lag.share is not None
    assert 0 <= lag.share < 1
    assert lag.blocked == pytest.approx(sum(late for late in lates if late > 0.002))


def test_one_long_block_is_felt_by_all_that_came_within_it() -> None:
    lag = _lag(*[0.0] * 50, 1.0)  # a second at rest, then a second blocked
    assert lag.p50 == pytest.approx(0.0, abs=0.03)
    assert lag.p95 == pytest.approx(0.9, abs=0.03)
    assert lag.share == pytest.approx(0.5, abs=0.01)


def test_before_the_first_look_nothing_is_known() -> None:
    lag = Lag()
    assert set(lag.state.values()) == {None}
    assert doubt(lag, latency=1.0, time_to_first_token=1.0, max_concurrency=9) is None


def test_a_lag_without_end_costs_no_more_than_a_minute_does() -> None:
    assert _lag(1e6).worst == 1e6


@pytest.mark.parametrize(
    ("late", "latency", "first", "expected"),
    [
        (0.019, 0.4, None, None),
        (0.05, 2.0, 0.5, None),
        (0.05, 0.4, None, r"5% of the median latency \(0.4 s\).*max_concurrency=\d+ "),
        (0.05, 2.0, 0.1, r"20% of the median time to first token \(0.1 s\)"),
        (0.0019, 0.001, 0.001, None),  # no timer can tell
        (5.0, None, None, None),
    ],
)
def test_the_rule(
    late: float, latency: float | None, first: float | None, expected: str | None
) -> None:
    found = doubt(
        _lag(*[late] * 100),
        latency=latency,
        time_to_first_token=first,
        max_concurrency=64,
    )
    assert (found is None) == (expected is None)
    if expected is not None:
        assert re.search(expected, str(found))


@given(st.floats(0.003, 2), st.integers(1, 500), st.floats(0.01, 5))
def test_the_advice_is_in_proportion(
    late: float, max_concurrency: int, latency: float
) -> None:
    lag = _lag(late)
    text = doubt(
        lag, latency=latency, time_to_first_token=None, max_concurrency=max_concurrency
    )
    assume(text is not None and max_concurrency > 1)
    advised = int(str(text).partition("max_concurrency=")[2].split()[0])
    assert 1 <= advised <= max_concurrency
    assert lag.p95 is not None
    assert advised == 1 or lag.p95 * advised / max_concurrency <= 0.05 * latency


def test_one_call_at_a_time_is_told_to_wait_for_a_quieter_machine() -> None:
    text = doubt(_lag(1.0), latency=1.0, time_to_first_token=None, max_concurrency=1)
    assert text is not None
    assert text.endswith("run it while the machine is less busy")


def test_a_blocked_loop_is_seen() -> None:
    async def work() -> Lag:
        lag = Lag()
        watching = asyncio.ensure_future(watch(lag))
        await asyncio.sleep(0)
        time.sleep(0.1)  # the very thing that is looked for
        while lag.worst is None:
            await asyncio.sleep(0.001)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        return lag

    lag = asyncio.run(work())
    assert lag.worst is not None
    assert lag.worst >= 0.05
    assert lag.blocked >= 0.05
