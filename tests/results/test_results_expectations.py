"""What a run is expected to show, for notebooks that are tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import respan_lab as lab
import respan_lab.pandas  # registers the accessor
from respan_lab.errors import ConfigError
from respan_lab.results.group_figures import group_figures


@pytest.fixture
def r(call, results_of):
    rows = [
        call(model, at, score_accuracy=at < right, cost=0.001 * (1 + at % 3),
             latency=0.1 * (1 + at % 5))
        for model, right in (("good", 95), ("fair", 82))
        for at in range(100)
    ]  # fmt: skip
    return results_of(rows)


def test_the_figure_must_hold_for_every_target(r):
    r.expect("accuracy", ">=", 0.8)
    r.expect("accuracy", "==", 0.95, model="good")
    with pytest.raises(AssertionError) as caught:
        r.expect("accuracy", ">=", 0.9)
    assert str(caught.value).splitlines() == [
        "expected accuracy >= 0.9 of each target, but:",
        "  fair · short: accuracy is 0.820 (95 % interval 0.733 to 0.883, n=100)",
        "  it holds for 1 of 2",
    ]


def test_with_ci_the_end_of_the_interval_must_hold(r):
    r.expect("accuracy", ">=", 0.8, model="good", ci=True)
    with pytest.raises(AssertionError, match="with the end of its 95 % interval"):
        r.expect("accuracy", ">=", 0.8, model="fair", ci=True)
    r.expect("accuracy", "<=", 0.9, model=["fair"], ci=True)
    with pytest.raises(AssertionError):
        r.expect("accuracy", "<=", 0.85, model="fair", ci=True)


@pytest.mark.parametrize(
    ("op", "holds", "not_"),
    [(">=", 0.82, 0.83), (">", 0.81, 0.82), ("<=", 0.82, 0.81), ("<", 0.83, 0.82)]
    + [("==", 0.82, 0.8), ("!=", 0.8, 0.82)],
)
def test_each_comparison_is_what_it_says(r, op, holds, not_):
    r.expect("accuracy", op, holds, model="fair")
    with pytest.raises(AssertionError):
        r.expect("accuracy", op, not_, model="fair")


def test_other_figures_and_failures_can_be_expected(r, call, failed, results_of):
    r.expect("errors", "==", 0)
    r.expect("cost", "<", 0.002)
    r.expect("latency", "<", 0.31)
    r.expect("latency_p50", "<=", 0.45, ci=True)
    r.expect("latency_p95", "<=", 0.5)
    r.expect("refused", "<=", 0.05, ci=True)
    r.expect("connection", "==", 0)  # none at all, and so not in `failures`
    broken = results_of([call(), failed(item=1)])
    with pytest.raises(AssertionError, match="errors is 1 "):
        broken.expect("errors", "==", 0)
    with pytest.raises(AssertionError, match=r"rate_limit is 0\.500"):
        broken.expect("rate_limit", "<=", 0.1)


def test_what_is_not_known_does_not_pass(call, results_of):
    r = results_of([call(cost=None), call(item=1, cost=None)])
    for op in ("<", ">", "==", "!="):
        with pytest.raises(AssertionError, match="cost is not known"):
            r.expect("cost", op, 1)
    one = results_of([call()])
    with pytest.raises(AssertionError, match="no interval is known"):
        one.expect("cost", "<", 1, ci=True)


def test_a_score_may_be_called_as_a_figure(call, results_of):
    r = results_of([call(at, score_cost=True) for at in ("m",)])
    r.expect("score_cost", "==", 1)
    r.expect("cost", "==", 0.001)


@pytest.mark.parametrize(
    ("call_it", "said"),
    [
        (lambda r: r.expect("acuracy", ">", 0), "try accuracy"),
        (lambda r: r.expect("accuracy", "=>", 0), "use one of >="),
        (lambda r: r.expect("accuracy", ">", "x"), "use a number"),
        (lambda r: r.expect("accuracy", "==", 1, ci=True), "with ci=True"),
        (lambda r: r.expect("accuracy", ">", 0, model="goof"), "try good"),
        (lambda r: r.query("item > 999").expect("ok", ">", 0), "no calls"),
    ],
)
def test_what_cannot_be_expected_is_told(r, call_it, said):
    with pytest.raises(ConfigError, match=said):
        call_it(r)


def test_a_frame_can_be_held_to_it_too(r):
    r.df[["model", "item", "score_accuracy"]].lab.expect("accuracy", ">=", 0.8)


def test_intervals_are_those_of_means_over_items_and_of_medians(call, results_of):
    rng = np.random.default_rng(3)
    costs, times = rng.random((30, 2)), rng.random((30, 2))
    rows = [
        call(item=at, run=n, cost=costs[at, n], latency=times[at, n])
        for at in range(30)
        for n in range(2)
    ]
    frame = results_of(rows).df
    found = group_figures(frame, "cost").loc[0]
    means = costs.mean(axis=1)
    low, high = stats.t.interval(0.95, 29, means.mean(), stats.sem(means))
    assert found["figure"] == pytest.approx(costs.mean())
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))
    median = group_figures(frame, "latency").loc[0]
    found = stats.quantile_test(times.ravel(), p=0.5).confidence_interval(0.95)
    assert (median["ci_low"], median["ci_high"]) == pytest.approx(
        (found.low, found.high)
    )
    assert median["n"] == 60


@pytest.fixture
def run_of(call, results_of):
    """Give a run in which models have so many right of 200 items."""

    def make(n=200, **right):
        return results_of(
            [
                call(model, at, score_good=at < wins, cost=0.001)
                for model, wins in right.items()
                for at in range(n)
            ]
        )

    return make


def test_a_run_that_is_as_good_passes_and_says_what_is_open(run_of):
    found = run_of(a=180, b=150).expect_no_regression(run_of(a=180, b=155))
    assert found[["a", "b", "metric"]].to_numpy().tolist() == [
        ["a", "baseline", "good"],
        ["b", "baseline", "good"],
    ]
    assert found["verdict"].tolist() == ["tied", "undecided"]
    assert "b against baseline, good: undecided" in repr(found)


def test_a_target_that_became_worse_fails_the_test(run_of):
    with pytest.raises(AssertionError) as caught:
        run_of(a=120, b=150).expect_no_regression(run_of(a=180, b=150))
    told = str(caught.value)
    assert told.startswith("1 of 2 shown to be worse than the baseline:\n  a against ")
    assert "30 points worse" in told
    assert "200 items, p=" in told
    assert "not worse: b against baseline" in told


def test_better_is_no_regression(run_of):
    found = run_of(a=190).expect_no_regression(run_of(a=150))
    assert found["verdict"].tolist() == ["better"]


def test_many_targets_are_one_family(run_of):
    """Of p = 0.039 one would fail alone; of two, Holm's correction wants 0.025."""
    before, now = run_of(a=150, b=150), run_of(a=144, b=150)
    alone = lab.concat([before["a"], now["a"]], names=["baseline", "now"])
    p_value = alone.compare(by="run_name").loc[0, "p_value"]
    assert 0.025 < p_value < 0.05
    found = now.expect_no_regression(before)
    assert found["p_adjusted"].tolist()[0] == pytest.approx(2 * p_value)
    assert found["verdict"].tolist()[0] == "undecided"
    with pytest.raises(AssertionError):
        now["a"].expect_no_regression(before)


