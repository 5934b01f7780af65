from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.evaluators import similarity


def common(one, other):
    """The length of the longest common subsequence, by the book."""
    row = [0] * (len(other) + 1)
    for a in one:
        before = row
        row = [0]
        for at, b in enumerate(other):
            row.append(before[at] + 1 if a == b else max(row[at], before[at + 1]))
    return row[-1]


@given(st.text("abc ", max_size=12), st.text("abc ", max_size=12))
def test_it_is_the_share_that_need_not_be_changed(one, other):
    found = similarity()(one, other)
    one, other = (" ".join(text.split()) for text in (one, other))
    letters = len(one) + len(other)
    share = 2 * common(one, other) / letters if letters else 1
    assert found == pytest.approx(share)


@pytest.mark.parametrize(
    ("kind", "output", "expected", "value"),
    [
        ("characters", "Refund.", "refund", 1),
        ("characters", "abc", "xyz", 0),
        ("characters", "", "", 1),
        ("words", "b c a", "a b c", 1),
        ("word_set", "a b c d", "a b", 1),
        ("part", "I think a refund is due", "refund", 1),
        ("characters", "abc", ["xyz", "abc"], 1),
        ("characters", 12, 12.0, 1),
    ],
)
def test_kinds_compare_different_things(kind, output, expected, value):
    assert similarity(kind)(output, expected) == value


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_what_is_missing_has_no_score(missing):
    assert similarity()("a", missing) is None
    assert similarity()(missing, "a") is None
    assert similarity()("a", []) is None


@pytest.mark.parametrize("kind", ["characters", "words", "word_set", "part"])
def test_of_huge_texts_the_beginning_counts(kind):
    assert similarity(kind)("a" * 1_000_000, "a" * 999_999) == 1
    assert 0 <= similarity(kind)("ab" * 500_000, "b a " * 250_000) <= 1


def test_the_kind_is_checked():
    with pytest.raises(ConfigError, match="kind='meaning': use one of 'characters'"):
        similarity("meaning")
