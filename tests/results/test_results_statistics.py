from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from respan_lab.results import effective_n, rate_interval, wilson

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from((0.8, 0.9, 0.95, 0.99))
unit = st.floats(0, 1)


@given(counts, levels)
def test_wilson_agrees_with_scipy(count, level):
    hits, n = count
    theirs = binomtest(hits, n).proportion_ci(level, method="wilson")
    ours = wilson(hits / n, n, level=level)
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


@given(unit, st.floats(0.5, 1e6), levels)
def test_wilson_stays_in_bounds_around_the_rate(rate, n, level):
    low, high = wilson(rate, n, level=level)
    assert 0 <= low <= rate <= high <= 1
    assert low < high


@given(unit, st.floats(1, 1e4), st.floats(1.01, 10))
def test_more_observations_never_widen_wilson(rate, n, factor):
    few, many = wilson(rate, n), wilson(rate, n * factor)
    assert many.high - many.low <= few.high - few.low


@given(st.lists(unit, min_size=2, max_size=2).map(sorted), st.integers(1, 200))
def test_wilson_rises_with_the_rate(rates, n):
    lower, higher = (wilson(rate, n) for rate in rates)
    assert lower.low <= higher.low + 1e-12
    assert lower.high <= higher.high + 1e-12


@given(unit, st.integers(1, 200))
def test_wilson_is_symmetric(rate, n):
    low, high = wilson(rate, n)
    mirror = wilson(1 - rate, n)
    assert mirror.low == pytest.approx(1 - high, abs=1e-9)
    assert mirror.high == pytest.approx(1 - low, abs=1e-9)


def test_wilson_is_exact_at_the_ends():
    assert wilson(0, 24).low == 0.0
    assert wilson(1, 24).high == 1.0


@pytest.mark.parametrize(
    ("rate", "n", "level"),
    [(1.1, 10, 0.95), (-0.1, 10, 0.95), (math.nan, 10, 0.95), (0.5, 0, 0.95)]
    + [(0.5, math.nan, 0.95), (0.5, 10, 95)],
)
def test_wilson_names_what_is_out_of_range(rate, n, level):
    with pytest.raises(ValueError, match=r"rate is|n is|level is"):
        wilson(rate, n, level=level)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_one_run_is_plain_wilson(answers):
    means = [float(one) for one in answers]
    assert effective_n(means, len(means)) == len(means)
    hits = sum(answers)
    theirs = binomtest(hits, len(means)).proportion_ci(0.95, method="wilson")
    assert rate_interval(means, len(means)) == pytest.approx(
        (theirs.low, theirs.high), abs=1e-12
    )


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_repeats_count_between_items_and_answers(hits):
    means = [one / 5 for one in hits]
    assert len(means) <= effective_n(means, 5 * len(means)) <= 5 * len(means)


def test_repeats_that_always_agree_add_nothing():
    means = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0]
    assert effective_n(means, 30) == 6
    assert effective_n([1.0] * 6, 30) == 6  # no variance seen: the careful count


def test_repeats_that_differ_by_chance_count_in_full():
    assert effective_n([0.4, 0.6] * 10, 100) == 100


def test_between_the_two_it_is_the_ratio_of_variances():
    means = [0.2, 0.4, 0.8, 1.0]
    mean, of_mean = 0.6, (0.16 + 0.04 + 0.04 + 0.16) / 3 / 4
    expected = mean * (1 - mean) / of_mean
    assert effective_n(means, 20, unseen=0) == pytest.approx(expected)


def test_it_counts_as_if_a_tenth_of_an_item_of_either_kind_had_been_seen():
    """Every item ten times, and one of either kind: the same moments."""
    means = [1.0] * 12 + [0.8, 0.6, 0.2]
    tenfold = np.array(means * 10 + [0.0, 1.0])
    variance = tenfold.var() * 15.2 / 14.2  # of 15.2 items, and not of 152
    mean = tenfold.mean()
    expected = 15 * mean * (1 - mean) / variance
    assert 15 < expected < 75
    assert effective_n(means, 75) == pytest.approx(expected)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60))
def test_what_is_unseen_makes_it_count_less_and_hardly_so_in_the_middle(hits):
    means = [one / 5 for one in hits]
    ours, plain = (effective_n(means, 5 * len(means), unseen=u) for u in (0.1, 0))
    assert ours <= plain * (1 + 1e-9)
    if len(means) >= 20 and 0.3 <= sum(means) / len(means) <= 0.7:
        assert ours >= 0.9 * plain


def test_without_items_there_is_no_interval():
    assert rate_interval([], 0) is None
    with pytest.raises(ValueError, match="empty"):
        effective_n([], 0)


@pytest.mark.parametrize("means", [[0.5, 1.5], [-0.1, 0.5]])
def test_scores_outside_zero_to_one_have_no_wilson_interval(means):
    assert rate_interval(means, 2) is None


def test_interval_covers_the_truth_with_and_without_repeats():
    for n_items, repeats in ((30, 1), (30, 3), (50, 5)):
        covered = _coverage(n_items=n_items, repeats=repeats, n_runs=600)
        assert 0.91 <= covered <= 0.985, (n_items, repeats, covered)


def _coverage(*, n_items, repeats, n_runs):
    """Items of their own difficulty, mean 0.6; how often the interval holds it."""
    draw = random.Random(7)
    hits = 0
    for _ in range(n_runs):
        chances = [draw.betavariate(1.2, 0.8) for _ in range(n_items)]
        means = [
            sum(draw.random() < chance for _ in range(repeats)) / repeats
            for chance in chances
        ]
        low, high = rate_interval(means, n_items * repeats)
        hits += low <= 0.6 <= high
    return hits / n_runs
