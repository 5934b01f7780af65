"""Do the intervals hold the truth, and the verdicts their errors? By counting.

What can be enumerated is; the rest is simulated with fixed seeds, briefly here and at
length under `deep`.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, betabinom, binom, multinomial

from respan_lab.results.comparison import compare
from respan_lab.results.statistics import (
    binary_difference,
    guarded_tango,
    mcnemar,
    median_interval,
    rate_interval,
    score_difference,
    tie_interval,
)

RATES = [round(0.05 * k, 2) for k in range(1, 20)]


@pytest.mark.parametrize("n", [20, 100, 500])
def test_rates_are_covered_at_least_92_times_in_100(n):
    ends = np.array(
        [rate_interval([1.0] * k + [0.0] * (n - k), n) for k in range(n + 1)]
    )
    for rate in RATES:
        holds = (ends[:, 0] <= rate) & (rate <= ends[:, 1])
        assert binom.pmf(np.arange(n + 1), n, rate)[holds].sum() >= 0.92, rate


def _answers(rng, shape, rates, *, repeats, likeness):
    """Item means of several contenders to whom the same items are easy.

    ``likeness``: 0 for items that are always right or always wrong, infinity for items
    that are all as hard; between, the parameter of a beta distribution.
    """
    ease = rng.random(shape)
    means = []
    for rate in rates:
        if likeness == 0:
            means.append((ease < rate).astype(float))
            continue
        chance = np.full(shape, rate)
        if likeness < math.inf:
            chance = beta.ppf(ease, rate * likeness, (1 - rate) * likeness)
        means.append(rng.binomial(repeats, chance) / repeats)
    return means


def _chances(repeats, rate, likeness):
    """How likely each number of right answers to one item is; as in `_answers`."""
    k = np.arange(repeats + 1)
    if likeness == 0:
        return np.where(k == 0, 1 - rate, np.where(k == repeats, rate, 0.0))
    if likeness == math.inf:
        return binom.pmf(k, repeats, rate)
    return betabinom.pmf(k, repeats, rate * likeness, (1 - rate) * likeness)


def _ends(counts):
    """The interval of a run in which so many items had 0, 1, ... right answers."""
    shares = np.arange(counts.shape[1]) / (counts.shape[1] - 1)
    n_answers = int(counts[0].sum()) * (counts.shape[1] - 1)
    return np.array(
        [rate_interval(np.repeat(shares, row).tolist(), n_answers) for row in counts]
    )


def _all_counts(n_items, repeats):
    """All ways in which the items can have 0, 1, ... right answers."""
    cuts = np.array(list(combinations(range(n_items + repeats), repeats)))
    before = np.full((len(cuts), 1), -1)
    after = np.full((len(cuts), 1), n_items + repeats)
    return np.diff(np.hstack([before, cuts, after]), axis=1) - 1


LIKENESSES = (0, 0.1, 0.3, 0.5, 1, 2, 4, 10, 20, math.inf)


@pytest.mark.parametrize(
    ("n_items", "repeats"),
    [(20, 3), (20, 5)] + [pytest.param(50, 3, marks=pytest.mark.deep)],
)
def test_rates_with_repeats_are_covered_92_to_98_times_in_100(n_items, repeats):
    """Every rate and every likeness of repeats, by all that can be seen."""
    counts = _all_counts(n_items, repeats)
    low, high = _ends(counts).T
    for likeness in LIKENESSES:
        for rate in RATES:
            chances = _chances(repeats, rate, likeness)
            holds = (low <= rate) & (rate <= high)
            covered = multinomial.pmf(counts[holds], n_items, chances).sum()
            assert 0.92 <= covered <= 0.98, (rate, likeness)


def _simulated_rate_coverage(n_runs, *, n_items, repeats, rate, likeness):
    rng = np.random.default_rng(n_items + repeats)
    drawn = rng.multinomial(n_items, _chances(repeats, rate, likeness), size=n_runs)
    counts, times = np.unique(drawn, axis=0, return_counts=True)
    low, high = _ends(counts).T
    return times[(low <= rate) & (rate <= high)].sum() / n_runs


def _is_92_to_98(covered, n_runs):
    below, above = (2 * math.sqrt(one * (1 - one) / n_runs) for one in (0.92, 0.98))
    return 0.92 - below <= covered <= 0.98 + above


@pytest.mark.parametrize("repeats", [3, 5])
@pytest.mark.parametrize("likeness", [0.5, 4, math.inf])
def test_rates_with_repeats_are_covered_by_simulation(likeness, repeats):
    for n_items in (50, 100):
        for rate in (0.05, 0.5, 0.9):
            design = {"n_items": n_items, "repeats": repeats, "rate": rate}
            covered = _simulated_rate_coverage(500, likeness=likeness, **design)
            assert _is_92_to_98(covered, 500), (n_items, rate)


@pytest.mark.deep
@pytest.mark.parametrize("repeats", [3, 5])
@pytest.mark.parametrize("n_items", [50, 100, 500])
@pytest.mark.parametrize("likeness", LIKENESSES)
def test_rates_with_repeats_are_covered_by_long_simulation(likeness, n_items, repeats):
    for rate in RATES:
        design = {"n_items": n_items, "repeats": repeats, "rate": rate}
        covered = _simulated_rate_coverage(2000, likeness=likeness, **design)
        # Three errors and not two: there are 1,140 of these.
        assert 0.902 <= covered <= 0.989, rate


PAIRS = [(0.98, 0.93), (0.5, 0.5), (0.6, 0.5), (0.8, 0.6), (0.9, 0.9), (0.95, 0.85)]


@cache
def _falls(n):
    """All ways in which n items can fall (gained, lost, neither) with the intervals."""
    tables = np.array(
        [(g, lost, n - g - lost) for g in range(n + 1) for lost in range(n + 1 - g)]
    )
    ends = [guarded_tango(int(g), int(lost), n) for g, lost, _ in tables]
    return tables, np.array(ends)


def _coverage_of_pairs(n, gained_rate, lost_rate):
    tables, (low, high) = _falls(n)[0], _falls(n)[1].T
    truth = gained_rate - lost_rate
    holds = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
    chances = (gained_rate, lost_rate, max(0.0, 1 - gained_rate - lost_rate))
    return multinomial.pmf(tables[holds], n, chances).sum()


def _shares_of(first, second, likeness):
    """What is gained and lost, by the correlation of the two; None if none such is."""
    both = first * second
    both += likeness * math.sqrt(first * (1 - first) * second * (1 - second))
    gained, lost = first - both, second - both
    if min(both, gained, lost, 1 - gained - lost - both) < 0:
        return None
    return gained, lost


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_paired_differences_are_covered_at_least_93_times_in_100(first, second):
    for likeness in (-0.2, 0, 0.2, 0.4, 0.6, 0.8):
        shares = _shares_of(first, second, likeness)
        assert shares is None or _coverage_of_pairs(20, *shares) >= 0.93, likeness


APART = (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
LOST = (0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)


@pytest.mark.parametrize("n", [15, 20])
def test_all_paired_differences_are_covered_at_least_93_times_in_100(n):
    """Whatever the two rates are: only what is gained and lost counts."""
    shares = [(a + lost, lost) for a in APART for lost in LOST if a + 2 * lost <= 1]
    for gained, lost in shares:
        assert _coverage_of_pairs(n, gained, lost) >= 0.93, (gained, lost)


@pytest.mark.deep
@pytest.mark.parametrize("n", [16, 18, 24, 30, 35, 40, 45, 50, 60, 80, 100])
def test_paired_differences_of_more_items_are_covered(n):
    test_all_paired_differences_are_covered_at_least_93_times_in_100(n)


@pytest.mark.parametrize("n", [15, 24, 60])
def test_what_is_shown_has_an_interval_without_0(n):
    """The exact test and the interval are of two methods, and must not disagree."""
    for (gained, lost, _), (low, high) in zip(*_falls(n), strict=True):
        if mcnemar(gained, lost) < 0.05:
            assert low > 0 or high < 0, (gained, lost)


def _simulated(seed, *, n_items, repeats, rates, likeness, n_runs):
    rng = np.random.default_rng(seed)
    shape = n_runs, n_items
    first, second = _answers(rng, shape, rates, repeats=repeats, likeness=likeness)
    of = binary_difference if repeats == 1 else score_difference
    return [of(row) for row in first - second]


def _coverage_of_differences(n_runs, **design):
    truth = design["rates"][0] - design["rates"][1]
    found = _simulated(11, n_runs=n_runs, **design)
    return np.mean([low <= truth <= high for low, high in (f.interval for f in found)])


@pytest.mark.parametrize("repeats", [3, 5])
@pytest.mark.parametrize("rates", [(0.98, 0.93), (0.6, 0.5)])
def test_differences_of_repeats_are_covered(rates, repeats):
    covered = _coverage_of_differences(
        300, n_items=20, repeats=repeats, rates=rates, likeness=1
    )
    assert covered >= 0.93


@pytest.mark.deep
@pytest.mark.parametrize("repeats", [3, 5])
@pytest.mark.parametrize("rates", PAIRS)
@pytest.mark.parametrize("likeness", [0, 1, 4, math.inf])
def test_all_differences_of_repeats_are_covered(rates, likeness, repeats):
    n_runs = 2000
    for n_items in (20, 50, 100):
        design = {"n_items": n_items, "repeats": repeats, "rates": rates}
        covered = _coverage_of_differences(n_runs, likeness=likeness, **design)
        assert covered >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / n_runs), n_items


def _tied(n, margin, gained_rate, lost_rate):
    """The chance of *tied*, by all ways in which one run of n items can fall."""
    most = int(min(n, n * (gained_rate + lost_rate) + 8 * math.sqrt(n / 4)))
    tables = [(g, k - g) for k in range(most + 1) for g in range(k + 1)]
    inside = [(g, lost) for g, lost in tables if _is_tied(g, lost, n, margin)]
    if not inside:
        return 0.0
    counts = [(g, lost, n - g - lost) for g, lost in inside]
    chances = (gained_rate, lost_rate, 1 - gained_rate - lost_rate)
    return multinomial.pmf(np.array(counts), n, chances).sum()


@cache
def _is_tied(gained, lost, n, margin):
    if abs(gained - lost) >= margin * n:
        return False
    low, high = tie_interval(
        np.repeat([1.0, -1.0, 0.0], [gained, lost, n - gained - lost])
    )
    return -margin < low and high < margin


@pytest.mark.parametrize(("n", "margin"), [(60, 0.1), (150, 0.05), (180, 0.02)])
def test_tied_is_wrong_at_most_5_times_in_100_at_the_margin(n, margin):
    for lost in (0, 0.005, 0.02, 0.1):
        assert _tied(n, margin, lost + margin, lost) <= 0.05, lost


@pytest.mark.deep
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("n", [30, 50, 75, 100, 150, 175, 200, 300, 400])
def test_tied_is_never_wrong_more_often(n, margin):
    for lost in (0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3):
        assert _tied(n, margin, lost + margin, lost) <= 0.05, lost


@pytest.mark.deep
@pytest.mark.parametrize("likeness", [0, 0.5, 4, math.inf])
@pytest.mark.parametrize("repeats", [3, 5])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1])
def test_tied_of_repeats_is_wrong_at_most_5_times_in_100(margin, repeats, likeness):
    n_runs = 3000
    rng = np.random.default_rng(17)
    for n_items in (50, 150, 400):
        for rate in (0.5, 0.9, 0.97):
            rates, shape = (rate, rate - margin), (n_runs, n_items)
            a, b = _answers(rng, shape, rates, repeats=repeats, likeness=likeness)
            ends = np.array([tie_interval(row) for row in a - b])
            tied = ((ends[:, 0] > -margin) & (ends[:, 1] < margin)).mean()
            assert tied <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / n_runs), (n_items, rate)


def _false_findings(n_runs, *, n_items, repeats, rate, likeness, models=3):
    """How often `compare` says better or worse of models that are alike."""
    rng = np.random.default_rng(n_items * repeats)
    size = n_items * repeats
    frame = pd.DataFrame(
        {
            "model": np.repeat([f"m{at}" for at in range(models)], size),
            "item": np.tile(np.repeat(np.arange(n_items), repeats), models),
            "run": np.tile(np.arange(repeats), n_items * models),
        }
    )
    wrong = 0
    for _ in range(n_runs):
        ease = rng.random(n_items)
        chance = np.full(n_items, rate)
        if likeness < math.inf:
            chance = beta.ppf(ease, rate * likeness, (1 - rate) * likeness)
        hits = rng.random((models, n_items, repeats)) < chance[None, :, None]
        verdicts = compare(frame.assign(score_x=hits.ravel()), margin=0)["verdict"]
        wrong += bool((verdicts != "undecided").any())
    return wrong / n_runs


def _limit(n_runs):
    return 0.05 + 2 * math.sqrt(0.05 * 0.95 / n_runs)


@pytest.mark.parametrize("repeats", [1, 3])
def test_models_that_are_alike_are_told_apart_at_most_5_times_in_100(repeats):
    wrong = _false_findings(120, n_items=30, repeats=repeats, rate=0.7, likeness=4)
    assert wrong <= _limit(120)


@pytest.mark.deep
@pytest.mark.parametrize("repeats", [1, 3, 5])
@pytest.mark.parametrize("n_items", [15, 40, 150])
@pytest.mark.parametrize(("rate", "likeness"), [(0.5, 1), (0.7, 4), (0.95, math.inf)])
def test_models_that_are_alike_are_seldom_told_apart(rate, likeness, n_items, repeats):
    design = {"n_items": n_items, "repeats": repeats, "rate": rate}
    assert _false_findings(300, likeness=likeness, **design) <= _limit(300)


@pytest.mark.parametrize("n", [6, 20, 61])
def test_medians_are_covered_whatever_the_tail(n):
    rng = np.random.default_rng(n)
    runs = rng.lognormal(0, 2, (1000, n))
    ends = np.array([median_interval(list(row)) for row in runs])
    assert ((ends[:, 0] <= 1) & (ends[:, 1] >= 1)).mean() >= 0.94


def test_24_items_miss_a_true_loss_of_10_points_and_do_not_call_it_tied():
    found = _simulated(
        3, n_items=24, repeats=1, rates=(0.8, 0.7), likeness=1, n_runs=400
    )
    assert np.mean([one.p_value < 0.05 for one in found]) < 0.2
    for one in found:
        assert not (one.tie.low > -0.02 and one.tie.high < 0.02)
