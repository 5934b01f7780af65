"""Values as source: running it gives them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.widgets.code import Code, call, literal, script

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


def _again(source: str) -> Any:
    return eval(source, {"lab": lab})


@given(VALUES)
def test_a_value_is_itself_again(value: Any) -> None:
    assert _again(literal(value)) == value


@given(st.text(alphabet="a\"\\\n\r\t\x00é{}'", max_size=30))
def test_a_text_is_itself_again(text: str) -> None:
    assert _again(literal(text)) == text


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "role": st.sampled_from(["user", "assistant"]),
                "content": st.text(alphabet="ab \n\"'\\"),
            }
        ),
        min_size=1,
        max_size=3,
    ),
    st.none() | st.text(max_size=5),
    st.none() | st.integers(1, 9),
    st.dictionaries(st.sampled_from("xyz"), LEAVES, max_size=2),
)
def test_a_prompt_is_itself_again(
    template: Any, name: str | None, version: int | None, defaults: dict[str, Any]
) -> None:
    prompt = lab.Prompt(template, name=name, version=version, defaults=defaults)
    assert _again(literal(prompt)) == prompt


def test_a_text_of_several_lines_is_written_over_several_lines() -> None:
    assert literal("Dear {{ name }},\n\nyes.") == ('"""\\\nDear {{ name }},\n\nyes."""')


def test_pictures_numbers_of_numpy_and_odd_floats() -> None:
    picture = lab.image("https://example.org/cat.png")
    assert _again(literal(picture)) == picture
    assert literal(np.float64(0.5)) == "0.5"
    assert str(_again(literal(float("nan")))) == "nan"
    assert _again(literal(float("-inf"))) == float("-inf")


def test_what_cannot_be_written_says_so() -> None:
    with pytest.raises(lab.ConfigError, match="type 'object' cannot be written"):
        literal(object())


def test_long_calls_take_several_lines_and_mean_the_same() -> None:
    source = call("dict", **{f"name_{n}": literal("x" * 20) for n in range(5)})
    assert source.count("\n") == 6
    assert len(_again(source)) == 5


def test_code_shows_itself() -> None:
    code = script("a = 1", "b = 2")
    assert repr(code) == str(code) == "import respan_lab as lab\n\na = 1\nb = 2"
    assert isinstance(code, Code)