def test_the_baseline_may_be_a_file_or_a_frame(run_of, tmp_path):
    before = run_of(a=180)
    path = before.export(tmp_path / "before.parquet")
    for baseline in (path, str(path), before.df):
        assert len(run_of(a=180).expect_no_regression(baseline)) == 1
        with pytest.raises(AssertionError):
            run_of(a=100).expect_no_regression(baseline)


def test_of_low_scores_more_is_worse(run_of):
    before, now = run_of(a=100), run_of(a=180)
    now.expect_no_regression(before)
    now.manifest["lower_is_better"] = ["good"]
    with pytest.raises(AssertionError, match="worse"):
        now.expect_no_regression(before)


def test_a_cost_can_regress(run_of, results_of):
    before = run_of(a=180)
    dearer = before.df.assign(cost=before.df["cost"] * 2)
    with pytest.raises(AssertionError, match="dearer"):
        dearer.lab.expect_no_regression(before, "cost")


def test_where_nothing_is_compared_nothing_passes(run_of, call, results_of):
    r = run_of(a=5, n=20)
    with pytest.raises(ConfigError, match="no model in common: b before, a now"):
        r.expect_no_regression(run_of(b=5, n=20))
    shifted = r.df.assign(item=r.df["item"] + 1000)
    with pytest.raises(ConfigError, match="no scored item in common"):
        shifted.lab.expect_no_regression(r)
    with pytest.raises(ConfigError, match="no score in common"):
        r.expect_no_regression(results_of([call("a")]))
    with pytest.raises(ConfigError, match="baseline is a int"):
        r.expect_no_regression(3)


def test_numbers_of_numpy_are_numbers_and_names_are_checked(r):
    metric = r.df.filter(like="score_").columns[0]
    r.expect(metric, ">=", np.float32(0))
    with pytest.raises(ConfigError, match=r"model=\[\]: name one, or None"):
        r.expect(metric, ">=", 0, model=[])
    with pytest.raises(ConfigError, match="metric=5: use one name"):
        r.expect(5, ">=", 0)
