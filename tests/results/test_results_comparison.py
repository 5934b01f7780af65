from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from respan_lab.errors import ConfigError
from respan_lab.results import concat
from respan_lab.results.comparison import compare
from respan_lab.results.comparison_words import wording
from respan_lab.results.statistics import guarded_tango, mcnemar, wilson

COLUMNS = ["metric", "a", "b", "n_items", "diff", "ci_low", "ci_high", "ci_level"]
COLUMNS += ["p_value", "p_adjusted", "test", "verdict", "n_more"]


@pytest.fixture
def answers(call, frame_of):
    """Give a frame: for each model the scores of its items; one run."""

    def make(**values):
        rows = [
            call(model, item, score_good=score)
            for model, scores in values.items()
            for item, score in enumerate(scores)
        ]
        return frame_of(rows)

    return make


def test_a_pair_is_mcnemar_and_guarded_tango(answers):
    a, b = [True] * 30 + [False] * 10, [True] * 18 + [False] * 20 + [True] * 2
    found = compare(answers(a=a, b=b))
    assert list(found) == COLUMNS
    assert len(found) == 1
    row = found.loc[0]
    assert tuple(row[["metric", "a", "b", "n_items"]]) == ("good", "a", "b", 40)
    assert row["diff"] == pytest.approx(10 / 40)
    assert row["p_value"] == row["p_adjusted"] == pytest.approx(mcnemar(12, 2))
    assert tuple(row[["ci_low", "ci_high"]]) == pytest.approx(guarded_tango(12, 2, 40))
    assert (row["ci_level"], row["test"]) == (0.95, "exact McNemar")
    assert row["verdict"] == "better"
    assert pd.isna(row["n_more"])


def test_without_a_baseline_it_is_every_pair_in_the_order_given(answers):
    scores = [True, False] * 10
    found = compare(answers(c=scores, a=scores, b=scores))
    assert list(zip(found["a"], found["b"], strict=True)) == [
        ("c", "a"),
        ("c", "b"),
        ("a", "b"),
    ]


def test_a_baseline_is_what_all_others_are_compared_with(answers):
    better, worse = [True] * 40, [True] * 20 + [False] * 20
    found = compare(answers(a=worse, b=better, c=worse), baseline="a")
    assert list(found["a"]) == ["b", "c"]
    assert list(found["b"]) == ["a", "a"]
    assert list(found["verdict"]) == ["better", "undecided"]
    assert (
        compare(answers(a=worse, b=better), baseline="b").loc[0, "verdict"] == "worse"
    )


def test_alike_is_tied_only_with_enough_items(answers):
    few, many = [True] * 24, [True] * 200
    undecided = compare(answers(a=few, b=few)).loc[0]
    assert undecided["verdict"] == "undecided"
    assert undecided["n_more"] + 24 <= 200
    assert compare(answers(a=many, b=many)).loc[0, "verdict"] == "tied"


def test_under_15_items_there_is_no_p_value_and_it_says_so(answers):
    found = compare(answers(a=[True] * 9, b=[False] * 9))
    row = found.loc[0]
    assert pd.isna(row["p_value"])
    assert pd.isna(row["p_adjusted"])
    assert row["verdict"] == "undecided"
    assert row["n_more"] >= 6
    assert found.notes == ["p-values withheld: 9 items, at least 15 needed"]
    assert found.notes[0] in repr(found)
    assert found.notes[0] in found._repr_html_()


def test_the_family_is_the_rows_of_the_call(answers):
    rng = np.random.default_rng(3)
    values = {
        name: rng.random(60) < rate
        for name, rate in zip("abc", (0.5, 0.6, 0.8), strict=True)
    }
    frame = answers(**{name: list(map(bool, each)) for name, each in values.items()})
    raw = list(compare(frame)["p_value"])
    ranked = sorted(range(3), key=lambda at: raw[at])
    expected, most = [0.0] * 3, 0.0
    for step, at in enumerate(ranked):
        most = max(most, min(1.0, raw[at] * (3 - step)))
        expected[at] = most
    assert list(compare(frame)["p_adjusted"]) == pytest.approx(expected)
    bh = stats.false_discovery_control(raw)
    assert list(compare(frame, correction="bh")["p_adjusted"]) == pytest.approx(bh)
    assert list(compare(frame, correction=None)["p_adjusted"]) == raw


