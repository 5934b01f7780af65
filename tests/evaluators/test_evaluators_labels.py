from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.evaluators import label

MOODS = ["good", "bad", "neutral"]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("bad", "bad"),
        (" **Bad**.\n", "bad"),
        ("The label is: BAD", "bad"),
        ("ｂａｄ", "bad"),
        ("Not badly done.", "none named"),
        ("", "none named"),
        ("Bad, bad, bad", "bad"),
    ],
)
def test_the_label_that_is_named_counts(output, found):
    assert label(MOODS)(output, "bad") == (found == "bad", found)


def test_of_several_the_first_counts_and_the_note_says_so():
    mixed = "Not good, but bad or neutral, rather bad"
    note = "good; also named: bad, neutral"
    assert label(MOODS)(mixed, "bad") == (False, note)
    assert label(MOODS)(mixed, "good") == (True, note)
    assert label(MOODS, several="wrong")(mixed, "good") == (False, note)
    assert label(MOODS, several="missing")(mixed, "good") == (None, note)


def test_the_longer_of_two_that_overlap_counts():
    spam = label(["spam", "not spam"])
    assert spam("This is not   spam.", "not spam") == (True, "not spam")
    assert spam("This is spam.", "not spam") == (False, "spam")


def test_a_label_may_be_the_whole_answer_whatever_it_holds():
    assert label(["a", "a or b", "b"])("A or b.", "a or b") == (True, "a or b")
    assert label(["+", "-"])("-", "-") == (True, "-")


@pytest.mark.parametrize("expected", [1, 1.0, "1", np.int64(1), np.float32(1), "1."])
def test_labels_may_be_numbers(expected):
    stars = label([1, 2, 3])
    assert stars("I give 1 star", expected) == (True, "1")
    assert stars("1.5 stars, or 2", expected) == (False, "2")
    assert stars("1,000 stars", expected) == (False, "none named")


def test_scripts_without_blanks_have_labels_too():
    assert label(["正面", "负面"])("答案是负面的。", "负面") == (True, "负面")


def test_a_label_may_have_other_words():
    intent = label({"refund": ["money back", "return"], "other": "else"})
    assert intent("They want their MONEY back", "refund") == (True, "refund")
    assert intent("Something else", "other") == (True, "other")
    assert intent("A refund", "return") == (True, "refund")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_what_is_missing_has_no_score(missing):
    assert label(MOODS)("bad", missing) == (None, None)
    assert label(MOODS)(missing, "bad") == (None, None)


def test_a_reference_that_is_no_label_is_a_mistake():
    with pytest.raises(ValueError, match="'meh'; the labels are 'good', 'bad', 'neut"):
        label(MOODS)("bad", "meh")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("good", "use a list of at least two"),
        (5, "use a list of at least two"),
        (["good"], "use at least two"),
        ([], "use at least two"),
        (["good", "Good!"], "'good' is empty, or stands for 'good' and 'Good!'"),
        (["good", ""], "'' is empty"),
        ({"a": "x", "b": ["x"]}, "'x' is empty, or stands for 'a' and 'b'"),
    ],
)
def test_labels_are_checked(labels, said):
    with pytest.raises(ConfigError, match=said):
        label(labels)
    with pytest.raises(ConfigError, match="several='last'"):
        label(MOODS, several="last")


@given(
    st.lists(st.sampled_from([*MOODS, "badly", "so", "GOOD", "x-ray"]), max_size=8),
    st.sampled_from([" ", ", ", "\n", " -- ", "/"]),
)
def test_labels_are_told_from_other_words(words, between):
    named = [word.lower() for word in words if word.lower() in MOODS]
    right, note = label(MOODS)(between.join(words), "good")
    assert right is (named[:1] == ["good"])
    assert note.partition(";")[0] == (named[0] if named else "none named")


@given(st.text())
def test_anything_can_be_scored(text):
    assert label(["a", "b", "$"])(text, "a")[0] in (True, False)
