from __future__ import annotations

import pandas as pd
import pytest

from respan_lab.errors import ConfigError
from respan_lab.evaluators import length, score


def test_a_length_is_counted():
    assert length()("a b\n") == 4
    assert length("words")(" a b\n c ") == 3
    assert length()("") == length("words")("") == 0
    assert length("words")("你好吗") == 1
    assert score({"length": length()}, {"output": "abc"})["score_length"] == 3.0


@pytest.mark.parametrize(
    ("bounds", "right"),
    [
        ({"at_most": 3}, True),
        ({"at_most": 2}, False),
        ({"at_least": 3}, True),
        ({"at_least": 4}, False),
        ({"at_least": 3, "at_most": 3}, True),
        ({"at_least": 0}, True),
    ],
)
def test_a_length_is_kept_in_bounds(bounds, right):
    assert length(**bounds)("abc") == (right, "3 characters")
    assert length("words", **bounds)("a b c") == (right, "3 words")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_without_an_answer_there_is_no_score(missing):
    assert length()(missing) is None
    assert length(at_most=5)(missing) == (None, None)


def test_shorter_is_better_unless_there_is_a_bound():
    assert length().lower_is_better is True
    assert length(at_least=1).lower_is_better is False


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"unit": "tokens"}, "unit='tokens': use one of 'characters', 'words'"),
        ({"at_most": -1}, "at_most=-1"),
        ({"at_least": 1.5}, "at_least=1.5"),
        ({"at_least": True}, "at_least=True"),
        ({"at_least": 5, "at_most": 4}, "at_least=5 is above at_most=4"),
    ],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(ConfigError, match=said):
        length(**settings)
