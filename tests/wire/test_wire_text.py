from __future__ import annotations

import json
from enum import StrEnum

import numpy as np
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.wire.text import clean, clean_tree, plain

ANY_TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=12,
)


def by_hand(text: str) -> str:
    """Pairs become their character, what is left of surrogates U+FFFD."""
    out, i = [], 0
    while i < len(text):
        pair = text[i : i + 2]
        if "\ud800" <= pair[0] <= "\udbff" and "\udc00" <= pair[1:] <= "\udfff":
            high, low = ord(pair[0]) - 0xD800, ord(pair[1]) - 0xDC00
            out.append(chr(0x10000 + (high << 10) + low))
            i += 2
            continue
        out.append("\ufffd" if "\ud800" <= pair[0] <= "\udfff" else pair[0])
        i += 1
    return "".join(out)


@given(ANY_TEXT)
def test_clean_replaces_lone_surrogates_and_nothing_else(text: str) -> None:
    assert clean(text) == by_hand(text)
    clean(text).encode()


@given(JSON)
def test_a_cleaned_tree_can_be_encoded_and_a_clean_one_is_the_same(value) -> None:
    cleaned = clean_tree(value)
    json.dumps(cleaned, ensure_ascii=False).encode()
    assert clean_tree(cleaned) is cleaned


def test_the_halves_of_a_split_pair_find_together() -> None:
    assert clean("\ud83d" + "\ude00") == "😀"


@given(JSON)
def test_plain_is_a_copy_that_json_can_carry(value) -> None:
    copy = plain(value, "value")
    json.dumps(copy, allow_nan=False).encode()
    assert copy == clean_tree(value)


class Colour(StrEnum):
    RED = "red"


class Point(pydantic.BaseModel):
    x: int
    note: str | None = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        ((1, (2,)), [1, [2]]),
        ({1: "a", np.int64(2): "b"}, {"1": "a", "2": "b"}),
        (Colour.RED, "red"),
        (Point(x=1), {"x": 1}),
        ({"a": {"b": None}}, {"a": {"b": None}}),
    ],
)
def test_what_notebooks_hold_becomes_plain(value, expected) -> None:
    result = plain(value, "value")
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [1, float("nan")]}, r"value\.a\[1\] is nan"),
        (float("inf"), "value is inf"),
        (np.float64("nan"), "value is nan"),
        ({"a": {1, 2}}, r"value\.a is of type set"),
        (b"png", r"lab\.image"),
        ({(1, 2): 3}, "value has the key"),
        ({True: 3}, "value has the key"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_place(value, where: str) -> None:
    with pytest.raises(ConfigError, match=where):
        plain(value, "value")
