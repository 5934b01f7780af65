from __future__ import annotations

import copy
import math
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from respan_lab.errors import PromptError
from respan_lab.prompts import Prompt


def text_of(template: str, **values: object) -> object:
    return Prompt(template).render(**values)[0]["content"]


def test_a_text_is_one_user_message():
    assert Prompt("Say {{ word }}!").render(word="hello") == [
        {"role": "user", "content": "Say hello!"}
    ]


def test_a_system_template_comes_first():
    prompt = Prompt("{{ text }}", system="Answer in {{ language }}.")
    assert prompt.render(text="Hi", language="Welsh") == [
        {"role": "system", "content": "Answer in Welsh."},
        {"role": "user", "content": "Hi"},
    ]


def test_variables_are_named_once_in_order_of_appearance():
    prompt = Prompt(
        "{{ b }}{{ a }}{{ b }}{% for x in xs %}{{ x }}{% endfor %}", system="{{ z }}"
    )
    assert prompt.variables == ("z", "b", "a", "xs")


def test_functions_of_the_language_are_no_variables_unless_printed():
    assert Prompt("{% for i in range(2) %}{{ i }}{% endfor %}").variables == ()
    assert Prompt("{{ range }}").variables == ("range",)
    assert text_of("{{ range }}", range="a to b") == "a to b"


def test_values_of_other_names_are_ignored():
    (message,) = Prompt("{{ a }}").render(a=1, b=object(), self="x", template="y")
    assert message["content"] == "1"


def test_every_missing_variable_is_named_at_once():
    prompt = Prompt("{{ subject }} {{ body }} {{ sender }}", name="mail")
    with pytest.raises(PromptError, match="prompt 'mail'") as caught:
        prompt.render(sender="me", Body="typo")
    assert caught.value.missing == ("body", "subject")
    assert "did you mean 'Body'?" in str(caught.value)


@pytest.mark.parametrize("hole", [None, math.nan, np.float32("nan"), pd.NA, pd.NaT])
def test_a_missing_value_is_an_error_naming_the_variable(hole):
    with pytest.raises(PromptError, match=r"'city' .*None or NaN") as caught:
        Prompt("In {{ city }}").render(city=hole)
    assert caught.value.missing == ("city",)


@pytest.mark.parametrize("hole", [None, math.nan, pd.NA])
def test_a_template_can_say_what_holds_without_a_value(hole):
    assert text_of("{{ city | default('town') }}", city=hole) == "town"
    assert text_of("{% if city is defined %}in {{ city }}{% endif %}", city=hole) == ""
    guarded = "{{ city | default('') }}{% if city is none %}none{% endif %}"
    assert text_of(guarded, city=hole) == "none"
    assert text_of("{% if city is defined and city %}x{% else %}y{% endif %}") == "y"


def test_a_guard_in_one_place_does_not_hide_a_hole_in_another():
    template = "{{ city | default('town') }} {{ city }}"
    with pytest.raises(PromptError, match="city") as caught:
        Prompt(template).render(city=None)
    assert caught.value.missing == ("city",)
    with pytest.raises(PromptError):
        Prompt("{{ c | default(1) }}{{ c | length }}").render()
    with pytest.raises(PromptError):
        Prompt("{{ c | default(1) }}{% for x in c %}{% endfor %}").render()


def test_a_missing_value_inside_a_value_is_an_error():
    with pytest.raises(PromptError, match="missing"):
        Prompt("{{ customer.city }}").render(customer={"city": None})
    with pytest.raises(PromptError, match="town"):
        Prompt("{{ customer.town }}").render(customer={"city": "Riga"})


def test_empty_and_zero_are_values():
    assert text_of("[{{ a }}{{ b }}{{ c }}]", a="", b=0, c=False) == "[0False]"


def test_defaults_stand_in_for_variables_without_a_value():
    prompt = Prompt("{{ tone }}: {{ text }}", defaults={"tone": "kind"})
    assert prompt.variables == ("tone", "text")
    assert prompt.render(text="a")[0]["content"] == "kind: a"
    assert prompt.render(text="a", tone=None)[0]["content"] == "kind: a"
    assert prompt.render(text="a", tone="dry")[0]["content"] == "dry: a"


@given(st.text())
def test_a_value_is_never_rendered(value):
    assert text_of("<{{ a }}>", a=value) == f"<{value}>"


@pytest.mark.parametrize("value", ["{{ secret }}", "{% for x in y %}", "{# #}", "{{"])
def test_a_value_that_looks_like_a_template_stays_text(value):
    assert text_of("<{{ a }}>", a=value, secret="s") == f"<{value}>"


