"""What is looked at of a frame, held against plain pandas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.results import Results, build_frame, summarize
from respan_lab.results.item_answers import across_factors, item_answers
from respan_lab.results.view import View, Viewed
from respan_lab.results.view_groups import view_groups

MODELS = ["z", "a", "m"]
TEXTS = st.text(alphabet="abAB `'\"\\@&|\n%é", max_size=6)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(MODELS),
            "item": st.integers(0, 3),
            "status": st.sampled_from(["ok", "error", "skipped"]),
            "output": st.none() | TEXTS,
            "var_my text": TEXTS,
            "var_n": st.integers(0, 99),
            "cost": st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.0]),
            "latency": st.none() | st.floats(0, 9),
            "score_good": st.none() | st.booleans(),
            "error_type": st.sampled_from([None, "RateLimitError"]),
            "choice": st.just(0),
        }
    ),
    min_size=1,
    max_size=12,
)
BOUND = st.none() | st.sampled_from([0, 0.5, 1.0, 3])
VIEWS = st.builds(
    View,
    query=st.sampled_from(["", "cost > 0.5", "item == 1 or model == 'a'"]),
    search=st.just("") | TEXTS,
    filters=st.fixed_dictionaries(
        {},
        optional={
            "model": st.lists(st.sampled_from(MODELS)),
            "error_type": st.lists(st.sampled_from([None, "RateLimitError"])),
            "score_good": st.lists(st.sampled_from([None, True, False])),
            "output": st.lists(st.none() | TEXTS, max_size=2),
            "cost": st.tuples(BOUND, BOUND),
        },
    ),
    sort=st.sampled_from([None, "cost", "model", "output", "score_good"]),
    ascending=st.booleans(),
)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return build_frame(rows, models=MODELS, prompts=[])


def _kept(row: dict[str, Any], view: View) -> bool:
    cost = row["cost"]
    if view.query == "cost > 0.5" and not (cost is not None and cost > 0.5):
        return False
    if view.query.startswith("item") and not (row["item"] == 1 or row["model"] == "a"):
        return False
    for name, wanted in view.filters.items():
        if isinstance(wanted, list):
            if row[name] not in wanted:
                return False
        elif wanted != (None, None):
            low, high = wanted
            low, high = (
                -1 if low is None else low,
                1e9 if high is None else high,
            )
            if cost is None or not low <= cost <= high:
                return False
    places = (row["output"] or "", row["var_my text"], str(row["var_n"]))
    return not view.search or any(view.search.lower() in p.lower() for p in places)


@given(ROWS, VIEWS)
def test_rows_are_those_a_loop_would_keep(
    rows: list[dict[str, Any]], view: View
) -> None:
    frame = _frame(rows)
    plain = replace(view, sort=None)
    wanted = [at for at, row in enumerate(rows) if _kept(row, view)]
    assert Viewed(frame).positions(plain).tolist() == wanted


@given(ROWS, VIEWS)
@settings(max_examples=100)
def test_the_expression_keeps_the_same_rows_in_a_query(
    rows: list[dict[str, Any]], view: View
) -> None:
    results = Results(_frame(rows))
    viewed = Viewed(results.df)
    expression = viewed.expression(view)
    asked = results.query(expression).df if expression else results.df
    pd.testing.assert_frame_equal(asked, viewed.rows(replace(view, sort=None)))


@given(ROWS, VIEWS)
def test_rows_are_sorted_as_pandas_sorts(
    rows: list[dict[str, Any]], view: View
) -> None:
    frame = _frame(rows)
    plain = Viewed(frame).rows(replace(view, sort=None))
    if view.sort:
        up = view.ascending
        plain = plain.sort_values(view.sort, ascending=up, kind="stable")
    pd.testing.assert_frame_equal(
        Viewed(frame).rows(view), plain.reset_index(drop=True)
    )


@given(ROWS, st.sampled_from(["model", "item", "status", "error_type"]))
@settings(max_examples=60)
def test_groups_have_the_figures_of_the_summary(
    rows: list[dict[str, Any]], by: str
) -> None:
    frame = _frame(rows)
    ours, summary = view_groups(frame, by), summarize(frame, by=by)
    shared = [name for name in ours.columns if name in summary and name != by]
    assert {"n", "ok", "errors"} <= set(shared)
    assert len(ours) == len(summary)
    pd.testing.assert_frame_equal(ours[shared], summary[shared])


def test_mixed_items_are_sorted_by_their_text() -> None:
    rows = [{"model": "a", "item": one, "status": "ok"} for one in ("b", 2, "a")]
    found = Viewed(_frame(rows)).rows(View(sort="item"))
    assert found["item"].tolist() == [2, "a", "b"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("latncy > 1", "latncy"),
        ("latency >", "cannot be evaluated"),
        ("latency", "no true or false"),
        ("x = 1", "no true or false|cannot be evaluated"),
        ("@rows > 1", "cannot be evaluated"),
        ("__import__('os').system('true') == 0", "cannot be evaluated"),
    ],
)
def test_a_query_that_is_none_is_refused(query: str, said: str) -> None:
    viewed = Viewed(_frame([{"model": "a", "item": 0, "status": "ok"}]))
    with pytest.raises(ConfigError, match=said):
        viewed.positions(View(query=query))


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (View(sort="latncy"), "nearest: latency"),
        (View(filters={"modle": ["a"]}), "nearest: .*model"),
        (View(filters={"model": (0, 1)}), "has no numbers"),
        (View(filters={"cost": ("a", None)}), "is no range"),
        (View(filters={"cost": (float("nan"), None)}), "is no range"),
    ],
)
def test_a_view_of_nothing_that_is_there_is_refused(view: View, said: str) -> None:
    viewed = Viewed(_frame([{"model": "a", "item": 0, "status": "ok"}]))
    with pytest.raises(ConfigError, match=said):
        viewed.positions(view)


def _answer(model: str, prompt: str, item: Any, run: int = 0) -> dict[str, Any]:
    return {
        "model": model,
        "prompt": prompt,
        "item": item,
        "run": run,
        "choice": 0,
        "status": "ok",
        "output": f"{model} {prompt} {item} {run}",
    }


def test_answers_of_an_item_hold_the_rest_as_it_is() -> None:
    rows = [
        _answer(model, prompt, item, run)
        for item in (1, True)  # which Python holds equal
        for run in (0, 1)
        for prompt in ("p", "q")
        for model in ("a", "b")
    ]
    frame = build_frame(rows, models=["b", "a"], prompts=["p", "q"])
    assert across_factors(frame) == ["model", "prompt", "run"]
    at = frame.index[frame["output"] == "a q 1 1"][0]
    assert item_answers(frame, at)["output"].tolist() == ["b q 1 1", "a q 1 1"]
    found = item_answers(frame, at, across="prompt")["output"].tolist()
    assert found == ["a p 1 1", "a q 1 1"]
    found = item_answers(frame, at, across="run")["output"].tolist()
    assert found == ["a q 1 0", "a q 1 1"]
    with pytest.raises(ConfigError, match="no factor of the run; try model"):
        item_answers(frame, at, across="modle")


def test_targets_with_prompts_of_their_own_are_compared_all_the_same() -> None:
    rows = [_answer("a", "p", 0), _answer("b", "q", 0)]
    frame = build_frame(rows, models=["a", "b"], prompts=["p", "q"])
    assert len(item_answers(frame, 0)) == 2