def test_repeats_are_averaged_within_the_item(call, frame_of):
    rows = [
        call(model, item, run=run, score_good=(item + run) % 3 > (model == "b"))
        for model in "ab"
        for item in range(30)
        for run in range(3)
    ]
    row = compare(frame_of(rows)).loc[0]
    assert row["n_items"] == 30
    assert row["test"] == "sign-flip permutation"
    assert row["diff"] == pytest.approx(1 / 3)
    # A third of a point on each of 30 items: every other choice of signs is smaller.
    assert row["p_value"] == pytest.approx(1 / 10_001)


def test_prompts_are_matched_and_averaged_within_the_item(call, frame_of):
    """The easy prompt was asked of `a` alone for half of the items: they are out."""
    rows = [
        call(model, item, prompt=prompt, score_good=prompt == "easy")
        for model in "ab"
        for prompt in ("easy", "hard")
        for item in range(20)
        if not (model == "b" and prompt == "easy" and item < 10)
    ]
    row = compare(frame_of(rows)).loc[0]
    assert (row["n_items"], row["diff"]) == (20, 0.0)


def test_any_factor_can_be_compared(call, frame_of):
    rows = [
        call(model, item, prompt=prompt, prompt_version=v, param_k=k, score_good=k > 0)
        for model in "ab"
        for prompt, v in (("short", "1"), ("long", "7"))
        for k in (0, 1)
        for item in range(20)
    ]
    frame = frame_of(rows)
    by_k = compare(frame, by="param_k").loc[0]
    assert (by_k["a"], by_k["b"], by_k["verdict"]) == (0, 1, "worse")
    assert compare(frame, by="prompt").loc[0, "n_items"] == 20  # whatever its version
    assert compare(frame, by="prompt_version").loc[0, "n_items"] == 20
    both = compare(frame, by=["model", "prompt"])
    assert len(both) == 6
    assert both.loc[0, "a"] == "a · short"


def test_runs_put_together_are_paired_by_item(call, results_of):
    def ran(right):
        return results_of([call("m", i, score_good=i < right) for i in range(40)])

    both = concat([ran(20), ran(38)], names=["monday", "today"])
    row = both.compare(by="run_name", baseline="monday").loc[0]
    assert (row["a"], row["b"], row["verdict"]) == ("today", "monday", "better")
    assert row["diff"] == pytest.approx(18 / 40)


def test_a_saved_prompt_is_compared_by_item_alone(call, frame_of):
    rows = [call("a", i, prompt="mine", score_good=True) for i in range(30)]
    rows += [call("p@2", i, prompt="p", score_good=i < 10) for i in range(30)]
    assert compare(frame_of(rows)).loc[0, "n_items"] == 30


def test_items_without_a_partner_are_told(call, frame_of):
    rows = [call("a", i, score_good=True) for i in range(30)]
    rows += [call("b", i, score_good=True) for i in range(12, 40)]
    found = compare(frame_of(rows))
    assert found.loc[0, "n_items"] == 18
    assert found.notes == [
        "a and b: 22 of 40 items left out, for one of them has no good there"
    ]


def test_without_an_item_in_common_nothing_is_said(call, frame_of):
    rows = [call("a", i, score_good=True) for i in range(20)]
    rows += [call("b", i + 20, score_good=True) for i in range(20)]
    row = compare(frame_of(rows)).loc[0]
    assert (row["n_items"], row["verdict"]) == (0, "undecided")
    assert row[["diff", "ci_low", "p_value", "test", "n_more"]].isna().all()


@pytest.mark.parametrize(
    ("metric", "word"),
    [("cost", "dearer"), ("latency", "slower"), ("completion_tokens", "longer")]
    + [("time_to_first_token", "slower to begin")],
)
def test_costs_and_times_are_compared_by_ratios(call, frame_of, metric, word):
    noise = np.random.default_rng(0).lognormal(0, 0.1, 60)
    rows = [call("a", i, **{metric: 2 * int(1000 * noise[i])}) for i in range(30)]
    rows += [call("b", i, **{metric: int(1000 * noise[30 + i])}) for i in range(30)]
    found = compare(frame_of(rows), metric)
    logs = [
        math.log(2 * int(1000 * noise[i]) / int(1000 * noise[30 + i]))
        for i in range(30)
    ]
    theirs = stats.ttest_1samp(logs, 0).confidence_interval()
    row = found.loc[0]
    assert row["diff"] == pytest.approx(np.mean(logs))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((theirs.low, theirs.high))
    assert row["verdict"] == "worse"
    assert found.sentences[0] == f"a against b, {metric}: 1.9x {word}, 1.8–2.0"