@given(st.text(alphabet=st.characters(exclude_characters="{}\r")))
def test_a_template_without_variables_is_its_own_text(text):
    assert text_of(text) == text


@given(st.text(alphabet=st.sampled_from("a{}%# \r\n")))
def test_a_text_without_marks_says_what_a_template_would(text):
    assume(not re.search(r"\{[{%#]", text))
    assert text_of(text) == text_of("{{ '' }}" + text)


def test_whitespace_and_json_braces_stay():
    assert text_of('{"a": {"b": 1}}\n\n') == '{"a": {"b": 1}}\n\n'


def test_a_mistake_is_found_at_once_and_located():
    with pytest.raises(PromptError, match=r"prompt 'x' version 2: .*line 2"):
        Prompt("fine\n{{ a", name="x", version=2)
    with pytest.raises(PromptError, match="line 1"):
        Prompt("x", system="{% if %}")


@pytest.mark.parametrize(
    "template",
    ["{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{{ self }}"],
)
def test_what_a_prompt_cannot_do_is_refused_at_once(template):
    with pytest.raises(PromptError):
        Prompt(template)


def test_an_unknown_filter_is_named():
    with pytest.raises(PromptError, match="shout"):
        Prompt("{{ a | shout }}")


def test_a_failure_while_rendering_names_the_prompt():
    with pytest.raises(PromptError, match="prompt 'sum': division by zero"):
        Prompt("{{ 1 / n }}", name="sum").render(n=0)


def test_a_prompt_does_not_change():
    template = [{"role": "user", "content": "{{ a }}"}]
    prompt = Prompt(template, defaults={"a": [1]})
    template[0]["content"] = "changed"
    prompt.template[0]["content"] = "changed"
    prompt.render()[0]["content"] = "changed"
    assert prompt.template == [{"role": "user", "content": "{{ a }}"}]
    with pytest.raises(AttributeError, match="does not change"):
        prompt.name = "x"
    with pytest.raises(AttributeError, match="does not change"):
        del prompt.name
    with pytest.raises(TypeError):
        prompt.defaults["b"] = 1


def variants() -> list[Prompt]:
    return [
        Prompt("a"),
        Prompt("b"),
        Prompt("a", name="n"),
        Prompt("a", version=1),
        Prompt("a", system="s"),
        Prompt("a", defaults={"x": [1, {"y": np.arange(2)}]}),
        Prompt([{"role": "user", "content": "a"}]),
        Prompt([{"role": "user", "content": [{"type": "text", "text": "a"}]}]),
    ]


def test_prompts_compare_by_content():
    for index, one in enumerate(variants()):
        for other_index, other in enumerate(variants()):
            assert (one == other) is (index == other_index)
            assert (hash(one) == hash(other)) is (index == other_index)
    assert Prompt("a") != "a"


@pytest.mark.parametrize("prompt", variants(), ids=repr)
def test_prompts_survive_pickling_and_copying(prompt):
    assert pickle.loads(pickle.dumps(prompt)) == prompt
    assert copy.deepcopy(prompt) == prompt == copy.copy(prompt)


def test_the_fields_are_readable():
    prompt = Prompt("a", name="n", version="v2", system="s", defaults={"x": 1})
    assert (prompt.template, prompt.name, prompt.version, prompt.system) == (
        "a",
        "n",
        "v2",
        "s",
    )
    assert prompt.defaults == {"x": 1}


def test_the_repr_is_short():
    assert (
        repr(Prompt("Hi", name="n", version=2)) == "Prompt('Hi', name='n', version=2)"
    )
    assert len(repr(Prompt("x" * 10_000))) < 100
    assert "system, user" in repr(
        Prompt([{"role": "user", "content": "a"}], system="s")
    )


def test_the_html_marks_variables_and_escapes_everything():
    page = Prompt("<b>{{ a }}</b><script>", name="<i>")._repr_html_()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;<mark" in page
    assert "{{ a }}</mark>" in page
    assert "variables: a" in page


def test_the_html_shows_placeholders_and_parts():
    prompt = Prompt(
        [
            {"role": "user", "content": [{"type": "text", "text": "<{{ a }}>"}]},
            {"role": "placeholder", "name": "messages"},
        ]
    )
    page = prompt._repr_html_()
    assert "{{ messages }}</mark>" in page
    assert "&lt;" in page


def test_values_that_print_otherwise_make_another_prompt():
    one, two, three = (Prompt("{{ n }}", defaults={"n": n}) for n in (1, 1.0, True))
    assert len({one, two, three}) == 3
    assert Prompt("{{ n }}", defaults={"n": math.nan}) == Prompt(
        "{{ n }}", defaults={"n": float("nan")}
    )
