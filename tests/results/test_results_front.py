"""The targets that no other one beats in every way."""

from __future__ import annotations

import pandas as pd
import pytest

import respan_lab.pandas  # noqa: F401  # registers the accessor
from respan_lab.errors import ConfigError


@pytest.fixture
def run_of(call, results_of):
    """Give a run of targets: how many of 200 are right, dollars, seconds."""

    def make(n=200, **targets):
        rows = [
            call(
                model,
                at,
                score_good=at < right,
                cost=cost and cost * (1 + at % 3 / 10),
                latency=latency and latency * (1 + at % 7 / 10),
            )
            for model, (right, cost, latency) in targets.items()
            for at in range(n)
        ]
        return results_of(rows)

    return make


def _on_front(r, **how):
    found = r.pareto(**how)
    return dict(zip(found["model"], found["on_front"].tolist(), strict=True))


def test_what_another_beats_in_one_and_nowhere_loses_to_is_off(run_of):
    r = run_of(good=(190, 0.01, 2.0), cheap=(100, 0.001, 1.0), bad=(100, 0.005, 1.0))
    assert _on_front(r) == {"good": True, "cheap": True, "bad": False}


def test_what_is_not_shown_is_missing(run_of):
    r = run_of(a=(150, 0.01, 1.0), b=(155, 0.01, 1.0))  # b may well be better
    assert r.compare("good")["verdict"].tolist() == ["undecided"]
    assert _on_front(r) == {"a": pd.NA, "b": pd.NA}
    few = run_of(10, a=(10, 0.01, 1.0), b=(0, 0.02, 2.0))
    assert _on_front(few) == {"a": pd.NA, "b": pd.NA}


def test_equals_are_both_on_the_front(run_of):
    r = run_of(a=(150, 0.01, 1.0), b=(150, 0.01, 1.0))
    assert set(r.compare("good")["verdict"]) == {"tied"}
    assert _on_front(r) == {"a": True, "b": True}


def test_a_worse_score_that_cannot_be_told_apart_is_not_dominated(run_of):
    """The cheaper one is only dominating if its score is shown to be as good."""
    r = run_of(dear=(156, 0.02, 1.0), cheap=(150, 0.01, 1.0))
    assert _on_front(r)["dear"] is pd.NA
    assert _on_front(r)["cheap"] is True
    assert _on_front(r, margin=0.2)["dear"] is False


def test_figures_have_their_intervals(run_of):
    r = run_of(a=(150, 0.01, 1.0), b=(190, 0.02, 1.0))
    found = r.pareto()
    assert list(found) == [
        *("model", "score_good", "score_good_ci_low", "score_good_ci_high"),
        *("cost", "cost_ci_low", "cost_ci_high"),
        *("latency_p50", "latency_p50_ci_low", "latency_p50_ci_high", "on_front"),
    ]
    summary = r.summary()
    for name in ("score_good", "score_good_ci_low", "cost", "latency_p50"):
        assert found[name].tolist() == summary[name].tolist()
    assert (found["cost_ci_low"] < found["cost"]).all()
    assert (found["latency_p50_ci_high"] >= found["latency_p50"]).all()
    assert found.dtypes["on_front"] == "boolean"


def test_what_nobody_knows_is_left_out(run_of):
    r = run_of(a=(190, None, 1.0), b=(100, None, 1.0))
    found = r.pareto()
    assert "cost" not in found
    assert found["on_front"].tolist() == [True, False]
    some = run_of(a=(190, 0.01, 1.0), b=(100, None, 1.0))
    assert _on_front(some) == {"a": True, "b": pd.NA}


def test_other_things_than_models_have_fronts(call, results_of):
    rows = [
        call("m", at, prompt=p, score_good=at < right, cost=cost)
        for p, right, cost in (("long", 190, 0.02), ("short", 100, 0.01))
        for at in range(200)
    ]
    r = results_of(rows)
    assert r.pareto(by="prompt")["on_front"].tolist() == [True, True]
    both = r.pareto(by=["model", "prompt"])
    assert both["prompt"].tolist() == ["long", "short"]
    assert both["on_front"].tolist() == [True, True]
    assert r.pareto()["on_front"].tolist() == [True]  # alone


def test_cost_alone_is_no_quality(run_of):
    with pytest.raises(ConfigError, match="name one score"):
        run_of(20, a=(1, 0.1, 1.0)).pareto("cost")
