from __future__ import annotations

import json

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.evaluators import field_match

WANTED = {"intent": "refund", "order": 17}


class Ticket(pydantic.BaseModel):
    intent: str
    order: int | None = None


@pytest.mark.parametrize(
    "output",
    [
        '{"intent": "refund", "order": 17}',
        '{"order": "17", "intent": " Refund. ", "extra": 1}',
        'Sure!\n```json\n{"intent": "refund", "order": 17.0}\n```\nBye {',
        'A set {a, b}, then {"intent": "refund", "order": 17} {"intent": "other"}',
    ],
)
def test_the_first_object_of_an_answer_counts(output):
    assert field_match(output, WANTED) == {"intent": True, "order": True}


@pytest.mark.parametrize("output", ["", "refund", "{", "[1]", '{"intent": refund}'])
def test_an_answer_without_an_object_has_every_field_wrong(output):
    assert field_match(output, WANTED) == {"intent": False, "order": False}


def test_each_field_stands_alone():
    assert field_match('{"intent": "refund"}', WANTED) == {
        "intent": True,
        "order": False,
    }


def test_structured_output_goes_first():
    assert field_match("{}", WANTED, Ticket(intent="refund", order=17)) == {
        "intent": True,
        "order": True,
    }
    assert field_match("{}", WANTED, {"intent": "other"})["intent"] is False
    assert field_match(None, WANTED, {"intent": "refund"})["intent"] is True


def test_expected_may_be_json_text():
    assert field_match('{"a": 1}', '{"a": 1}') == {"a": True}


@pytest.mark.parametrize("expected", ["refund", "[1]", 5, ["a"]])
def test_expected_must_have_fields(expected):
    with pytest.raises(ValueError, match=r"field_match needs|Expecting value"):
        field_match("{}", expected)


def test_without_a_reference_or_an_answer_there_is_nothing():
    assert field_match("{}", None) == {}
    assert field_match("{}", float("nan")) == {}
    assert field_match(None, WANTED) == {}


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (None, None, True),
        ("x", None, False),
        (["A", "b."], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        ("a", ["a"], False),
        (["a"], "a", False),
        ({"x": {"y": 1}}, {"x": {"y": "1"}}, True),
        ({"x": 1, "y": 2}, {"x": 1}, False),
        (True, "true", True),
        ({"x": 1}, "{'x': 1}", False),
    ],
)
def test_parts_are_compared_by_what_they_are(found, wanted, same):
    assert field_match(json.dumps({"f": found}), {"f": wanted}) == {"f": same}


@pytest.mark.parametrize(
    "output",
    ['{"a":' * 100_000, "{" * 1_000_000, '{"a": ' + "1" * 10_000 + "}", "[" * 100_000],
)
def test_hostile_answers_are_wrong_and_quick(output):
    assert field_match(output, {"a": 1}) == {"a": False}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_every_object_matches_itself(fields):
    said = f"Here it is: {json.dumps(fields)}"
    assert all(field_match(said, fields).values())
    assert len(field_match(said, fields)) == len(fields)


def test_a_reference_that_is_no_object_is_named():
    with pytest.raises(ValueError, match="expected is 'refund'; field_match needs"):
        field_match("{}", "refund")
