"""The explorer: what its front end asks for, and the code it stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.results import build_frame
from respan_lab.widgets import Explorer

HOSTILE = "<script>x</script>\u202eabc\x00"


def _results(n: int = 60) -> lab.Results:
    rows = [
        {
            "key": f"{model}-{item:04}",
            "model": model,
            "asked_model": f"sim/{model}",
            "prompt": "p",
            "item": item,
            "run": 0,
            "choice": 0,
            "var_text": f"text {item}",
            "status": "ok" if item % 10 else "error",
            "error_type": None if item % 10 else "RateLimitError",
            "output": f"{model} says {item} {HOSTILE}" + "x" * 900
            if item % 10
            else None,
            "cost": item / 100,
            "latency": 1.0,
            "score_good": item % 2 == 0,
        }
        for item in range(n)
        for model in ("big", "small")
    ]
    return lab.Results(build_frame(rows, models=["small", "big"], prompts=["p"]))


def _ask(explorer: Explorer, **changes: Any) -> None:
    explorer.set_state({"wanted": {**explorer.wanted, **changes}})


def test_only_a_page_goes_to_the_browser_and_answers_are_cut() -> None:
    explorer = Explorer(_results(500))
    assert len(explorer.shown["rows"]) == 50
    assert explorer.shown["n"] == 1000
    assert max(len(c) for row in explorer.shown["rows"] for c in row["cells"]) <= 320
    _ask(explorer, page=19)
    assert explorer.shown["page"] == 19
    assert {row["label"] for row in explorer.shown["rows"]} == {"simulated"}


def test_what_is_asked_for_is_seen_and_is_a_value() -> None:
    results = _results()
    explorer = Explorer(results)
    _ask(
        explorer,
        search="SAYS 1",
        query="item < 50",
        filters={"model": ["big"], "cost": {"low": 0.11, "high": None}},
        sort="cost",
        ascending=False,
    )
    found = explorer.rows.df
    assert found["item"].tolist() == list(range(11, 20))
    pd.testing.assert_frame_equal(found, results.query(explorer.query).df)
    assert explorer.view.filters == {"model": ["big"], "cost": (0.11, None)}
    assert explorer.shown["rows"][0]["key"] == "big-0019"


def test_the_code_gives_the_same_state() -> None:
    results = _results()
    explorer = Explorer(results)
    _ask(explorer, search="it's", filters={"cost": {"low": None, "high": 0.3}})
    _ask(explorer, search="5", selected="big-0005", opened="comparison")
    space: dict[str, Any] = {"results": results}
    exec(explorer.to_code(), space)
    again = space["explorer"]
    assert again.view == explorer.view
    assert again.shown == explorer.shown
    assert again.to_code() == explorer.to_code()
    pd.testing.assert_frame_equal(space["rows"].df, explorer.rows.df)


def test_a_query_that_fails_is_told_and_not_taken() -> None:
    explorer = Explorer(_results())
    _ask(explorer, query="latncy > 1")
    assert "latncy" in explorer.problem
    assert explorer.view.query == ""
    assert len(explorer.rows) == 120
    _ask(explorer, query="item > 57")
    assert explorer.problem == ""
    assert len(explorer.rows) == 4


def test_an_opened_row_is_told_in_full() -> None:
    explorer = Explorer(_results())
    _ask(explorer, selected="big-0005", opened="story")
    told = dict(row for _, rows in explorer.detail["parts"] for row in rows)
    assert told["text"].endswith("x" * 900)
    assert "\u202e" not in told["text"]
    assert explorer.selected == "big-0005"
    _ask(explorer, opened=None)
    assert explorer.detail == {}


def test_answers_of_an_item_are_compared_with_a_baseline() -> None:
    explorer = Explorer(_results(), selected="big-0005", opened="comparison")
    small, big = explorer.detail["answers"]
    assert [small["level"], big["level"]] == ["small", "big"]
    assert explorer.detail["baseline"] == "big"
    assert ["-", "big"] in small["pieces"]
    assert ["+", "small"] in small["pieces"]
    assert [sign for sign, _ in big["pieces"]] == ["="]
    _ask(explorer, baseline="nobody")
    assert "try small, big" in explorer.problem


def test_groups_are_counted() -> None:
    explorer = Explorer(_results(), group="status", sort="n")
    assert explorer.shown["names"][:2] == ["status", "n"]
    assert [row["value"] for row in explorer.shown["rows"]] == ["error", "ok"]
    assert [row["cells"][1] for row in explorer.shown["rows"]] == ["12", "108"]


def test_a_view_can_be_set_and_observed() -> None:
    explorer = Explorer(_results())
    heard: list[Any] = []
    explorer.observe(lambda change: heard.append(change["new"]), "view")
    explorer.view = replace(explorer.view, search="says 7")
    assert explorer.wanted["search"] == "says 7"
    assert len(explorer.rows) == len(explorer.shown["rows"]) == 2
    assert heard[-1].search == "says 7"


def test_any_frame_with_the_columns_is_taken() -> None:
    frame = pd.DataFrame({"model": ["a", "b"], "item": [1, 1], "output": ["x", "y"]})
    explorer = Explorer(frame, search="y")
    key = explorer.shown["rows"][0]["key"]
    _ask(explorer, selected=key, opened="story")
    assert explorer.problem == ""
    assert explorer.rows.df["model"].tolist() == ["b"]


def test_without_a_kernel_it_shows_escaped_rows_and_what_is_filtered() -> None:
    explorer = Explorer(_results(), search="says")
    html = explorer._repr_mimebundle_()[0]["text/html"]
    assert "<script>" not in html
    assert "contains “says”" in html
    assert html.count("<tr") == 11
    assert repr(explorer) == "Explorer(108 of 120 rows)"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(lab.ConfigError, match="opened='x'"):
        Explorer(_results(), opened="x")
    with pytest.raises(lab.ConfigError, match="no cell has the key"):
        Explorer(_results(), selected="nobody", opened="story")
