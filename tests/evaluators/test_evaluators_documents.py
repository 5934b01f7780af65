from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.evaluators import json_schema, json_valid
from respan_lab.evaluators.json_text import document, fenced

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff \n{"a": 1}\t', {"a": 1}),
        ("5", 5),
        ('"a"', "a"),
        ("null", None),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ("Here:\n\n```\n[1]\n```\nBye.", [1]),
        ("~~~~JSON\n[1]\n~~~~", [1]),
        ("1. So:\n   ```json\n   [1]\n   ```", [1]),
        ("```python\nprint(1)\n```\n```json\n[2]\n```", [2]),
        ("```json\n[1]", [1]),
        ("1" * 5000, math.inf),
    ],
)
def test_the_document_is_the_answer_or_a_fence_of_it(output, value):
    assert document(output) == value
    assert json_valid()(output) == (True, None)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("", "Expecting value"),
        ('Sure: {"a": 1}', "line 1 column 1"),
        ('{"a": 1} {"b": 2}', "Extra data"),
        ("{'a': 1}", "property name"),
        ('{"a": 1,}', "line 1 column"),
        ("[NaN]", "NaN is not in JSON"),
        ("-Infinity", "-Infinity is not in JSON"),
        ('```json\n{"a": \n```', "Expecting value"),
        ("[" * 100_000, "nested too deeply"),
        (" " * 1_000_001, "longer than 1,000,000 characters"),
    ],
)
def test_what_is_no_json_is_told(output, said):
    right, note = json_valid()(output)
    assert right is False
    assert said in note


def test_fences_may_not_count():
    assert json_valid(fences=False)("```\n[1]\n```")[0] is False
    assert json_valid(fences=False)(" [1]")[0] is True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
).filter(lambda value: "Infinity" not in json.dumps(value))
words = st.text(alphabet="abc .,:\n", min_size=1).map(lambda text: f"x{text}")


@given(json_values, st.sampled_from([None, 2]), words, words, st.sampled_from("`~"))
def test_every_document_is_read_again(value, indent, before, behind, mark):
    text = json.dumps(value, indent=indent)
    assert document(text) == value
    assert document(f"{before}\n{mark * 3}json\n{text}\n{mark * 3}\n{behind}") == value


@given(st.text(alphabet="`~ab\n {}[]1,", max_size=80))
def test_anything_can_be_read(text):
    assert json_valid()(text)[0] in (True, False)
    assert all(part in text for part in fenced(text))


@pytest.mark.parametrize(
    ("output", "note"),
    [
        ('{"city": "Oslo"}', None),
        ('```json\n{"city": "Oslo", "size": 3.0}\n```', None),
        ("{}", "at $: 'city' is a required property"),
        ('{"city": 5}', "at $.city: 5 is not of type 'string'"),
        ('{"city": "Oslo", "b": 1, "a": 1}', "at $: 'a' is not a property the schema"),
        ("[]", "at $: [] is not of type 'object'"),
        ("Oslo", "no JSON: Expecting value"),
    ],
)
def test_a_schema_is_kept_or_the_mistake_told(output, note):
    right, said = json_schema(CITY)(output)
    assert right is (note is None)
    assert said == note if note is None else note in said


class City(pydantic.BaseModel):
    city: str
    size: int | None = None


def test_a_pydantic_class_is_a_schema():
    assert json_schema(City)('{"city": "Oslo", "size": null}') == (True, None)
    assert json_schema(City)('{"size": 1}')[0] is False


@pytest.mark.parametrize("evaluator", [json_valid(), json_schema({})])
@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_without_an_answer_there_is_no_score(evaluator, missing):
    assert evaluator(missing) == (None, None)
    assert evaluator(np.int64(5)) == (True, None)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "text"}, "schema is no JSON Schema: 'text' is not valid"),
        ({"pattern": "("}, "is no regular expression"),
        ({"patternProperties": {"(": {}}}, "is no regular expression"),
        ("object", "use a JSON Schema as a dict"),
        (5, "use a JSON Schema as a dict"),
        (
            {"patternProperties": {"a": {}}, "unevaluatedProperties": False},
            "use additionalProperties instead",
        ),
    ],
)
def test_schemas_are_checked_before_anything_is_sent(schema, said):
    with pytest.raises(ConfigError, match=said):
        json_schema(schema)


EVIL = "(a|aa)+$"
LONG = "a" * 100 + "!"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": EVIL}, LONG),
        ({"items": {"pattern": EVIL}}, [LONG] * 1000),
        ({"patternProperties": {EVIL: {"type": "string"}}}, {LONG: 1}),
        (
            {"patternProperties": {EVIL: {}}, "additionalProperties": False},
            {LONG: 1},
        ),
        ({"$defs": {"e": {"pattern": EVIL}}, "$ref": "#/$defs/e"}, LONG),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "pattern": EVIL}, LONG),
    ],
)
def test_an_evil_answer_is_given_up(schema, value):
    right, note = json_schema(schema, timeout=0.05)(json.dumps(value))
    assert right is None
    assert note == "given up: the patterns took above 0.05 s"


def test_deep_answers_are_given_up():
    deep = {"$defs": {"n": {"items": {"$ref": "#/$defs/n"}}}, "$ref": "#/$defs/n"}
    assert json_schema(deep)("[" * 900 + "]" * 900) == (
        None,
        "given up: nested too deeply",
    )


def test_many_items_are_compared_quickly():
    unique = json_schema({"uniqueItems": True})
    # Each with each, these would be half a billion comparisons.
    items = [{"a": number} for number in range(30_000)]
    assert unique(json.dumps(items)) == (True, None)
    assert unique(json.dumps([*items, {"a": 7.0}]))[0] is False
    assert unique("[1, true]")[0] is True
    assert unique("[[1], [1.0]]")[0] is False


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^a"}, "ba"),
        ({"pattern": "^a"}, "ab"),
        ({"patternProperties": {"^a": {"type": "string"}}}, {"ab": 1}),
        ({"patternProperties": {"^a": {"type": "string"}}}, {"ab": "1", "c": 1}),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}),
        ({"additionalProperties": True}, {"a": 1}),
        ({"patternProperties": {"^a": {}}, "additionalProperties": False}, {"b": 1}),
        ({"patternProperties": {"^a": {}}, "additionalProperties": False}, {"a": 1}),
        ({"pattern": "^.b$"}, "ab"),
        ({"uniqueItems": True}, ["a", "a"]),
        ({"uniqueItems": False}, ["a", "a"]),
        ({"uniqueItems": True, "pattern": "a", "patternProperties": {}}, 5),
    ],
)
def test_what_we_check_ourselves_is_checked_as_jsonschema_does(schema, value):
    import jsonschema

    is_valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert json_schema(schema)(json.dumps(value))[0] is is_valid


def test_patterns_may_name_classes_of_letters():
    assert json_schema({"pattern": r"^\p{Lu}"})('"Ärger"') == (True, None)


def test_nothing_is_fetched_for_a_reference():
    outside = json_schema({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(Exception, match="Unresolvable"):
        outside("1")
