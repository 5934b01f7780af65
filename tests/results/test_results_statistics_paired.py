from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests

from respan_lab.results.statistics import (
    adjusted,
    binary_difference,
    guarded_interval,
    guarded_tango,
    log_ratio,
    mcnemar,
    mean_interval,
    median_interval,
    paired_t,
    score_difference,
    sign_flip,
    sign_test,
    tango,
    tie_interval,
    verdict_of,
)

pairs = st.tuples(st.integers(0, 40), st.integers(0, 40))
tables = pairs.flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]), st.just(pair[1]), st.integers(max(1, sum(pair)), 300)
    )
)
differences = st.lists(st.integers(-5, 5).map(lambda k: k / 5), min_size=2, max_size=60)


@given(pairs)
def test_mcnemar_agrees_with_statsmodels(pair):
    theirs = their_mcnemar([[3, pair[0]], [pair[1], 4]], exact=True).pvalue
    assert mcnemar(*pair) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(
    ("gained", "lost", "n", "level"),
    [(9, 2, 40, 0.95), (0, 0, 24, 0.95), (5, 0, 20, 0.9), (30, 12, 100, 0.99)]
    + [(1, 0, 8, 0.95), (0, 7, 50, 0.95), (10, 10, 20, 0.95)],
)
def test_tango_is_where_the_score_test_turns(gained, lost, n, level):
    """The constrained likelihood is maximised by brute force here."""
    z = stats.norm.ppf(0.5 + level / 2)
    low, high = tango(gained, lost, n, level=level)
    for end in (low, high):
        if abs(end) < 1 - 1e-9:
            assert abs(_score(gained, lost, n, end)) == pytest.approx(z, abs=1e-3)


def _score(gained, lost, n, difference):
    def unlikely(lost_rate):
        rates = (lost_rate + difference, lost_rate, 1 - 2 * lost_rate - difference)
        counts = (gained, lost, n - gained - lost)
        return -sum(
            k * math.log(max(rate, 1e-300))
            for k, rate in zip(counts, rates, strict=True)
        )

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    best = optimize.minimize_scalar(
        unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    ).x
    variance = n * (2 * best + difference - difference**2)
    return (gained - lost - n * difference) / math.sqrt(variance)


@given(tables, st.sampled_from((0.8, 0.9, 0.95, 0.99)))
def test_tango_has_a_width_and_holds_what_was_seen(table, level):
    gained, lost, n = table
    low, high = tango(gained, lost, n, level=level)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    assert high - low > 1e-3
    other = tango(lost, gained, n, level=level)
    assert (-high, -low) == pytest.approx(other, abs=1e-9)


@given(tables, st.sampled_from((0.9, 0.95)))
def test_the_guarded_one_is_tango_with_the_quantile_of_student(table, level):
    gained, lost, n = table
    n = max(n, 10)
    wider = 2 * stats.norm.cdf(stats.t.ppf(0.5 + level / 2, n - 1)) - 1
    theirs = tango(gained, lost, n, level=wider)
    assert guarded_tango(gained, lost, n, level=level) == pytest.approx(
        theirs, abs=1e-6
    )


def test_tango_without_a_difference_seen_is_as_published():
    """Its ends are z²/(n + z²) then: Tango (1998), section 3."""
    z = stats.norm.ppf(0.975)
    assert tango(0, 0, 24).high == pytest.approx(z * z / (24 + z * z), abs=1e-9)


@settings(max_examples=40)
@given(differences)
def test_sign_flip_agrees_with_scipy(values):
    values = np.array(values)
    theirs = stats.permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        n_resamples=4000,
        rng=np.random.default_rng(1),
        vectorized=True,
    ).pvalue
    assert sign_flip(values) == pytest.approx(theirs, abs=0.05)


@given(st.lists(st.sampled_from((-1.0, 0.0, 1.0)), min_size=1, max_size=14))
def test_sign_flip_of_right_and_wrong_is_mcnemar(values):
    values = np.array(values)
    exact = mcnemar(int((values > 0).sum()), int((values < 0).sum()))
    assert sign_flip(values) == pytest.approx(exact)
    assert sign_test(values) == pytest.approx(exact)


