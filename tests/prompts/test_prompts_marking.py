"""What variables put into a prompt, told apart from what its template says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import PromptError
from respan_lab.prompts import Prompt, image
from respan_lab.prompts.marking import marked


def _pairs(prompt: Prompt, **values: Any) -> list[list[tuple[str, bool]]]:
    return [[tuple(one) for one in each.pieces] for each in marked(prompt, values)]


def test_plain_variables_are_told_apart() -> None:
    prompt = Prompt("{{ a }} and {{ b }}.", system="Be {{ mood }}")
    assert _pairs(prompt, a="x", b=2, mood="kind") == [
        [("Be ", False), ("kind", True)],
        [("x", True), (" and ", False), ("2", True), (".", False)],
    ]


def test_filters_loops_and_blocks_keep_their_marks() -> None:
    prompt = Prompt(
        "{% set all %}<{{ name | upper }}>{% endset %}"
        "{% for n in ns %}{{ n }};{% endfor %}{{ all }}"
        "{% filter upper %}a{{ name }}{% endfilter %}"
    )
    [pieces] = _pairs(prompt, name="ada", ns=[1, 2])
    assert "".join(text for text, _ in pieces) == "1;2;<ADA>AADA"
    assert [text for text, is_value in pieces if is_value][:2] == ["1", "2"]


def test_defaults_few_shots_and_placeholders() -> None:
    prompt = Prompt(
        [
            {"role": "user", "content": "Hi {{ name }}"},
            {"role": "assistant", "content": "Hello"},
            {"role": "placeholder", "name": "messages"},
        ],
        defaults={"name": "Ada"},
    )
    said = [{"role": "user", "content": "{{ not rendered }}"}]
    assert _pairs(prompt, messages=said) == [
        [("Hi ", False), ("Ada", True)],
        [("Hello", False)],
        [("{{ not rendered }}", True)],
    ]


def test_a_picture_is_named() -> None:
    prompt = Prompt("Look: {{ cat }} and say {{ what }}")
    [pieces] = _pairs(prompt, cat=image("https://example.org/cat.png"), what="it")
    assert pieces[1] == ("[picture: https://example.org/cat.png]", True)
    assert pieces[-1] == ("it", True)


def test_what_is_missing_is_the_same_error_as_when_rendered() -> None:
    with pytest.raises(PromptError, match="no value for 'word'"):
        marked(Prompt("Say {{ word }}"), {})


TEMPLATES = st.sampled_from(
    [
        "{{ a }}{{ b }}",
        "x{{ a }}\n{{ b | trim }} {% if a %}yes{% endif %}",
        "{% set c = a %}{{ c }}{{ c | length }}",
        "{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(a) }}{{ m(b) }}",
        "{{ a ~ b }}{# none #}",
        "{% set c %}{{ a }}{% endset %}{{ c | length }}{{ c | truncate(3) }}",
        "nothing",
    ]
)


@given(TEMPLATES, st.text(), st.text() | st.integers(-9, 9))
def test_the_pieces_are_what_is_sent(template: str, a: str, b: str | int) -> None:
    prompt = Prompt(template)
    [message] = marked(prompt, {"a": a, "b": b})
    [sent] = prompt.render(a=a, b=b)
    assert "".join(piece.text for piece in message.pieces) == sent["content"]
    assert message.role == sent["role"]
