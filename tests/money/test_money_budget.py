"""What a run may cost: reservations, settlements, and the limit that holds."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import BudgetError
from respan_lab.money.budget import Breach, Budget, why_unsent

# Down to less than a nano-dollar, up to what a call may cost.
DOLLARS = st.floats(0, 10) | st.floats(0, 1e-6) | st.sampled_from([0.1, 0.2, 0.3, 0.7])
LIMITS = st.floats(1e-6, 20) | st.sampled_from([0.1, 0.3, 0.6, 1.0])
SLACK = Fraction(1, 10**12)  # per call: what rounding may leave out


@given(LIMITS, st.data())
def test_the_limit_is_never_passed_while_the_bounds_hold(
    limit: float, data: st.DataObject
) -> None:
    budget, flying, cost = Budget(limit), [], Fraction(0)
    for step in range(data.draw(st.integers(1, 30))):
        worst = data.draw(DOLLARS)
        if budget.reserve(worst):
            flying.append(worst)
        if flying and data.draw(st.booleans()):
            bound = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
            share = data.draw(st.none() | st.floats(0, 1))
            is_final = data.draw(st.booleans())
            real = bound if share is None or not is_final else bound * share
            cost += Fraction(real)  # what nobody knows was billed at its dearest
            budget.settle(
                bound, None if share is None else bound * share, is_final=is_final
            )
        at_worst = cost + sum(map(Fraction, flying))
        assert at_worst <= Fraction(limit) + (step + 2) * SLACK
    assert not budget.is_broken


@given(st.lists(st.tuples(DOLLARS, st.none() | DOLLARS, st.booleans())), LIMITS)
def test_it_counts_as_a_plain_model_does(
    calls: list[tuple[float, float | None, bool]], limit: float
) -> None:
    budget, spent, maybe = Budget(limit), 0.0, 0.0
    for worst, cost, is_final in calls:
        fits = spent + maybe + worst <= limit and not budget.is_broken
        taken = budget.reserve(worst)
        near = math.isclose(spent + maybe + worst, limit, abs_tol=1e-6)
        assert taken == fits or near
        if taken:
            budget.settle(worst, cost, is_final=is_final)
            spent += cost or 0.0
            if cost is None or not is_final:
                maybe += max(worst - (cost or 0.0), 0.0)
    assert budget.spent == pytest.approx(spent, abs=1e-6)
    assert budget.maybe == pytest.approx(maybe, abs=1e-6)
    assert budget.reserved == 0
    assert budget.left is not None
    assert budget.left == pytest.approx(max(limit - spent - maybe, 0), abs=1e-6)


@given(st.integers(1, 8), st.lists(st.floats(1e-6, 1), min_size=1, max_size=60), LIMITS)
def test_what_costs_ten_times_its_bound_ends_it_with_those_in_flight(
    places: int, worsts: list[float], limit: float
) -> None:
    budget, flying, over = Budget(limit), [], 0
    rng = random.Random(7)
    for worst in worsts:
        if len(flying) == places:
            bound = flying.pop(rng.randrange(places))
            budget.settle(bound, 10 * bound, key="k")
            over += 1
        if budget.reserve(worst):
            assert not over  # nothing is let through after the first
            flying.append(worst)
    assert budget.is_broken == bool(over)
    assert over + len(flying) <= places
    assert budget.spent == pytest.approx(sum(b.cost for b in budget.breaches), abs=1e-6)


def test_a_breach_is_remembered_and_counted_as_reported() -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.1)
    budget.settle(0.1, 0.5, key="abc")
    assert budget.breaches == [Breach("abc", 0.1, 0.5)]
    assert budget.is_broken
    assert budget.spent == 0.5
    assert not budget.reserve(0.0)
    assert not budget.could_fit_later(0.0)


def test_a_breach_past_the_limit_leaves_nothing() -> None:
    budget = Budget(1.0)
    budget.reserve(1.0)
    budget.settle(1.0, 3.0)
    assert (budget.spent, budget.left) == (3.0, 0.0)


def test_sums_are_exact() -> None:
    budget = Budget(1.0)
    assert all(budget.reserve(0.1) for _ in range(10))  # floats would reach 0.99…
    assert budget.left == 0
    assert not budget.reserve(1e-9)
    assert budget.reserve(0.0)


def test_parts_of_a_nano_dollar_are_rounded_up() -> None:
    budget = Budget(3.9e-9)
    assert [budget.reserve(0.4e-9) for _ in range(4)] == [True, True, True, False]
    budget.settle(0.4e-9, 0.1e-9)
    assert (budget.spent, budget.left) == (1e-9, 0.0)


def test_the_last_digit_of_a_float_is_no_breach() -> None:
    budget = Budget(10.0)
    worst, cost = 3e-9, 3e-9 * (1 + 4e-16)
    assert cost > worst
    budget.reserve(worst)
    budget.settle(worst, cost)
    assert not budget.is_broken


def test_waiting_helps_only_while_others_may_cost_less() -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.6)
    assert not budget.reserve(0.5)
    assert budget.could_fit_later(0.5)
    assert not budget.could_fit_later(1.1)
    budget.settle(0.6, None)
    assert not budget.could_fit_later(0.5)
    assert budget.could_fit_later(0.4)
    assert budget.reserve(0.4)


@pytest.mark.parametrize("cost", [None, math.nan, math.inf, -1.0])
def test_an_unknown_cost_stays_counted_at_its_worst(cost: float | None) -> None:
    budget = Budget(1.0)
    budget.reserve(0.4)
    budget.settle(0.4, cost)
    assert (budget.spent, budget.maybe, budget.left) == (0.0, 0.4, 0.6)
    assert not budget.is_broken


def test_what_may_have_been_billed_beside_a_cost_stays_counted() -> None:
    budget = Budget(1.0)
    budget.reserve(0.4)
    budget.settle(0.4, 0.1, is_final=False)
    assert (budget.spent, budget.maybe, budget.left) == (0.1, 0.3, 0.6)
    budget.reserve(0.4)
    budget.settle(0.4, 0.5, is_final=False)
    assert (budget.spent, budget.maybe) == (0.6, 0.3)
    assert budget.is_broken


def test_without_a_limit_it_only_counts() -> None:
    budget = Budget()
    assert budget.left is None
    assert budget.reserve(1e6)
    budget.settle(1e6, 2e6)
    assert budget.is_broken
    assert budget.reserve(5.0)
    assert budget.could_fit_later(1e9)
    assert (budget.spent, budget.reserved) == (2e6, 5.0)


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf, True, "5", [1]])
def test_an_impossible_budget_is_refused(limit: Any) -> None:
    with pytest.raises(BudgetError, match="above 0, or None for no limit"):
        Budget(limit)


@pytest.mark.parametrize("worst", [math.nan, math.inf, -1e-9])
def test_what_is_no_amount_is_not_reserved(worst: float) -> None:
    with pytest.raises(ValueError, match="no amount"):
        Budget(1.0).reserve(worst)


def test_what_was_not_reserved_is_not_settled() -> None:
    with pytest.raises(ValueError, match="never reserved"):
        Budget(1.0).settle(0.1, 0.1)


def test_the_reason_is_a_sentence() -> None:
    budget = Budget(1.0)
    assert why_unsent(budget, []) == ""
    budget.reserve(0.9)
    budget.settle(0.9, 0.5, is_final=False)
    assert why_unsent(budget, [0.25]) == (
        "1 cell was not sent: the budget of $1.00 has no room for it ($0.500 is spent, "
        "and up to $0.400 more may have been billed). It would cost up to $0.250."
    )
    budget.reserve(0.1)
    budget.settle(0.1, 2.0)
    assert why_unsent(budget, [0.5] * 2000) == (
        "2,000 cells were not sent: a call cost $2.00 that was to cost $0.100 at most, "
        "so that the budget of $1.00 cannot be kept for sure ($2.50 is spent, and up "
        "to $0.400 more may have been billed). They would cost up to $1,000.00."
    )
