from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

import respan_lab as lab
from respan_lab.errors import ConfigError
from respan_lab.results.power import planned_power, power
from respan_lab.results.power_line import power_line, smallest_difference
from respan_lab.results.statistics import (
    binary_difference,
    items_needed,
    items_to_settle,
    log_ratio,
    mcnemar,
    mcnemar_power,
    score_difference,
    t_power,
    tie_interval,
)
from respan_lab.results.statistics import smallest_difference as smallest_found


@pytest.mark.parametrize(
    ("difference", "n", "discordance", "alpha"),
    [(0.1, 24, 0.3, 0.05), (0.2, 60, 0.3, 0.05), (0.3, 40, 0.3, 0.05)]
    + [(0.15, 80, 0.4, 0.01), (0.05, 15, 0.1, 0.05), (-0.2, 60, 0.3, 0.05)],
)
def test_the_power_of_mcnemar_is_what_enumeration_says(
    difference, n, discordance, alpha
):
    gained = (discordance + difference) / 2 / discordance
    expected = sum(
        stats.binom.pmf(differ, n, discordance) * stats.binom.pmf(k, differ, gained)
        for differ in range(n + 1)
        for k in range(differ + 1)
        if mcnemar(k, differ - k) <= alpha
    )
    ours = mcnemar_power(difference, n, discordance=discordance, alpha=alpha)
    assert ours == pytest.approx(expected, abs=1e-9)


def test_beyond_what_is_summed_the_power_goes_on():
    here, there = (mcnemar_power(0.02, n, discordance=0.2) for n in (9_990, 10_010))
    assert here == pytest.approx(there, abs=0.01)


def test_24_items_miss_a_loss_of_10_points_93_times_in_100():
    assert mcnemar_power(0.1, 24, discordance=0.3) == pytest.approx(0.07, abs=0.01)


@pytest.mark.parametrize("n", [15, 50, 400])
def test_the_power_of_t_agrees_with_statsmodels(n):
    theirs = TTestPower().power(0.1 / math.sqrt(0.2), n, 0.05)
    ours = t_power(0.1, n, variance=0.2)
    assert ours == pytest.approx(theirs, abs=3e-3)  # theirs counts the wrong side too


def test_items_needed_is_the_first_number_that_is_enough():
    def power_of(n):
        return mcnemar_power(0.1, n, discordance=0.2)

    needed = items_needed(power_of)
    assert power_of(needed) >= 0.8 > power_of(needed - 1)
    assert items_needed(lambda n: 1.0) == 15
    assert items_needed(lambda n: 0.5) is None


def test_the_smallest_difference_is_the_first_that_is_enough():
    def power_of(size):
        return t_power(size, 50, variance=0.1)

    found = smallest_found(power_of, largest=1.0)
    assert power_of(found) >= 0.8 > power_of(found - 2e-4)
    assert smallest_found(lambda size: 0.1, largest=1.0) is None


def _more(found, margin=0.02):
    return items_to_settle(found, margin=margin, alpha=0.05)


def test_so_many_further_items_settle_it_8_times_in_10():
    """Drawn from the differences that were seen, as often as there are items then."""
    rng = np.random.default_rng(0)
    for seen in (
        np.repeat([1.0, -1.0, 0.0], [8, 2, 30]),
        np.repeat([1.0, -1.0, 0.0], [1, 1, 98]),
        np.repeat([0.4, -0.2, 0.0], [12, 6, 30]),
    ):
        binary = set(np.unique(seen)) <= {-1, 0, 1}
        of = binary_difference if binary else score_difference
        n = len(seen) + _more(of(seen))
        settled = 0
        for _ in range(150):
            drawn = of(rng.choice(seen, n))
            low, high = drawn.tie
            settled += drawn.p_value < 0.05 or (low > -0.02 and high < 0.02)
        assert 0.68 <= settled / 150 <= 0.92, n


def test_what_is_alike_wants_no_more_than_it_takes_to_show_it():
    more = _more(binary_difference(np.zeros(24)))
    low, high = tie_interval(np.zeros(24 + more))
    assert -0.02 < low < high < 0.02
    low, high = tie_interval(np.zeros(24 + more - 5))
    assert high > 0.02


def test_nothing_is_promised_of_what_nothing_is_known():
    assert _more(binary_difference(np.array([1.0]))) is None
    assert _more(log_ratio(np.array([math.inf] * 20))) is None


def test_a_difference_at_the_margin_can_still_be_shown():
    found = binary_difference(np.repeat([1.0, -1.0, 0.0], [7, 5, 88]))
    assert _more(found) > 100


