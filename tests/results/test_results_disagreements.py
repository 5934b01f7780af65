"""The items on which two targets differ, side by side."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.errors import ConfigError
from respan_lab.results.side_by_side import marked


def _pair(call, item, right, outputs=("yes", "no"), **values):
    return [
        call(model, item, output=output, score_good=good, var_text=f"t{item}", **values)
        for model, output, good in zip("ab", outputs, right, strict=True)
    ]


@pytest.fixture
def r(call, results_of):
    rights = [(True, True), (True, False), (False, True), (False, False)]
    rows = [row for at, right in enumerate(rights) for row in _pair(call, at, right)]
    return results_of([{**row, "expected": "yes"} for row in rows])


def test_only_pairs_whose_scores_differ_are_there(r):
    found = r.disagreements("a", "b")
    assert list(found) == [
        *("prompt", "item", "var_text", "expected", "score_a", "score_b"),
        *("output_a", "output_b", "key_a", "key_b"),
    ]
    assert found["item"].tolist() == [1, 2]
    assert found["score_a"].tolist() == [True, False]
    assert found["key_b"].tolist() == ["b-1", "b-2"]
    assert found.title == (
        "a and b differ in 2 of 4 pairs: 1 time a scores more, 1 time b"
    )
    swapped = r.disagreements("b", "a")
    assert swapped["score_b"].tolist() == found["score_a"].tolist()
    assert type(found.head(1)) is pd.DataFrame


def test_texts_are_compared_form_aside(call, results_of):
    rows = _pair(call, 0, (None, None), (" Yes.\n", "yes"))
    rows += _pair(call, 1, (None, None), ("yes", "no"))
    r = results_of(rows)
    assert r.disagreements("a", "b")["item"].tolist() == [1]  # no score at all
    both_right = results_of(_pair(call, 0, (True, True)))
    assert len(both_right.disagreements("a", "b")) == 0
    assert len(both_right.disagreements("a", "b", "output")) == 1


def test_the_largest_difference_is_first(call, results_of):
    scores = [(0.5, 0.4), (0.1, 0.9), (0.3, 0.3), (1.0, 0.5)]
    rows = [row for at, pair in enumerate(scores) for row in _pair(call, at, pair)]
    assert results_of(rows).disagreements("a", "b")["item"].tolist() == [1, 3, 0]


def test_only_what_belongs_together_is_paired(call, failed, results_of):
    rows = [
        *_pair(call, 0, (True, False), prompt="p", run=0),
        *_pair(call, 0, (False, False), prompt="p", run=1),
        *_pair(call, 0, (False, True), prompt="q", run=0),
        call("a", 1, score_good=True, prompt="p"),
        failed("b", 1, prompt="p"),
        call("b", 2, score_good=True, prompt="p"),
    ]
    found = results_of(rows).disagreements("a", "b")
    assert found[["prompt", "item", "run"]].astype(object).to_numpy().tolist() == [
        ["p", 0, 0],
        ["q", 0, 0],
    ]
    assert found.n_pairs == 3


def test_prompts_and_runs_are_put_side_by_side_too(call, results_of):
    old = results_of([call("a", 0, output="yes"), call("b", 0, output="yes")])
    new = results_of([call("a", 0, output="no"), call("b", 0, output="yes")])
    both = lab.concat([old, new], names=["monday", "today"])
    found = both.disagreements("monday", "today", by="run_name")
    assert found["model"].tolist() == ["a"]
    assert (found.loc[0, "output_a"], found.loc[0, "output_b"]) == ("yes", "no")
    rows = [call("a", prompt=p, output=p, prompt_version=p) for p in ("p", "q")]
    by_prompt = results_of(rows).disagreements("p", "q", by="prompt")
    assert by_prompt["output_b"].tolist() == ["q"]


@pytest.mark.parametrize(
    ("call_it", "said"),
    [
        (lambda r: r.disagreements("a", "c"), "'c' is not in 'model'; try a, b"),
        (lambda r: r.disagreements("a", "a"), "with itself"),
        (lambda r: r.disagreements("a", "b", "goof"), "'good'"),
        (lambda r: r.disagreements("a", "b", "cost"), "nearly every call"),
        (lambda r: r.disagreements("a", "b", by="item"), "not a factor"),
    ],
)
def test_wrong_names_are_told(r, call_it, said):
    with pytest.raises(ConfigError, match=said):
        call_it(r)


def test_of_several_scores_one_has_to_be_named(call, results_of):
    rows = [{**row, "score_other": True} for row in _pair(call, 0, (True, False))]
    with pytest.raises(ConfigError, match="several scores"):
        results_of(rows).disagreements("a", "b")
    assert len(results_of(rows).disagreements("a", "b", "other")) == 0


HOSTILE = '<script>alert(1)</script> <img src=x onerror="x()"> $x$ \x1b[31m \u202eevil'


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


def test_what_a_model_says_is_inert(call, results_of):
    rows = _pair(call, 0, (True, False), (HOSTILE, f"{HOSTILE} two"))
    rows = [{**row, "expected": HOSTILE, "var_text": HOSTILE} for row in rows]
    html = results_of(rows).disagreements("a", "b")._repr_html_()
    read = _Tags()
    read.feed(html)
    assert read.tags <= {
        *["div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "mark"]
    }
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "tex2jax_ignore" in html
    assert re.findall("<mark>(.*?)</mark>", html) == [" two"]


def test_the_whole_is_shown_only_in_part(call, results_of):
    rows = [
        row
        for at in range(30)
        for row in _pair(call, at, (True, False), ("x" * 9999,) * 2)
    ]
    found = results_of(rows).disagreements("a", "b")
    html = found._repr_html_()
    assert "10 more in the frame" in html
    assert len(html) < 100_000
    assert repr(found).startswith("a and b differ in 30 of 30 pairs")


texts = st.lists(st.sampled_from(["a", "b", "<b>", "&", "\n", "cat"]), max_size=8)


@given(texts.map(" ".join), texts.map(" ".join))
def test_marks_take_nothing_away(a, b):
    for text, html in zip((a, b), marked(a, b), strict=True):
        read = _Tags()
        read.feed(html)
        assert read.text == text
        assert read.tags <= {"mark"}
    left, right = (
        re.sub("<mark>.*?</mark>", "", one, flags=re.S) for one in marked(a, b)
    )
    assert left == right  # what is not marked, both have
    assert (a == b) == ("<mark>" not in "".join(marked(a, b)))