def test_sign_flip_says_the_same_twice():
    values = np.random.default_rng(0).normal(0.1, 1, 80)
    assert sign_flip(values) == sign_flip(values)
    assert sign_flip(values) != sign_flip(values, seed=1)


@settings(max_examples=60)
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=40))
def test_t_agrees_with_scipy(values):
    values = np.array(values).round(3)
    if values.std() == 0:
        assert paired_t(values) == 1.0
        return
    theirs = stats.ttest_1samp(values, 0)
    interval = theirs.confidence_interval(0.9)
    assert paired_t(values) == pytest.approx(theirs.pvalue, abs=1e-9)
    assert mean_interval(values, level=0.9) == pytest.approx(
        (interval.low, interval.high), abs=1e-9
    )


@settings(max_examples=60)
@given(differences)
def test_the_guarded_interval_is_t_with_two_more_items(values):
    more = [*values, 1.0, -1.0]
    theirs = stats.ttest_1samp(more, 0).confidence_interval(0.95)
    ours = guarded_interval(np.array(values))
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert ours.high > ours.low


@given(differences)
def test_the_tie_interval_is_wider_the_less_is_known(values):
    values = np.array(values)
    few, many = tie_interval(values), tie_interval(np.tile(values, 4))
    assert few.high - few.low > many.high - many.low
    assert few.low < values.mean() < few.high


@pytest.mark.parametrize("n", [5, 6, 7, 20, 59, 400])
def test_the_median_interval_agrees_with_scipy(n):
    values = np.random.default_rng(n).lognormal(0, 1, n)
    theirs = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    ours = median_interval(list(values))
    if n < 6:
        assert ours is None
    else:
        assert ours == pytest.approx((theirs.low, theirs.high))


@settings(max_examples=30)  # theirs collects garbage on every call
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.sampled_from([("holm", "holm"), ("bh", "fdr_bh")]),
)
def test_corrections_agree_with_statsmodels(p_values, methods):
    ours, theirs = methods
    with_gap = [*p_values, math.nan]
    expected = multipletests(p_values, method=theirs)[1]
    assert adjusted(with_gap, ours)[:-1] == pytest.approx(list(expected))
    assert math.isnan(adjusted(with_gap, ours)[-1])
    assert adjusted(p_values, None) == p_values


def test_each_kind_names_its_test():
    rng = np.random.default_rng(0)
    assert binary_difference(np.array([1.0, 0.0])).test == "exact McNemar"
    assert score_difference(np.array([0.5, 0.1])).test == "sign-flip permutation"
    assert score_difference(rng.uniform(-1, 1, 400)).test == "paired t"
    assert log_ratio(np.array([0.5, math.inf])).test == "sign test"


def test_ratios_are_of_geometric_means():
    ours = log_ratio(np.log([2.0, 8.0, 4.0, 4.0]))
    assert math.exp(ours.mean) == pytest.approx(4.0)


def test_what_costs_nothing_is_infinitely_cheaper():
    found = log_ratio(np.full(20, -math.inf))
    assert found.mean == -math.inf
    assert found.interval == (-math.inf, -math.inf)
    assert found.p_value == pytest.approx(2 * 0.5**20)
    verdict = verdict_of(found, found.p_value, margin=0.02, lower_is_better=True)
    assert verdict == "better"


def test_verdicts():
    clear = binary_difference(np.array([1.0] * 20 + [0.0] * 20))
    alike = binary_difference(np.zeros(400))
    unknown = binary_difference(np.zeros(24))

    def say(found, p, **more):
        return verdict_of(found, p, margin=0.02, **more)

    assert say(clear, clear.p_value) == "better"
    assert say(clear, clear.p_value, lower_is_better=True) == "worse"
    assert say(alike, alike.p_value) == "tied"
    assert say(unknown, unknown.p_value) == "undecided"
    assert say(clear, math.nan) == "undecided"
    assert say(alike, math.nan) == "undecided"
    assert verdict_of(alike, 1.0, margin=0.0) == "undecided"
