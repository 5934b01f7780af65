"""Several runs as one frame."""

from __future__ import annotations

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.results import Results

NAMES = ["monday", "today"]


def test_runs_are_told_apart_by_their_names(call, failed, results_of):
    old = results_of([call("a"), call("b", score_match=True)], name="x")
    new = results_of([call("c"), failed("a", 1)], name="y")
    both = lab.concat([old, new], names=NAMES)
    assert list(both.df["run_name"]) == ["monday"] * 2 + ["today"] * 2
    assert list(both.df["run_name"].cat.categories) == NAMES
    assert list(both.df.columns[:4]) == ["key", "run_id", "run_name", "model"]
    assert list(both.df["model"].cat.categories) == ["a", "b", "c"]
    assert both.df["score_match"].tolist() == [pd.NA, True, pd.NA, pd.NA]
    assert list(both.df["run_name"].cat.categories) == NAMES
    assert both.manifest["runs"] == {"monday": {"name": "x"}, "today": {"name": "y"}}
    assert both.errors["run_name"].tolist() == ["today"]
    assert list(lab.concat([old, new]).df["run_name"].unique()) == ["x", "y"]


def test_order_of_prompts_and_models_is_that_given(call, results_of):
    old = results_of([call("b", prompt="q"), call("a", prompt="q")])
    new = results_of([call("a", prompt="p"), call("c", prompt=None)])
    both = lab.concat([old, new])
    assert list(both.df["model"].cat.categories) == ["b", "a", "c"]
    assert list(both.df["prompt"].cat.categories) == ["q", "p"]
    assert both.df["prompt"].isna().tolist() == [False, False, False, True]
    assert list(both.df["run_name"].cat.categories) == ["run-1", "run-2"]


def test_a_summary_has_a_row_for_each_run_and_model(call, results_of):
    old, new = (results_of([call(m, cost=c) for m in "ab"]) for c in (0.5, 0.25))
    both = lab.concat([old, new], names=NAMES)
    summary = both.summary()
    assert list(summary.columns[:2]) == ["run_name", "model"]
    assert summary["run_name"].astype(str).tolist() == [*NAMES[:1] * 2, *NAMES[1:] * 2]
    assert summary["cost"].tolist() == [0.5, 0.5, 0.25, 0.25]
    by_run = both.summary(by="run_name")
    assert by_run["cost_total"].tolist() == [1.0, 0.5]
    assert "monday" in repr(both)
    assert "today" in both._repr_html_()
    assert both.query("run_name == 'today'").cost == 0.5


def test_a_call_that_answers_in_both_runs_has_cost_once(call, results_of):
    asked = call("a", cost=0.5, run_id="one")
    again = [{**asked, "from_ledger": True}, call("b", cost=0.25, run_id="two")]
    old, new = results_of([asked]), results_of(again)
    both = lab.concat([old, new], names=NAMES)
    assert (old.cost, new.cost, both.cost) == (0.5, 0.75, 0.75)
    assert both.summary(by="run_name")["cost_total"].tolist() == [0.5, 0.75]


def test_it_is_drawn_and_exported(call, results_of, tmp_path):
    runs = [results_of([call(m, score_match=True) for m in "ab"]) for _ in NAMES]
    both = lab.concat(runs, names=NAMES)
    ax = both.plot.scores()
    texts = {label.get_text() for label in ax.get_yticklabels()}
    assert set(NAMES) <= texts
    import matplotlib.pyplot as plt

    plt.close(ax.figure)
    again = Results.load(both.export(tmp_path / "both.parquet"))
    pd.testing.assert_frame_equal(again.df, both.df)
    assert again.manifest == both.manifest
    for name in ("both.csv", "both.html"):
        assert "monday" in both.export(tmp_path / name).read_text()


def test_columns_of_either_are_kept(call, results_of):
    old = results_of([call(param_k=1, var_a="x", item=1, note_m="n", score_m=True)])
    new = results_of([call(param_j=0.5, var_a=2, item="b", score_m=0.5)])
    old = Results(old.df.assign(mine=[7]), old.manifest)
    df = lab.concat([old, new]).df
    assert df["param_k"].tolist() == [1, pd.NA]
    assert df["param_j"].tolist() == [pd.NA, 0.5]
    assert df["var_a"].tolist() == ["x", 2]
    assert df["item"].tolist() == [1, "b"]
    assert df["score_m"].tolist() == [1.0, 0.5]
    assert df["mine"].tolist() == [7, pd.NA]
    assert str(df["mine"].dtype) == "Int64"
    assert df["started_at"].tolist() == [
        *old.df["started_at"],
        *new.df["started_at"],
    ]


def test_dtypes_stay(call, failed, results_of):
    one = results_of([call(parsed={"a": 1}), failed(item=1)])
    again = lab.concat([one]).df.drop(columns="run_name")
    pd.testing.assert_frame_equal(again, one.df)


def test_a_run_without_rows_has_its_name(call, results_of):
    both = lab.concat([results_of([]), results_of([call()])], names=NAMES)
    assert list(both.df["run_name"].cat.categories) == NAMES
    assert both.summary()["run_name"].tolist() == ["today"]


def test_lists_and_labels_are_known_where_they_agree(call, results_of):
    def weighted(weight):
        models = [{"model": "a", "weight": weight}, {"model": "b", "weight": 1}]
        return {"w": {"load_balance_models": models}, "m": {"model": "m"}}

    rows = [call("w", asked_model=None, answered_model="a", provider="x")]
    same = [results_of(rows, targets=weighted(1), labels={"a": "odd"}) for _ in "12"]
    both = lab.concat(same)
    assert both.summary()["weight_a"].tolist() == [0.5, 0.5]
    assert both.summary()["label"].tolist() == ["odd", "odd"]
    other = results_of(rows, targets=weighted(3))
    differing = lab.concat([same[0], other])
    assert differing.manifest["targets"] == {"m": {"model": "m"}}
    assert "weight_a" not in differing.summary()


def test_what_cannot_be_put_together_says_so(call, results_of):
    r = results_of([call()], name="try")
    with pytest.raises(lab.ConfigError, match="no run to put together"):
        lab.concat([])
    with pytest.raises(lab.ConfigError, match=r"2 runs are called 'try'.*names="):
        lab.concat([r, r])
    with pytest.raises(lab.ConfigError, match="2 runs are called 'a'"):
        lab.concat([r, r], names=["a", "a"])
    with pytest.raises(lab.ConfigError, match="for 2 runs; give a name for each"):
        lab.concat([r, r], names=["a"])
    with pytest.raises(lab.ConfigError, match="'' is no name"):
        lab.concat([r], names=[""])
    with pytest.raises(lab.ConfigError, match="a DataFrame; it takes Results"):
        lab.concat([r, r.df])
    with pytest.raises(lab.ConfigError, match="takes a list"):
        lab.concat(r)
    with pytest.raises(lab.ConfigError, match="several runs already"):
        lab.concat([lab.concat([r]), r])
