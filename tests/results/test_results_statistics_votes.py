from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy.special import expit

from respan_lab.errors import ConfigError
from respan_lab.results.statistics import strengths, win_matrix


@pytest.fixture
def votes():
    """Give votes of contenders of known strength, several on each item, some ties."""

    def make(true, *, n_items=60, seed=0, ties=0.2):
        rng = np.random.default_rng(seed)
        names = list(true)
        rows = []
        for item in range(n_items):
            for _ in range(3):
                a, b = rng.choice(names, 2, replace=False)
                wins = rng.random() < expit(true[a] - true[b])
                winner = "tie" if rng.random() < ties else (a if wins else b)
                rows.append({"item": item, "a": a, "b": b, "winner": winner})
        return pd.DataFrame(rows)

    return make


TRUE = {"x": 1.0, "y": 0.0, "z": -1.0, "w": 0.3}


@pytest.mark.parametrize("prior", [0.0, 0.1, 1.0])
def test_strengths_maximise_the_likelihood(votes, prior):
    """Found by a general optimiser here, from the likelihood as it is written down."""
    given = votes(TRUE)
    names, per_item = win_matrix(given)
    wins = per_item.sum(axis=0)

    def unlikely(beta):
        apart = beta[:, None] - beta[None, :]
        against_average = np.log(expit(beta)) + np.log(expit(-beta))
        return -(wins * np.log(expit(apart))).sum() - prior * against_average.sum()

    best = optimize.minimize(unlikely, np.zeros(len(names)), tol=1e-10).x
    expected = dict(zip(names, best - best.mean(), strict=True))
    found = strengths(given, prior=prior)
    for row in found.to_dict("records"):
        assert row["strength"] == pytest.approx(expected[row["name"]], abs=1e-3)
    assert found["strength"].is_monotonic_decreasing


def test_two_contenders_have_the_odds_as_their_strength():
    given = pd.DataFrame({"a": "x", "b": "y", "winner": ["x"] * 6 + ["y"] * 2})
    found = strengths(given, prior=0).set_index("name")
    assert found.loc["x", "strength"] * 2 == pytest.approx(math.log(3))
    assert found.loc["x", "expected_win_rate"] == pytest.approx(0.75)
    assert list(found["n_items"]) == [8, 8]


def test_ties_are_half_wins_and_what_is_missing_is_no_vote():
    given = pd.DataFrame({"a": "x", "b": "y", "winner": ["x", "tie", None, "y", "tie"]})
    names, per_item = win_matrix(given)
    assert names == ["x", "y"]
    assert per_item.sum(axis=0).tolist() == [[0, 2], [2, 0]]
    assert strengths(given)["win_rate"].tolist() == [0.5, 0.5]


def test_the_prior_keeps_a_winner_of_everything_finite():
    given = pd.DataFrame({"a": "x", "b": "y", "winner": ["x"] * 10})
    found = strengths(given)
    assert np.isfinite(found[["strength", "ci_low", "ci_high"]].to_numpy()).all()
    assert found.loc[0, "name"] == "x"


def test_sides_do_not_matter(votes):
    given = votes(TRUE)
    turned = given.rename(columns={"a": "b", "b": "a"})
    columns = ["name", "n_votes", "win_rate", "strength"]
    pd.testing.assert_frame_equal(
        strengths(given)[columns], strengths(turned)[columns], atol=1e-6
    )


def test_the_interval_is_of_items_and_not_of_votes():
    """Ten votes on an item that agree are hardly more than one."""
    rng = np.random.default_rng(0)
    once = pd.DataFrame({"item": range(30), "a": "x", "b": "y"})
    once["winner"] = np.where(rng.random(30) < 0.7, "x", "y")
    often = pd.concat([once] * 10, ignore_index=True)

    def width(votes):
        row = strengths(votes, prior=0).loc[0]
        return row["ci_high"] - row["ci_low"]

    assert width(often) == pytest.approx(width(once), rel=0.01)


@pytest.mark.parametrize("n_runs", [25, pytest.param(500, marks=pytest.mark.deep)])
def test_intervals_hold_the_truth(votes, n_runs):
    centred = {
        name: value - np.mean(list(TRUE.values())) for name, value in TRUE.items()
    }
    held = []
    for seed in range(n_runs):
        found = strengths(votes(TRUE, seed=seed, ties=0))
        held += [
            row["ci_low"] <= centred[row["name"]] <= row["ci_high"]
            for row in found.to_dict("records")
        ]
    assert 0.89 <= np.mean(held) <= 0.99


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": ["x"], "b": ["y"]}, "no column 'winner'"),
        ({"a": ["x"], "b": ["y"], "winner": [None]}, "there is no vote"),
        ({"a": ["x"], "b": ["y"], "winner": ["q"]}, "winner='q' of 'x' and 'y'"),
        ({"a": ["x"], "b": ["x"], "winner": ["x"]}, "which differ"),
    ],
)
def test_it_names_what_is_wrong(given, message):
    with pytest.raises(ConfigError, match=message):
        strengths(pd.DataFrame(given))
