"""JSON is read as the standard library reads it, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from respan_lab.wire.decoding import decoded

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def _read(read: Callable[[str | bytes], Any], content: str | bytes) -> str:
    try:
        found = read(content)
    except (ValueError, RecursionError):
        return "unreadable"
    return f"{type(found).__name__} {found!r}"  # -0.0, NaN and 1.0 are told apart


@given(TREES, st.booleans())
def test_what_was_written_is_read_alike(tree: Any, is_ascii: bool) -> None:
    text = json.dumps(tree, ensure_ascii=is_ascii)
    assert _read(decoded, text) == _read(json.loads, text)


@given(st.binary() | st.text('{}[]",:0123456789.eE+-\\u ndaftrs\t\x00'))
@example(b'"\xff"')
@example("\ufeff1")
@example(b"\xef\xbb\xbf1")
@example('{"a": 1, "a": 2}')
@example('"\\ud83d"')
@example("1e400")
@example('"caf\xe9"'.encode("utf-16"))
def test_what_nobody_wrote_is_read_alike(content: str | bytes) -> None:
    assert _read(decoded, content) == _read(json.loads, content)


@pytest.mark.parametrize("depth", [100, 250, 500])
def test_deep_nesting_is_read_alike(depth: int) -> None:
    text = "[" * depth + "]" * depth
    assert _read(decoded, text) == _read(json.loads, text)
