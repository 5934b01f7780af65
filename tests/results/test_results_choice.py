"""The cheapest target that is good enough, if one is shown to be."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

import respan_lab.pandas  # noqa: F401  # registers the accessor
from respan_lab.errors import ConfigError
from respan_lab.results.choice import choose
from respan_lab.results.comparison_pairs import compared
from respan_lab.results.metrics import figures_of
from respan_lab.results.noninferiority import Bounds, one_sided
from respan_lab.results.pairing import Layout


@pytest.fixture
def scored(call, results_of):
    """Give a run in which models have so many right of so many items."""

    def make(n=400, costs=(0.01, 0.001), latencies=(1.0, 1.0), **right):
        rows = [
            call(
                model,
                item,
                score_good=item in set(wins),
                cost=cost,
                latency=latency,
            )
            for (model, wins), cost, latency in zip(
                right.items(), costs, latencies, strict=True
            )
            for item in range(n)
        ]
        return results_of(rows)

    return make


def test_the_cheapest_that_is_shown_to_be_near_is_chosen(scored):
    found = scored(dear=range(300), cheap=range(300)).choose()
    assert found.model == "cheap"
    assert found.may_be_best == ["dear", "cheap"]
    assert (found.n_more, found.dollars) == (0, 0.0)
    assert found.sentence == (
        "cheap: the cheapest of 2 shown to be at most 2 points worse than the best of "
        "2 by good, $0.00100 a call"
    )
    assert found.comparisons["verdict"].tolist() == ["tied"]


def test_what_is_worse_is_not_chosen_however_cheap(scored):
    found = scored(dear=range(350), cheap=range(250)).choose()
    assert found.model == "dear"
    assert found.may_be_best == ["dear"]
    assert "the only one shown" in found.sentence
    enough = scored(dear=range(350), cheap=range(250)).choose(within=0.4)
    assert enough.model == "cheap"  # 25 points worse is good enough here


def test_without_enough_items_there_is_no_choice(scored):
    r = scored(40, dear=range(30), cheap=range(1, 31))
    found = r.choose()
    assert found.model is None
    assert found.may_be_best == ["dear", "cheap"]
    assert found.n_more > 100
    assert found.dollars == pytest.approx(found.n_more * 0.011)
    assert found.sentence.startswith("no choice: none of 2 is shown to be at most 2 ")
    assert "dear and cheap may be the best; about" in found.sentence
    # So many items of the kind that was seen do show it.
    times = 1 + found.n_more // 40 + 1
    frames = [r.df.assign(item=r.df["item"] + 1000 * at) for at in range(times)]
    assert choose(pd.concat(frames, ignore_index=True)).model == "cheap"


def test_below_15_items_nothing_is_shown(scored):
    found = scored(14, dear=range(14), cheap=range(0)).choose(within=0.5)
    assert found.model is None
    assert found.n_more == 1


def test_limits_are_of_mean_dollars_and_median_seconds(scored):
    r = scored(
        100,
        costs=(0.02, 0.01, 0.001),
        latencies=(1.0, 1.0, 9.0),
        dear=range(100),
        middle=range(90),
        slow=range(90),
    )
    assert r.choose(within=0.05).model == "dear"
    assert r.choose(within=0.05, max_cost=0.015, max_latency=None).model == "slow"
    found = r.choose(within=0.05, max_cost=0.015, max_latency=5.0)
    assert found.model == "middle"
    assert found.may_be_best == ["middle"]
    assert found.sentence == (
        "middle: the only target within the limits; left out: dear (cost $0.0200), "
        "slow (latency 9.00 s)"
    )
    nothing = r.choose(max_cost=1e-9)
    assert (nothing.model, nothing.may_be_best, nothing.n_more) == (None, [], None)
    assert "no target is within the limits" in nothing.sentence


def test_what_is_not_known_is_no_number(scored):
    r = scored(costs=(0.01, None), dear=range(300), cheap=range(300))
    found = r.choose()
    assert found.model == "dear"
    assert "what cheap costs is not known" in found.sentence
    assert "cheap (cost not known)" in r.choose(max_cost=1).sentence
    few = scored(40, costs=(0.01, None), dear=range(30), cheap=range(30)).choose()
    assert few.n_more > 0
    assert few.dollars is None
    neither = scored(costs=(None, None), dear=range(300), cheap=range(300)).choose()
    assert neither.model is None
    assert "what they cost is not known" in neither.sentence


def test_a_target_that_never_answered_stops_no_choice(scored, failed, results_of):
    r = scored(dear=range(300), cheap=range(300))
    broken = results_of([failed("broken", item) for item in range(400)])
    both = pd.concat([r.df, broken.df], ignore_index=True)
    found = both.lab.choose()
    assert found.model == "cheap"
    assert found.sentence.endswith("left out: broken (good not known)")


def test_a_low_score_can_be_the_good_one(scored):
    r = scored(dear=range(10), cheap=range(200))
    low = choose(r.df, within=0.1, manifest={"lower_is_better": ["good"]})
    assert low.model == "dear"
    assert low.may_be_best == ["dear"]
    high = choose(r.df, within=0.1)
    assert high.model == "cheap"


def test_the_bound_of_two_is_that_of_the_score_interval(scored):
    """If the other has all right, the pair is one rate: Wilson's bound is Tango's."""
    r = scored(dear=range(400), cheap=range(390))
    bound = proportion_confint(10, 400, alpha=0.1, method="wilson")[1]
    assert r.choose(within=bound + 0.001).model == "cheap"
    assert r.choose(within=bound - 0.001).model == "dear"


@pytest.mark.parametrize("how", [{"within": 0}, {"max_cost": -1}, {"max_latency": "x"}])
def test_values_out_of_range_are_told(scored, how):
    with pytest.raises(ConfigError, match=f"{next(iter(how))}=.*above 0"):
        scored(20, dear=range(9), cheap=range(9)).choose(**how)


def test_it_shows_itself_inert(call, results_of):
    bad = "<img src=x onerror=alert(1)> $x$"
    r = results_of(
        [call(m, at, score_good=True) for m in ("a", bad) for at in range(9)]
    )
    html = r.choose()._repr_html_()
    assert "<img" not in html
    assert "tex2jax_ignore" in html
    assert "no choice" in repr(r.choose())


def _wrong_claims(n_runs, n_models, seed):
    """How often any is shown that is more than `within` worse than the best."""
    rng = np.random.default_rng(seed)
    n, within, wrong = 300, 0.05, 0
    names = ["best", *(f"m{at}" for at in range(n_models))]
    alpha = one_sided(0.05, len(names))
    frame = pd.DataFrame(
        {"model": np.repeat(names, n), "item": np.tile(np.arange(n), len(names))}
    )
    for _ in range(n_runs):
        best = rng.random(n) < 0.9
        spoilt = rng.random((n_models, n)) < (within + 1e-6) / 0.9
        frame["score_good"] = np.concatenate([best, *(best & ~one for one in spoilt)])
        figures = figures_of(frame, "good")
        two_and_two = list(combinations(range(len(names)), 2))
        layout = Layout(frame, "model")
        pairs = compared(layout, [figures], two_and_two, alpha=2 * alpha)
        places = {name: at for at, name in enumerate(layout.names)}
        bounds = Bounds(pairs, len(names), alpha=alpha, within=within)
        wrong += any(at != places["best"] for at in bounds.shown())
    return wrong / n_runs


@pytest.mark.parametrize("n_models", [1, 3])
def test_a_wrong_claim_is_rare(n_models):
    n_runs = 150
    rate = _wrong_claims(n_runs, n_models, seed=7)
    assert rate <= 0.05 + 2 * (0.05 * 0.95 / n_runs) ** 0.5


@pytest.mark.deep
@pytest.mark.parametrize("n_models", [1, 2, 5])
def test_a_wrong_claim_is_as_rare_as_is_said(n_models):
    assert _wrong_claims(4000, n_models, seed=11) <= 0.05 + 2 * 0.00345


def test_any_number_will_do_but_an_endless_one(scored):
    r = scored(dear=range(400), cheap=range(399))
    assert r.choose(within=np.float32(0.25)).model == r.choose(within=0.25).model
    assert r.choose(max_cost=np.int64(9)).sentence == r.choose(max_cost=9).sentence
    with pytest.raises(ConfigError, match="within=inf: use a number above 0"):
        r.choose(within=float("inf"))
