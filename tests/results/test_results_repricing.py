"""What the calls would have cost at other prices."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.errors import ConfigError
from respan_lab.results import Results, build_frame

MINI = "openai/gpt-4o-mini"
PRICE = {"input": 2.0, "output": 10.0}


def test_cost_is_tokens_times_prices(call, results_of):
    r = results_of([call(item=0), call(item=1, prompt_tokens=1000, cached_tokens=400)])
    new = r.reprice({MINI: {**PRICE, "cached_input": 0.5}})
    expected = [(40 * 2 + 10 * 10) / 1e6, (600 * 2 + 400 * 0.5 + 10 * 10) / 1e6]
    assert new.df["cost"].tolist() == pytest.approx(expected)
    assert new.df["cost_source"].tolist() == ["what_if"] * 2
    assert new.cost == pytest.approx(sum(expected))
    assert new.manifest["repriced"] == {MINI: {**PRICE, "cached_input": 0.5}}
    assert r.cost == 0.002  # the run itself is as it was
    assert new.df.drop(columns=["cost", "cost_source"]).equals(
        r.df.drop(columns=["cost", "cost_source"])
    )
    assert new.df.dtypes["cost"] == "Float64"
    assert "at what-if prices" in repr(new)
    assert "what-if" not in repr(r)
    assert "what it would have been" in str(new.explain(new.df.loc[0, "key"]))


@given(
    counts=st.lists(
        st.tuples(*[st.integers(0, 10**6)] * 4).filter(lambda c: c[2] + c[3] <= c[0]),
        min_size=1,
        max_size=5,
    ),
    prices=st.tuples(*[st.floats(0, 1000)] * 4),
)
def test_every_kind_of_token_has_its_price(counts, prices):
    names = ("prompt_tokens", "completion_tokens", "cached_tokens")
    rows = [
        {
            "model": "m",
            "item": at,
            "status": "ok",
            "answered_model": "m",
            **dict(zip((*names, "cache_write_tokens"), each, strict=True)),
        }
        for at, each in enumerate(counts)
    ]
    r = Results(build_frame(rows, models=["m"], prompts=[None]))
    fields = ("input", "output", "cached_input", "cache_write")
    new = r.reprice({"m": dict(zip(fields, prices, strict=True))})
    expected = [
        (p - c - w) * prices[0] + o * prices[1] + c * prices[2] + w * prices[3]
        for p, o, c, w in counts
    ]
    assert new.df["cost"].tolist() == pytest.approx([e / 1e6 for e in expected])


def test_unknown_tokens_cost_an_unknown_sum(call, failed, results_of):
    r = results_of([call(prompt_tokens=None), failed(item=1), call(item=2)])
    new = r.reprice({MINI: PRICE})
    assert new.df["cost"].isna().tolist() == [True, True, False]
    assert new.df["cost_source"].isna().tolist() == [True, True, False]


def test_models_without_a_price_and_cached_answers_keep_their_cost(call, results_of):
    r = results_of([call(), call("b/other"), call(item=1, cached=True, cost=0.0)])
    new = r.reprice({MINI: PRICE})
    assert new.df["cost"].tolist()[1:] == [0.001, 0.0]
    assert new.df["cost_source"].tolist() == ["what_if", "price_table", "price_table"]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({}, "gpt-4o-mini"),
        ({"answered_model": "gpt-4o-mini-2024-07-18"}, "openai/gpt-4o-mini"),
        ({"answered_model": "gpt-4o-mini-2024-07-18"}, "gpt-4o-mini"),
        ({"model": "cheap"}, "cheap"),
        ({"model": "a|b", "asked_model": None, "answered_model": "llama"}, "llama"),
        ({"answered_model": "meta/llama", "provider": "vllm"}, "vllm/meta/llama"),
    ],
)
def test_a_model_is_known_by_each_of_its_names(call, results_of, row, name):
    new = results_of([call(**row)]).reprice({name: PRICE})
    assert new.cost == pytest.approx((40 * 2 + 10 * 10) / 1e6)


def test_another_model_that_answered_has_its_own_price(call, results_of):
    other = {"answered_model": "b/fallback", "provider": "b", "substituted": True}
    r = results_of([call(), call(item=1, **other)])
    assert r.reprice({MINI: PRICE}).df["cost"].tolist()[1] == 0.001
    new = r.reprice({MINI: PRICE, "b/fallback": {"input": 0, "output": 0}})
    assert new.df["cost"].tolist()[1] == 0


def test_choices_beyond_the_first_have_no_cost(call, results_of):
    second = call(choice=1, cost=None, cost_source=None, prompt_tokens=None)
    new = results_of([call(), second]).reprice({MINI: PRICE})
    assert new.df["cost"].isna().tolist() == [False, True]
    assert new.summary()["unpriced"].tolist() == [0]


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ({}, "prices is empty"),
        ({"gpt-5o-mini": PRICE}, "no call was answered by it; try .*gpt-4o-mini"),
        ({MINI: {"input": 1}}, "needs 'input' and 'output'"),
        ({MINI: {"input": -1, "output": 1}}, "0 or more"),
        ([1], "give a dict"),
    ],
)
def test_a_wrong_price_is_told(call, results_of, prices, said):
    with pytest.raises(ConfigError, match=said):
        results_of([call()]).reprice(prices)


def test_what_was_repriced_can_be_repriced_joined_and_saved(call, results_of, tmp_path):
    r = results_of([call(), call("b/other")])
    new = r.reprice({MINI: PRICE}).reprice({"b/other": PRICE})
    assert set(new.manifest["repriced"]) == {MINI, "b/other"}
    both = lab.concat([r, new], names=["paid", "what if"])
    assert both.df["cost_source"].tolist() == ["price_table"] * 2 + ["what_if"] * 2
    again = lab.Results.load(new.export(tmp_path / "run.parquet"))
    pd.testing.assert_frame_equal(again.df, new.df)
