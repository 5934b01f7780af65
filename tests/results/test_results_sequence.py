"""Evidence that may be looked at after every value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.results.sequence import (
    BETS,
    Evidence,
    mean_sequence,
    sequence_p_value,
)

values = st.lists(st.floats(-1, 1), min_size=1, max_size=60)


def capital(differences: list[float]) -> float:
    """The same by hand: one pot for each bet, all of them the same at first."""
    pots = [math.prod(1 + bet * d for d in differences) for bet in BETS]
    return sum(pots) / len(pots)


@given(values)
def test_evidence_is_the_capital_of_one_who_bets(differences: list[float]) -> None:
    evidence = Evidence()
    for difference in differences:
        evidence.add(difference)
    assert evidence.n == len(differences)
    assert math.isclose(math.exp(evidence.log), capital(differences), rel_tol=1e-9)


@given(values)
def test_the_p_value_is_of_the_best_moment_of_either_side(
    differences: list[float],
) -> None:
    best = max(
        max(capital(differences[:n]), capital([-d for d in differences[:n]]))
        for n in range(1, len(differences) + 1)
    )
    expected = min(1.0, 2 / best) if best > 0 else 1.0
    assert sequence_p_value(differences) == pytest.approx(expected, rel=1e-9)


@given(values)
def test_the_interval_excludes_0_just_if_the_p_value_is_small(
    differences: list[float],
) -> None:
    interval = mean_sequence(differences, level=0.9, low=-1, high=1)
    p_value = sequence_p_value(differences)
    if abs(p_value - 0.1) > 1e-6:
        excludes = interval.low > 1e-9 or interval.high < -1e-9
        assert excludes == (p_value < 0.1)


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0.5, 0.99))
def test_an_interval_lies_within_the_bounds_and_narrows_with_looks(
    shares: list[float], level: float
) -> None:
    low, high = mean_sequence(shares, level=level)
    assert 0 <= low <= high <= 1
    more = mean_sequence([*shares, 1.0], level=level)
    assert more.low >= low - 1e-9  # what a look has ruled out stays ruled out


def test_nothing_is_known_without_a_value() -> None:
    assert mean_sequence([]) == (0, 1)
    assert mean_sequence([], low=-1) == (-1, 1)
    assert sequence_p_value([]) == 1


@pytest.mark.parametrize("value", [1.01, -1.01, float("nan")])
def test_a_value_outside_the_bounds_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="-1 to 1"):
        Evidence().add(value)
    with pytest.raises(ValueError, match="outside"):
        mean_sequence([value], low=-1)


def test_a_level_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"0\.95"):
        mean_sequence([1.0], level=95)


def missed(rate: float, *, runs: int, n: int, seed: int) -> float:
    """How often the true rate was ever outside, over all looks."""
    rng = np.random.default_rng(seed)
    wrong = 0
    for _ in range(runs):
        interval = mean_sequence((rng.random(n) < rate).astype(float))
        wrong += not interval.low <= rate <= interval.high
    return wrong / runs


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_the_interval_holds_at_all_looks_at_once(rate: float) -> None:
    assert missed(rate, runs=150, n=200, seed=7) <= 0.05


@pytest.mark.deep
@pytest.mark.parametrize("rate", [0.02, 0.2, 0.5, 0.7, 0.98])
def test_the_interval_holds_at_all_looks_at_once_in_long(rate: float) -> None:
    assert missed(rate, runs=2000, n=400, seed=8) <= 0.05
