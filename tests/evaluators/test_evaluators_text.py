from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.evaluators import contains, exact_match
from respan_lab.evaluators.text import normalize


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("refund", "refund"),
        ("  Refund. \n", "refund"),
        ("REFUND!?", "Refund"),
        ("not   delivered", "Not\ndelivered"),
        ("ｒｅｆｕｎｄ", "refund"),
        ("Straße", "STRASSE"),
        ("42", 42),
        ("42", 42.0),
        ("True", True),
        ("b", ["a", "b"]),
        ("...", "..."),
        ("", ""),
    ],
)
def test_form_does_not_matter(output, expected):
    assert exact_match(output, expected) is True


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("a refund", "refund"),
        ("", "refund"),
        ("4.2", 42),
        ("re fund", "refund"),
        ("?", "!"),
        ("c", ["a", "b"]),
    ],
)
def test_content_does(output, expected):
    assert exact_match(output, expected) is False


@pytest.mark.parametrize("evaluator", [exact_match, contains])
@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, []])
def test_without_a_reference_there_is_no_score(evaluator, missing):
    assert evaluator("refund", missing) is None
    assert evaluator(None, "refund") is None


@pytest.mark.parametrize("evaluator", [exact_match, contains])
def test_a_mapping_is_for_field_match(evaluator):
    with pytest.raises(ValueError, match="field_match"):
        evaluator("refund", {"intent": "refund"})


def test_contains_finds_it_anywhere():
    assert contains("I think: REFUND, please", "refund.") is True
    assert contains("I think so", "refund") is False
    assert contains("it is b", ["a?", "b"]) is True
    assert contains("anything", "  ") is None


@given(st.text())
def test_every_text_matches_itself_in_any_dress(text):
    assert exact_match(f"  {text}\n", text)
    assert normalize(normalize(text)) == normalize(text)
