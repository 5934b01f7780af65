from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from respan_lab.errors import ConfigError
from respan_lab.results import SUMMARY_COLUMNS, build_frame, summarize, wilson


def test_columns_come_in_the_declared_order(call, failed, frame_of):
    rows = [
        call(
            item=item,
            score_match=True,
            time_to_first_token=0.1,
            tokens_per_second=50.0,
            param_temperature=0.7,
            prompt_version="2",
        )
        for item in range(60)
    ]
    summary = summarize(frame_of([*rows, failed(item=99, param_temperature=0.7)]))
    assert list(summary) == [
        *("model", "prompt", "prompt_version", "param_temperature"),
        *("n", "n_items", "ok", "errors", "skipped"),
        *("score_match", "score_match_ci_low", "score_match_ci_high"),
        *("cost", "cost_total", "unpriced"),
        *("latency_p50", "latency_p95"),
        *("time_to_first_token_p50", "tokens_per_second_p50"),
        *("prompt_tokens", "completion_tokens"),
    ]
    declared = [column.name.replace("<name>", "match") for column in SUMMARY_COLUMNS]
    plain = [name for name in summary if name != "param_temperature"]
    assert plain == [name for name in declared if name in plain]


def test_groups_come_in_the_order_given(call):
    rows = [
        call(model, prompt=prompt, param_k=k)
        for k in (1, 0)
        for prompt in ("p1", "p2")
        for model in ("a", "b")
    ]
    frame = build_frame(rows, models=["b", "a"], prompts=["p2", "p1"])
    summary = summarize(frame)
    got = list(
        zip(summary["model"], summary["prompt"], summary["param_k"], strict=True)
    )
    assert got[:3] == [("b", "p2", 1), ("b", "p2", 0), ("b", "p1", 1)]
    assert list(summary.index) == list(range(8))


def test_calls_are_counted_by_how_they_ended(call, failed, frame_of):
    rows = [
        call(item=0),
        failed(item=1),
        failed(item=2, status="maybe_billed"),
        failed(item=3, status="skipped"),
        call(item=0, run=1),
    ]
    row = summarize(frame_of(rows)).loc[0]
    counts = row[["n", "n_items", "ok", "errors", "skipped", "unpriced"]]
    assert list(counts) == [5, 4, 2, 2, 1, 1]


def test_a_failed_call_is_out_of_the_rate(call, failed, frame_of):
    rows = [call(item=i, score_match=i < 3) for i in range(4)]
    row = summarize(frame_of([*rows, failed(item=9)])).loc[0]
    low, high = wilson(0.75, 4)
    assert row["score_match"] == 0.75
    assert row["score_match_ci_low"] == pytest.approx(low)
    assert row["score_match_ci_high"] == pytest.approx(high)


def test_repeats_of_an_item_are_not_new_items(call, frame_of):
    rows = [
        call(item=item, run=run, score_match=item % 2 == 0)
        for item in range(10)
        for run in range(5)
    ]
    row = summarize(frame_of(rows)).loc[0]
    assert (row["score_match_ci_low"], row["score_match_ci_high"]) == pytest.approx(
        wilson(0.5, 10)
    )


def test_every_item_weighs_the_same(call, frame_of):
    rows = [call(item=0, run=run, score_match=True) for run in range(9)]
    row = summarize(frame_of([*rows, call(item=1, score_match=False)])).loc[0]
    assert row["score_match"] == 0.5


def test_scores_beyond_zero_to_one_get_no_interval(call, frame_of):
    rows = [call(item=i, score_words=float(i), score_part=i / 3) for i in range(4)]
    summary = summarize(frame_of(rows))
    assert summary.loc[0, "score_words"] == 1.5
    assert "score_words_ci_low" not in summary
    assert summary.loc[0, "score_part_ci_low"] < 0.5


def test_cost_is_the_mean_of_what_is_known(call, frame_of):
    rows = [call(item=0, cost=0.2), call(item=1, cost=0.4), call(item=2, cost=None)]
    row = summarize(frame_of(rows)).loc[0]
    assert list(row[["cost", "cost_total", "unpriced"]]) == pytest.approx([0.3, 0.6, 1])


