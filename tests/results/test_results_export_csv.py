from __future__ import annotations

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.results.files.inert import neutralize, restore

EVALUATED = tuple("=+-@\t\r\n＝＋－＠")
hostile = st.text(st.sampled_from("=+-@'\t\r\n \x00\x1b\"＝a1") | st.characters())


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(1)",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "＝1",
    ],
)
def test_what_a_spreadsheet_would_evaluate_gets_an_apostrophe(text):
    assert neutralize(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "refund", "a=1", "1+1", "x@y.org", "'tis", "«-»"])
def test_other_text_stays(text):
    assert neutralize(text) == text


@given(hostile)
def test_no_cell_begins_with_what_is_evaluated(text):
    shown = neutralize(text)
    assert not shown.startswith(EVALUATED)
    assert not shown.lstrip().startswith(EVALUATED)
    assert not any(ord(one) < 32 and one not in "\t\r\n" for one in shown)


@given(st.text(st.sampled_from("=+-@'\t\r\n ＝a1\"")))
def test_the_apostrophe_can_be_taken_away_again(text):
    assert restore(neutralize(text)) == text


def test_control_characters_are_shown():
    assert neutralize("a\x00b\x1b[31m\x7f\x9b\u202e") == "a␀b␛[31m␡\\u009b\\u202e"


@pytest.fixture
def rows_of(results_of, tmp_path):
    """Export rows and read the file with the standard library."""

    def make(rows, **manifest):
        path = results_of(rows, **manifest).export(tmp_path / "run.csv")
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return make


def test_every_text_column_is_neutralised(call, rows_of):
    bad = "=cmd|' /C calc'!A0"
    row = rows_of(
        [
            call(
                bad,
                bad,
                prompt=bad,
                output=bad,
                expected=bad,
                var_text=bad,
                error_message=bad,
                tool_calls=bad,
                note_x=bad,
                provider=bad,
            )
        ]
    )[0]
    written = [one for one in row.values() if "cmd" in one and one != row["key"]]
    assert len(written) >= 11
    assert set(written) == {f"'{bad}"}


def test_numbers_are_written_in_full_and_never_marked(call, rows_of):
    row = rows_of([call(logprob=-1.2345678901234567, score_gain=-0.5)])[0]
    assert float(row["logprob"]) == -1.2345678901234567
    assert row["score_gain"] == "-0.5"


def test_mixed_columns_mark_only_their_text(call, rows_of):
    rows = [
        call(item=i, expected=one) for i, one in enumerate([-5, "-5", ["=1"], None])
    ]
    assert [row["expected"] for row in rows_of(rows)] == ["-5", "'-5", '["=1"]', ""]


def test_missing_is_empty_and_empty_text_is_not_lost(call, failed, rows_of):
    rows = rows_of([call(output=""), failed(item=1)])
    assert [row["cost"] for row in rows] == ["0.001", ""]
    assert [row["output"] for row in rows] == ["", ""]


def test_the_file_reads_back_cell_for_cell(call, results_of, tmp_path):
    texts = ['a,"b"', "line\nbreak", "ünï→😀", "tab\tin", "x" * 5_000]
    r = results_of([call(item=i, output=text) for i, text in enumerate(texts)])
    back = pd.read_csv(r.export(tmp_path / "run.csv"), keep_default_na=False)
    assert back["output"].tolist() == texts
    assert list(back) == list(r.df)


def test_simulated_rows_say_so(call, rows_of):
    rows = rows_of([call("sim/small"), call("openai/gpt-4o-mini")])
    assert [row["label"] for row in rows] == ["simulated", ""]
    assert "label" not in rows_of([call("openai/gpt-4o-mini")])[0]


def test_a_hostile_column_name_is_shown(call, rows_of):
    assert "var_a␀b" in rows_of([call(**{"var_a\x00b": 1})])[0]
