"""Templates of plain variables say what the engine would make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from respan_lab.errors import PromptError
from respan_lab.prompts.bounds import MAX_OUTPUT
from respan_lab.prompts.template import Template, template_of

NAMES = ("a", "b", "range", "loop", "dict", "größe")
TEXTS = st.text(st.sampled_from("x \n\r\t'\"\\}{%#<&é\ud83d\U0001f600"), max_size=8)
SOURCES = st.lists(
    st.sampled_from(["{{ %s }}", "{{%s}}", "{{- %s -}}", "\n{{ %s -}} \n"]).flatmap(
        lambda form: st.sampled_from(NAMES).map(lambda name: form % name)
    )
    | TEXTS,
    max_size=6,
).map("".join)
VALUES = (
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.decimals()
    | st.lists(st.integers() | st.none(), max_size=3)
    | st.dictionaries(TEXTS, st.integers(), max_size=2)
    | st.sampled_from(
        [Markup("<b>"), np.float64(0.1), np.int64(3), np.str_("n"), date(2026, 1, 2)]
    )
)


def said(template: Template, values: dict[str, Any]) -> Any:
    try:
        return template.render(values)
    except PromptError as error:
        return str(error), error.missing


@given(SOURCES, st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_the_very_same_text_and_the_same_error(
    source: str, values: dict[str, Any]
) -> None:
    try:
        template = template_of(source)
    except PromptError:  # a mistake
        return
    assert said(template, values) == said(replace(template, _pieces=None), values)


@pytest.mark.parametrize(
    "source",
    [
        "{{ a|upper }}",
        "{{ a.b }}",
        "{% if a %}x{% endif %}",
        "{{ a + 'b' }}",
        "{{ 1 }}",
    ],
)
def test_what_is_no_plain_variable_is_left_to_the_engine(source: str) -> None:
    assert template_of(source)._pieces is None


def test_comments_and_raw_parts_are_texts() -> None:
    template = template_of("{# no #}{% raw %}{{ x }}{% endraw %} {{ a }}")
    assert template._pieces == ("{{ x }} ", "a", "")
    assert template.render({"a": 1}) == ["{{ x }} 1"]


@pytest.mark.parametrize("length", [MAX_OUTPUT, MAX_OUTPUT + 1])
def test_the_bound_on_a_text_is_the_same(length: int) -> None:
    template, values = template_of("{{ a }}"), {"a": "x" * length}
    assert said(template, values) == said(replace(template, _pieces=None), values)


def test_a_text_is_not_copied() -> None:
    text = "a long text that a million rows may have"
    assert template_of("{{ a }}").render({"a": text})[0] is text


def test_an_odd_number_is_left_to_the_engine() -> None:
    values = {"a": Decimal("0.10")}
    assert template_of("{{ a }}").render(values) == ["0.10"]
