from __future__ import annotations

import random
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.providers.simulated.reading import read
from respan_lab.gateway.providers.simulated.schema import fill
from respan_lab.gateway.providers.simulated.writer import Writer

TEXT = "Read it.\n\nText: Where is my parcel K-2041? I paid 12 euros on Monday."


def filled(schema: Any, *, is_right: bool = True, text: str = TEXT) -> Any:
    reading = read([{"role": "user", "content": text}])
    return fill(schema, Writer(reading, is_right=is_right, random=random.Random(0)))


def leaves():
    numbers = st.integers(-50, 50)
    return st.one_of(
        st.just({"type": "boolean"}),
        st.just({"type": "null"}),
        st.just({}),
        st.just(True),
        st.builds(lambda value: {"const": value}, st.integers() | st.text()),
        st.builds(
            lambda values: {"enum": values},
            st.lists(st.integers() | st.text(), min_size=1, unique_by=str),
        ),
        st.builds(
            lambda low, more: {
                "type": "string",
                "minLength": low,
                "maxLength": low + more,
            },
            st.integers(0, 20),
            st.integers(0, 20),
        ),
        st.builds(
            lambda kind, low, more: {
                "type": kind,
                "minimum": low,
                "maximum": low + more,
            },
            st.sampled_from(["integer", "number"]),
            numbers,
            st.integers(0, 50),
        ),
        st.builds(
            lambda kind, low: {"type": kind, "exclusiveMinimum": low},
            st.sampled_from(["integer", "number"]),
            numbers,
        ),
        st.builds(
            lambda kind, high: {"type": kind, "exclusiveMaximum": high},
            st.sampled_from(["integer", "number"]),
            numbers,
        ),
        st.builds(
            lambda step: {"type": "integer", "multipleOf": step}, st.integers(1, 9)
        ),
        st.builds(
            lambda kind: {"type": [kind, "null"]},
            st.sampled_from(["string", "integer"]),
        ),
    )


def nests(children):
    names = st.sampled_from(["intent", "order", "is_ok", "score", "note", "items"])
    return st.one_of(
        st.builds(
            lambda properties: {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            },
            st.dictionaries(names, children, max_size=4),
        ),
        st.builds(
            lambda items, low, more: {
                "type": "array",
                "items": items,
                "minItems": low,
                "maxItems": low + more,
            },
            children,
            st.integers(0, 4),
            st.integers(0, 4),
        ),
        st.builds(
            lambda parts: {"anyOf": parts}, st.lists(children, min_size=1, max_size=3)
        ),
    )


@given(st.recursive(leaves(), nests, max_leaves=8), st.booleans())
def test_what_is_filled_is_valid(schema, is_right):
    jsonschema.validate(filled(schema, is_right=is_right), schema)


def test_fields_hold_what_the_text_says():
    schema = {
        "type": "object",
        "properties": {
            "intent": {"enum": ["refund", "delivery", "cancel"]},
            "order": {"type": "string"},
            "amount": {"type": "number"},
            "words": {"type": "array", "items": {"type": "string"}},
        },
    }
    assert filled(schema) == {
        "intent": "delivery",
        "order": "K-2041",
        "amount": 12,
        "words": ["where", "parcel", "euros"],
    }
    assert filled(schema, is_right=False)["intent"] != "delivery"


def test_references_are_followed():
    schema = {
        "$defs": {
            "order": {"type": "object", "properties": {"order": {"type": "string"}}},
            "a/b": {"const": 7},
        },
        "type": "object",
        "properties": {
            "one": {"$ref": "#/$defs/order"},
            "two": {"allOf": [{"$ref": "#/$defs/order"}], "title": "x"},
            "three": {"$ref": "#/$defs/a~1b"},
            "four": {"$ref": "#/nowhere"},
        },
    }
    value = filled(schema)
    assert value["one"] == value["two"] == {"order": "K-2041"}
    assert value["three"] == 7


def test_parts_are_merged():
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"const": 1}}},
            {"properties": {"b": {"const": 2}}},
        ]
    }
    assert filled(schema) == {"a": 1, "b": 2}


def test_schemas_that_hold_themselves_end():
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#"}},
        },
        "required": ["name", "children"],
    }
    jsonschema.validate(filled(node), node)
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    assert isinstance(filled(endless), dict)
    assert filled({"$ref": "#"}) is not None


@pytest.mark.parametrize(
    ("form", "example"), [("date", "2025-"), ("email", "@"), ("uri", "https://")]
)
def test_formats_have_samples(form, example):
    assert example in filled({"type": "string", "format": form})


def test_distinct_items_are_distinct():
    labels = {"enum": ["refund", "delivery", "cancel"]}
    schema = {"type": "array", "items": labels, "minItems": 3, "uniqueItems": True}
    jsonschema.validate(filled(schema), schema)
    assert filled(schema)[0] == "delivery"
    schema = {**schema, "items": {"type": "string"}, "minItems": 9}
    jsonschema.validate(filled(schema), schema)


def test_types_may_be_left_out():
    assert filled({"properties": {"order": {}}}) == {"order": "K-2041"}
    assert isinstance(filled({"items": {"type": "string"}}), list)
