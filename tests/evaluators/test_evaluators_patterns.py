from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from respan_lab.errors import ConfigError
from respan_lab.evaluators import regex, score
from respan_lab.evaluators.patterns import is_found

# Each would take longer than anyone lives.
EVIL = [
    (r"(a|aa)+$", "a" * 100 + "!"),
    (r"(?:(?:a{1,100}){1,100}){1,100}b", "a" * 1000),
]


@pytest.mark.parametrize(
    ("pattern", "output", "right"),
    [
        (r"\d{4}", "ORD-1234", True),
        (r"^\d{4}$", "ORD-1234", False),
        (r"(?s)a.b", "a\nb", True),
        (r"refund", "Refund", False),
        (r"", "", True),
        (r"5", 5, True),
        (r"3", np.int64(3), True),
        ("\ud800", "a\ud800", True),
    ],
)
def test_a_pattern_is_looked_for(pattern, output, right):
    assert regex(pattern)(output) is right


def test_the_whole_answer_may_have_to_fit():
    assert regex(r"\d+", whole=True)(" 12\n") is True
    assert regex(r"\d+", whole=True)("12 km") is False
    assert regex("refund", ignore_case=True)("REFUND") is True


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_what_is_missing_has_no_score(missing):
    assert regex("a")(missing) is None
    assert regex()("a", missing) is None


def test_the_reference_may_be_the_pattern():
    assert regex()("ORD-12", r"^ORD-\d+$") is True
    assert regex()("ORD-12", [r"^X", r"\d$"]) is True
    assert regex()("ORD-12", [r"^X", r"^Y"]) is False
    with pytest.raises(ValueError, match="no regular expression"):
        regex()("a", "(")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pattern": "("}, r"'\(' is no regular expression: missing"),
        ({"pattern": "a", "timeout": 0}, "timeout=0: use seconds above 0"),
        ({"pattern": "a", "timeout": float("nan")}, "timeout=nan"),
    ],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(ConfigError, match=said):
        regex(**settings)


@pytest.mark.parametrize(("pattern", "text"), EVIL)
def test_an_evil_answer_is_given_up(pattern, text):
    columns = score({"regex": regex(pattern, timeout=0.05)}, {"output": text})
    assert columns == {
        "score_regex": None,
        "note_regex": "given up: the pattern took above 0.05 s",
    }


def test_meanwhile_other_threads_go_on():
    pattern, text = EVIL[0]
    ended = threading.Event()

    def search():
        with pytest.raises(TimeoutError):
            is_found(pattern, text, timeout=1.0)
        ended.set()

    thread = threading.Thread(target=search)
    thread.start()
    # If the search let nobody else work, it would be over before this is.
    assert sum(range(100_000)) == 4_999_950_000
    assert not ended.is_set()
    thread.join()
    assert ended.is_set()


def test_a_pattern_is_a_text():
    with pytest.raises(ConfigError, match="pattern=5: use a regular expression"):
        regex(5)