def test_repeats_of_a_time_are_averaged_as_logarithms(call, frame_of):
    rows = [
        call("a", i, run=r, latency=(1.0, 4.0)[r]) for i in range(20) for r in (0, 1)
    ]
    rows += [call("b", i, latency=2.0) for i in range(20)]
    assert compare(frame_of(rows), "latency").loc[0, "diff"] == pytest.approx(0)


@pytest.mark.parametrize("flag", ["cached", "substituted", "from_ledger"])
def test_answers_from_elsewhere_have_no_time_but_a_cost(call, frame_of, flag):
    rows = [call("a", i, latency=9.0, **{flag: i < 5}) for i in range(20)]
    rows += [call("b", i, latency=1.0) for i in range(20)]
    found = compare(frame_of(rows), "latency")
    assert found.loc[0, "n_items"] == 15
    assert found.notes[0].endswith("no latency there that was measured in this run")
    assert compare(frame_of(rows), "cost").loc[0, "n_items"] == 20


def test_what_costs_nothing_is_cheaper(call, frame_of):
    rows = [call("local", i, cost=0.0) for i in range(20)]
    rows += [call("vendor", i, cost=0.01) for i in range(20)]
    found = compare(frame_of(rows), "cost")
    assert found.loc[0, "verdict"] == "better"
    assert found.loc[0, "diff"] == -math.inf
    assert "cheaper" in found.sentences[0]


def test_of_some_scores_less_is_better(answers):
    frame = answers(a=[True] * 40, b=[False] * 40)
    manifest = {"lower_is_better": ["good"]}
    assert compare(frame, manifest=manifest).loc[0, "verdict"] == "worse"
    part = frame.rename(columns={"score_good": "score_good_part"})
    assert compare(part, manifest=manifest).loc[0, "verdict"] == "worse"
    runs = {"runs": {"monday": manifest}}
    assert compare(frame, manifest=runs).loc[0, "verdict"] == "worse"


def test_scores_beyond_0_to_1_are_told_in_their_unit(answers):
    rng = np.random.default_rng(0)
    a, b = rng.integers(3, 6, 60).astype(float), rng.integers(1, 4, 60).astype(float)
    found = compare(answers(a=list(a), b=list(b)))
    assert found.loc[0, "diff"] == pytest.approx((a - b).mean())
    assert "points" not in found.sentences[0]
    same = compare(answers(a=[5.0] * 40, b=[5.0] * 40)).loc[0]
    assert same["verdict"] == "undecided"  # of a scale up to 5, 40 are not enough


def test_network_faults_are_out_and_refusals_count_zero(call, failed, frame_of):
    rows = [call("a", i, score_good=True) for i in range(20)]
    rows += [failed("a", i, error_type="APITimeoutError") for i in range(20, 25)]
    rows += [call("a", i, finish_reason="length") for i in range(25, 33)]
    refusal = {"error_type": "BadRequestError", "error_message": "content_filter: no"}
    rows += [failed("a", i, **refusal) for i in range(33, 40)]
    rows += [call("b", i, score_good=True) for i in range(40)]
    frame = frame_of(rows)
    zero, out = compare(frame), compare(frame, errors="exclude")
    assert (zero.loc[0, "n_items"], out.loc[0, "n_items"]) == (35, 20)
    assert zero.loc[0, "diff"] == pytest.approx(-15 / 35)
    assert out.loc[0, "diff"] == 0
    assert (zero.loc[0, "verdict"], out.loc[0, "verdict"]) == ("worse", "undecided")
    assert [note for note in zero.notes if "refused" in note] == [
        "a and b, good: worse with refused and truncated answers counted as the "
        "worst, undecided with them left out"
    ]
    assert [note for note in out.notes if "refused" in note]


def test_a_truncated_answer_that_was_scored_keeps_its_score(call, frame_of):
    rows = [
        call(model, i, finish_reason="length", score_good=True)
        for model in "ab"
        for i in range(20)
    ]
    assert compare(frame_of(rows)).loc[0, "diff"] == 0


def test_a_refusal_is_no_zero_where_nobody_was_scored(call, frame_of):
    rows = [call(m, i, score_good=i < 20 or None) for m in "ab" for i in range(25)]
    for row in rows[20:25]:
        row["finish_reason"] = "length"
    assert compare(frame_of(rows)).loc[0, "n_items"] == 20


