from __future__ import annotations

import pandas as pd
import pytest

from respan_lab.results import summarize
from respan_lab.results.table import html_table, summary_table, text_table
from respan_lab.results.text import cut, visible
from respan_lab.results.wording import figure, money


def test_a_split_is_shown_beside_what_was_asked(call, frame_of):
    weighted = [{"model": "a", "weight": 3}, {"model": "b", "weight": 1}]
    rows = [
        call("w", i, asked_model=None, answered_model=one)
        for i, one in enumerate("aab")
    ]
    manifest = {"targets": {"w": {"load_balance_models": weighted}}}
    table = summary_table(summarize(frame_of(rows), manifest=manifest))
    assert table.loc[0, ["share a", "share b"]].tolist() == [
        "67% (asked 75%)",
        "33% (asked 25%)",
    ]


def test_a_label_of_every_row_is_left_to_the_headline(call, frame_of):
    both = summarize(frame_of([call("sim/small"), call("openai/gpt-4o-mini")]))
    assert "label" in summary_table(both)
    assert "label" not in summary_table(both.head(1))


def test_mixed_params_are_shown_as_they_are(call, frame_of):
    frame = frame_of([call(param_stop=["é"]), call(param_stop=None, item=1)])
    table = summary_table(summarize(frame))
    assert table["stop"].tolist() == ['["é"]', "–"]


def test_titles_may_repeat(call, frame_of):
    table = summary_table(summarize(frame_of([call(score_cost=True)])))
    assert list(table).count("cost") == 2
    assert html_table(table).count("<th>") == len(table.columns)


def test_text_stays_on_one_line_each():
    table = pd.DataFrame({"a": ["x\ny\x1b[31m" + "z" * 99]})
    lines = text_table(table).splitlines()
    assert len(lines) == 2
    assert "x y␛[31m" in lines[1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (pd.NA, "–"),
        (float("nan"), "–"),
        (0, "$0"),
        (0.1, "$0.100"),
        (1234.5, "$1,234.50"),
        (9.996e-7, "$0.000001000"),
        (1e-15, "$0.0000000000"),
        (-0.002, "$-0.00200"),
    ],
)
def test_money(value, shown):
    assert money(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.000"), (1, "1.00"), (99.94, "99.9"), (-0.25, "-0.250"), (2e-5, "2e-05")],
)
def test_figures(value, shown):
    assert figure(value) == shown


def test_joiners_of_ordinary_words_stay():
    family = "\U0001f468\u200d\U0001f469"
    assert visible(f"{family} می\u200cخواهم\n\t") == f"{family} می\u200cخواهم\n\t"
    assert visible("a\u200bb\ud800") == "a\\u200bb\ufffd"


def test_cut_shows_that_it_cut():
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


def test_lines_of_a_text_are_lines_on_a_page():
    page = html_table(pd.DataFrame({"a": ["one\ntwo\tthree\r\nfour"]}))
    assert "one\ntwo\tthree\r\nfour" in page
