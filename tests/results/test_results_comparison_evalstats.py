"""Agreement with `evalstats` on the same frames."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from respan_lab.results.comparison import compare


@pytest.fixture(scope="module")
def theirs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import evalstats

    def compared(frame):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return evalstats.compare(evalstats.load_from(frame), factors="model")

    return compared


def _frame(rates, *, n_items, repeats, seed, graded=False):
    """`model, item, run, score`, the same items easy to all; as evalstats wants it."""
    rng = np.random.default_rng(seed)
    ease = rng.beta(2, 1, n_items)
    rows = []
    for model, shift in rates.items():
        for item in range(n_items):
            for run in range(repeats):
                chance = np.clip(ease[item] + shift, 0, 1)
                if graded:
                    score = float(np.clip(chance + rng.normal(0, 0.1), 0, 1))
                else:
                    score = float(rng.random() < chance)
                rows.append((model, item, run, score))
    return pd.DataFrame(rows, columns=["model", "item", "run", "score"])


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("shift", [0.0, -0.15, -0.4])
def test_two_models_agree(theirs, shift, repeats, graded):
    frame = _frame(
        {"a": 0.0, "b": shift}, n_items=80, repeats=repeats, seed=5, graded=graded
    )
    ours = compare(frame.rename(columns={"score": "score_x"})).loc[0]
    pair = theirs(frame).pairwise.get("a", "b")
    assert ours["n_items"] == pair.n_inputs
    assert ours["diff"] == pytest.approx(pair.point_diff)
    # Of other methods: Bonett-Price and a t interval on the logit scale.
    assert ours["ci_low"] == pytest.approx(pair.ci_low, abs=0.04)
    assert ours["ci_high"] == pytest.approx(pair.ci_high, abs=0.04)
    if (
        pair.p_value < 0.3
    ):  # theirs is of a bootstrap, and differs where nothing is shown
        assert ours["p_value"] == pytest.approx(pair.p_value, abs=0.06)
    assert (ours["p_value"] < 0.05) == (pair.p_value < 0.05)


def test_several_models_agree_after_correction(theirs):
    frame = _frame({"a": 0.0, "b": -0.1, "c": -0.45}, n_items=60, repeats=3, seed=0)
    ours = compare(frame.rename(columns={"score": "score_x"}))
    found = theirs(frame).pairwise
    for row in ours.to_dict("records"):
        pair = found.get(row["a"], row["b"])
        assert row["diff"] == pytest.approx(pair.point_diff)
        assert (row["verdict"] == "better") == (pair.p_value < 0.05)
