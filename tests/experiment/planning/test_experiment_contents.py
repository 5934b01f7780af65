"""What requests say: the quick way and the careful one are of one mind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import PromptError
from respan_lab.experiment.planning.contents import render_all
from respan_lab.experiment.planning.data import read_items
from respan_lab.experiment.planning.prompts import named_prompts
from respan_lab.prompts import Prompt
from respan_lab.prompts.prompt import rendered_texts
from respan_lab.wire.messages import check_messages

TEMPLATES: list[Any] = [
    "{{ a }}",
    "a text {{ b }} and\r\n{{ a }}",
    "no marks",
    "{% if a %}{{ a|upper }}{% endif %} {{ b }}",
    [{"role": "system", "content": "{{ b }}"}, {"content": "x{{ a }}", "role": "user"}],
    [{"role": "user", "content": "{{ a }}", "name": "ann"}],
    [{"role": "user", "content": [{"type": "text", "text": "{{ a }}"}]}],
]
VALUES = st.one_of(
    st.text(st.characters(codec=None), max_size=9),  # lone surrogates too
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
)


@given(st.sampled_from(TEMPLATES), VALUES, VALUES)
def test_contents_are_what_the_prompt_renders_and_the_wire_takes(
    template: Any, a: Any, b: Any
) -> None:
    prompt = Prompt(template, defaults={"b": "unused"})
    values = {"a": a, "b": b}
    items = read_items([values], expected="expected", item="item")
    (content,) = render_all(named_prompts(prompt), items)["prompt"]
    wanted = check_messages(prompt.render(**values))
    assert content.messages == wanted
    is_plain = all(
        [*message] == ["role", "content"] and isinstance(message["content"], str)
        for message in wanted
    )
    assert (content.plain is not None) == is_plain


def test_only_messages_of_a_role_and_a_text_have_texts() -> None:
    values = {"a": "x", "b": 1}
    found = [rendered_texts(Prompt(template), values) for template in TEMPLATES]
    assert found == [
        ("user", "x"),
        ("user", "a text 1 and\nx"),
        ("user", "no marks"),
        None,
        ("system", "1", "user", "xx"),
        None,
        None,
    ]


def test_what_is_missing_is_said_with_its_item() -> None:
    items = read_items([{"a": "x"}, {"a": None}], expected="expected", item="item")
    with pytest.raises(PromptError, match=r"prompt 'prompt', item 1: .*'a'") as found:
        render_all(named_prompts("{{ a }}"), items)
    assert found.value.missing == ("a",)


def test_what_is_done_to_the_data_later_changes_no_item() -> None:
    row = {"a": ["x"], "expected": "y"}
    plain = {"a": "x"}
    (one,) = read_items([row], expected="expected", item="item")
    (other,) = read_items([plain], expected="expected", item="item")
    row["a"].append("z")  # type: ignore[attr-defined]
    plain["a"] = "z"
    assert (one.expected, one.variables) == ("y", {"a": ["x"]})
    assert (other.expected, other.variables) == (None, {"a": "x"})


def test_names_are_texts_and_ids_and_references_no_variables() -> None:
    rows = [{"n": 7, 1: "x", "ref": "r"}, {"n": 8, 2: None}]
    items = read_items(rows, expected="ref", item="n")
    assert [tuple(item) for item in items] == [
        (7, "r", {"1": "x"}),
        (8, None, {"2": None}),
    ]