@pytest.fixture
def frame():
    rng = np.random.default_rng(4)
    rates = {"a": 0.6, "b": 0.7, "c": 0.9}
    return pd.DataFrame(
        [
            {"model": m, "item": i, "score_x": rng.random() < rate, "cost": rate}
            for m, rate in rates.items()
            for i in range(80)
        ]
    )


def test_each_pair_has_its_own_power(frame):
    found = power(frame, difference=0.1)
    assert list(found) == [
        *("metric", "a", "b", "n_items", "discordance", "spread", "power"),
        *("smallest_difference", "difference", "n_needed"),
    ]
    row = found.loc[0]
    wide = frame.pivot(index="item", columns="model", values="score_x")
    assert row["discordance"] == (wide["a"] != wide["b"]).mean()
    for size, is_enough in ((row["smallest_difference"], True), (0.1, False)):
        chance = mcnemar_power(
            size, 80, discordance=max(size, row["discordance"]), alpha=0.05 / 3
        )
        assert (chance >= 0.8) == is_enough
    assert row["n_needed"] > 80


def test_alpha_is_shared_among_the_pairs(frame):
    alone = power(frame[frame["model"] != "c"]).loc[0, "smallest_difference"]
    assert power(frame).loc[0, "smallest_difference"] > alone
    unshared = power(frame, correction=None).loc[0, "smallest_difference"]
    assert unshared == pytest.approx(alone)


def test_more_items_show_less(frame):
    few = power(frame, n_items=40)["smallest_difference"]
    many = power(frame, n_items=400)["smallest_difference"]
    assert (many < few).all()
    assert power(frame, n_items=10)["smallest_difference"].isna().all()


def test_ratios_have_a_power_too(frame):
    rng = np.random.default_rng(0)
    frame["latency"] = rng.lognormal(0, 0.3, len(frame))
    found = power(frame, "latency", math.log(1.2)).loc[0]
    spread = found["spread"]
    assert spread == pytest.approx(0.3 * math.sqrt(2), rel=0.25)
    chance = t_power(
        found["smallest_difference"], 80, variance=spread**2, alpha=0.05 / 3
    )
    assert chance == pytest.approx(0.8, abs=0.02)
    constant = power(frame, "cost").loc[0, "smallest_difference"]
    assert constant < 0.001  # ratios without any spread


def test_an_experiment_tells_its_power_before_it_runs():
    rows = [{"x": i} for i in range(100)]
    asked = lab.Experiment("{{ x }}?", ["sim/small", "sim/large"], rows)
    found = asked.power(0.1)
    assert list(found["discordance"]) == [0.1, 0.2, 0.3, 0.4]
    assert found["smallest_difference"].is_monotonic_increasing
    assert found["n_needed"].is_monotonic_increasing
    at = found.loc[1]
    assert mcnemar_power(0.1, int(at["n_needed"]), discordance=0.2) >= 0.8
    assert len(asked.power(discordance=0.25)) == 1


def test_an_experiment_learns_from_results(results_of, call):
    rows = [
        call(m, i, score_x=i % (3 if m == "a" else 4) > 0)
        for m in "ab"
        for i in range(40)
    ]
    asked = lab.Experiment("{{ x }}?", ["a", "b"], [{"x": i} for i in range(300)])
    results = results_of(rows)
    found = asked.power(0.05, results=results)
    assert list(found["n_items"]) == [300]
    assert found.loc[0, "discordance"] == results.power().loc[0, "discordance"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"power": 1}, "power=1: use a chance"),
        ({"difference": 0}, "difference=0"),
        ({"discordance": 0}, "discordance=0"),
        ({"alpha": 2}, "alpha=2"),
        ({"correction": "x"}, "correction='x'"),
    ],
)
def test_it_names_what_is_wrong(given, message):
    with pytest.raises(ConfigError, match=message):
        planned_power(50, 2, **given)


def test_the_line_tells_the_pair_that_shows_least(frame):
    largest = power(frame)["smallest_difference"].max()
    assert smallest_difference(frame, "x") == largest
    assert smallest_difference(frame[frame["item"] < 9]) is None
    assert power_line(frame) == (
        f"smallest difference this run could have shown: x {100 * largest:.1f} points "
        "(80 items)"
    )


def test_the_line_says_that_items_are_too_few(frame):
    few = frame[frame["item"] < 9]
    assert power_line(few) == (
        "too few items to show any difference: 9 items, at least 15 needed"
    )


def test_there_is_no_line_without_a_comparison(frame):
    assert power_line(frame[frame["model"] == "a"]) is None
    assert power_line(frame.drop(columns="score_x")) is None


def test_the_results_show_it_below_their_summary(results_of, call):
    rows = [call(m, i, score_x=i % 3 > 0) for m in "ab" for i in range(40)]
    results = results_of(rows)
    line = power_line(results.df)
    assert line in repr(results)
    assert line in results._repr_html_()