def test_unpriced_models_have_no_cost_rather_than_zero(call, frame_of):
    summary = summarize(frame_of([call(cost=None), call("b", cost=0.5)]))
    assert pd.isna(summary.loc[0, "cost_total"])
    assert "cost" not in summarize(frame_of([call(cost=None)]))


def test_only_fresh_answers_of_the_asked_model_are_timed(call, failed, frame_of):
    rows = [
        call(item=0, latency=1.0),
        call(item=1, latency=3.0),
        call(item=2, latency=100.0, cached=True),
        call(item=3, latency=100.0, substituted=True),
        failed(item=4, latency=100.0),
        call(item=5, latency=2.0, cached=False, substituted=False, from_ledger=True),
    ]
    summary = summarize(frame_of(rows))
    assert summary.loc[0, "latency_p50"] == 2.0
    assert summary.loc[0, "n"] == 6


@pytest.mark.parametrize(("n_calls", "is_known"), [(58, False), (59, True)])
def test_p95_needs_59_calls(call, frame_of, n_calls, is_known):
    rows = [call(item=i, latency=float(i)) for i in range(n_calls)]
    summary = summarize(frame_of(rows))
    assert ("latency_p95" in summary) == is_known
    if is_known:
        expected = np.quantile(np.arange(n_calls), 0.95)
        assert summary.loc[0, "latency_p95"] == pytest.approx(expected)


def test_further_choices_are_no_further_calls(call, frame_of):
    nothing = dict.fromkeys(("cost", "latency", "prompt_tokens", "completion_tokens"))
    rows = [call(score_match=True), call(choice=1, score_match=False, **nothing)]
    row = summarize(frame_of(rows)).loc[0]
    assert list(row[["n", "ok", "unpriced"]]) == [1, 1, 0]
    assert row["score_match"] == 0.5


def test_by_replaces_the_groups(call, frame_of):
    rows = [call(item=i, var_region=("eu", "us")[i % 2]) for i in range(4)]
    summary = summarize(frame_of(rows), by="var_region")
    assert list(summary)[:2] == ["var_region", "n"]
    assert list(summary["var_region"]) == ["eu", "us"]
    assert list(summarize(frame_of(rows), by=["model", "item"])["n"]) == [1] * 4
    assert list(summarize(frame_of(rows), by=[])["n"]) == [4]


def test_by_names_the_nearest_column(call, frame_of):
    with pytest.raises(ConfigError, match=r"'var_regio' is not.*nearest: var_region"):
        summarize(frame_of([call(var_region="eu")]), by="var_regio")


def test_any_value_can_make_a_group(call, frame_of):
    stops = [["a"], ["b"], None, ["a"]]
    rows = [call(item=(i, "x"), param_stop=stop) for i, stop in enumerate(stops)]
    summary = summarize(frame_of(rows))
    assert list(summary["n"]) == [2, 1, 1]
    assert summary["param_stop"].tolist()[:2] == [["a"], ["b"]]
    assert list(summary["n_items"]) == [2, 1, 1]


def test_like_values_of_different_kinds_are_different_groups(call, frame_of):
    rows = [call(param_x=value) for value in (1, True, "1", 1.0)]
    assert list(summarize(frame_of(rows))["n"]) == [1, 1, 1, 1]


def test_an_empty_run_has_an_empty_summary():
    frame = build_frame([], models=["a"], prompts=[None])
    assert len(summarize(frame)) == 0


def test_the_frame_is_left_as_it_was(call, frame_of):
    frame = frame_of([call(score_match=True), call("b", score_match=False)])
    before = frame.copy(deep=True)
    summarize(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_any_index_will_do(call, frame_of):
    frame = frame_of([call(item=i, score_match=i > 0) for i in range(3)])
    shuffled = frame.iloc[[2, 0, 1]].set_index("key", drop=False)
    pd.testing.assert_frame_equal(summarize(shuffled), summarize(frame))


def test_it_fits_what_other_programs_expect(call, frame_of):
    """A plain frame: default index, text column names, no nesting."""
    summary = summarize(frame_of([call(score_match=True)]))
    assert type(summary) is pd.DataFrame
    assert isinstance(summary.index, pd.RangeIndex)
    assert all(isinstance(name, str) for name in summary.columns)