def test_the_worst_of_a_score_that_should_be_low_is_high(call, frame_of):
    rows = [call("a", i, finish_reason="length") for i in range(20)]
    rows += [call("b", i, score_good=0.0) for i in range(20)]
    manifest = {"lower_is_better": ["good"]}
    assert compare(frame_of(rows), manifest=manifest).loc[0, "verdict"] == "worse"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "goo"}, r"metric='goo' is not in the frame; allowed: 'good'"),
        ({"metric": []}, "metric"),
        ({"baseline": "c"}, "baseline='c' is not a level of 'model'; try a, b"),
        ({"by": "item"}, "by='item' is not a factor of the run; allowed: 'model'"),
        ({"by": "prompt"}, "by='prompt' has 1 level in this frame"),
        ({"margin": -1}, "margin=-1"),
        ({"margin": math.nan}, "margin=nan"),
        ({"alpha": 5}, "alpha=5"),
        ({"correction": "bonferroni"}, "correction='bonferroni': use 'holm'"),
        ({"errors": "ignore"}, "errors='ignore': use 'zero' or 'exclude'"),
    ],
)
def test_it_names_what_is_wrong(answers, given, message):
    with pytest.raises(ConfigError, match=message):
        compare(answers(a=[True], b=[True]), **given)


def test_several_scores_want_a_name(call, frame_of):
    rows = [call(m, i, score_x=True, score_y=False) for m in "ab" for i in range(3)]
    with pytest.raises(ConfigError, match="several scores; name one of 'x', 'y'"):
        compare(frame_of(rows))
    with pytest.raises(ConfigError, match="no score; name one of 'cost'"):
        compare(frame_of([call("a"), call("b")]))
    assert list(compare(frame_of(rows), ["x", "score_y"])["metric"]) == ["x", "y"]


def test_any_frame_that_has_the_columns_will_do():
    frame = pd.DataFrame(
        {"model": ["a", "b"] * 20, "item": np.arange(40) // 2, "score_x": [1, 0] * 20}
    ).sample(frac=1, random_state=1)
    before = frame.copy(deep=True)
    assert compare(frame).loc[0, "verdict"] == "better"
    pd.testing.assert_frame_equal(frame, before)


def test_it_is_a_frame_like_any_other(answers, tmp_path):
    found = compare(answers(a=[True] * 20, b=[False] * 20))
    assert type(found[found["n_items"] > 3]) is pd.DataFrame
    assert type(found.head(1)) is pd.DataFrame
    found.to_parquet(tmp_path / "c.parquet")
    again = pd.read_parquet(tmp_path / "c.parquet")
    pd.testing.assert_frame_equal(pd.DataFrame(found), again, check_dtype=False)
    pd.testing.assert_frame_equal(
        found, compare(answers(a=[True] * 20, b=[False] * 20))
    )
    assert isinstance(found.index, pd.RangeIndex)


def test_names_are_no_markup(call, frame_of):
    rows = [call(m, i, score_x=True) for m in ("<b>a", "c") for i in range(20)]
    assert "<b>a" not in compare(frame_of(rows))._repr_html_()


ROW = {"metric": "good", "verdict": "better", "n_more": None}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.07, 0.02, 0.12), "7 points better, 2–12"),
        ((0.012, 0.002, 0.022), "1.2 points better, 0.2–2.2"),
        ((0.07, -0.01, 0.12), "7 points better, -1 to 12"),
    ],
)
def test_wording_of_points(values, said):
    row = {**ROW, **dict(zip(("diff", "ci_low", "ci_high"), values, strict=True))}
    assert wording(row) == said
    turned = dict(zip(("diff", "ci_high", "ci_low"), (-v for v in values), strict=True))
    assert wording({**ROW, **turned, "verdict": "worse"}) == said.replace(
        "better", "worse"
    )


def test_wording_of_ratios_reads_the_same_from_either_side():
    row = {"metric": "latency", "verdict": "worse", "n_more": None}
    slow = {"diff": math.log(1.8), "ci_low": math.log(1.6), "ci_high": math.log(2.1)}
    fast = {
        "diff": -slow["diff"],
        "ci_low": -slow["ci_high"],
        "ci_high": -slow["ci_low"],
    }
    assert wording({**row, **slow}) == "1.8x slower, 1.6–2.1"
    assert wording({**row, **fast, "verdict": "better"}) == "1.8x faster, 1.6–2.1"


def test_one_run_agrees_with_the_summary_it_stands_under(answers, results_of):
    """The difference is that of the summary's rates."""
    from respan_lab.results import summarize

    a, b = [True] * 30 + [False] * 10, [True] * 18 + [False] * 22
    frame = answers(a=a, b=b)
    rates = summarize(frame)["score_good"]
    assert compare(frame).loc[0, "diff"] == pytest.approx(rates[0] - rates[1])
    assert summarize(frame).loc[0, "score_good_ci_low"] == wilson(0.75, 40).low
