"""The form of a prompt: what its fields are, and what it stands for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import respan_lab as lab
from respan_lab.widgets import PromptForm

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00"
    b"\x00\x00\x1f\x15\xc4\x89"
)


def _field(form: PromptForm, name: str) -> Any:
    return form._fields[name].widget


def _problems(form: PromptForm) -> dict[str, str]:
    return {
        name: field._problem.value
        for name, field in form._fields.items()
        if field._problem.value
    }


def _run(form: PromptForm, **names: Any) -> PromptForm:
    space: dict[str, Any] = dict(names)
    exec(form.to_code(), space)
    again: PromptForm = space["form"]
    return again


def test_fields_follow_the_types_of_values() -> None:
    form = PromptForm(
        lab.Prompt(
            "{{ a }}{{ b }}{{ c }}{{ d }}{{ e }}{{ f }}",
            defaults={"a": True, "b": 2, "c": 0.5, "d": "x", "e": [1]},
        ),
        choices={"f": ["u", "v"]},
    )
    kinds = {name: type(_field(form, name)).__name__ for name in "abcdef"}
    assert kinds == {
        "a": "Checkbox",
        "b": "IntText",
        "c": "FloatText",
        "d": "Textarea",
        "e": "Textarea",
        "f": "Dropdown",
    }
    assert form.values == {"a": True, "b": 2, "c": 0.5, "d": "x", "e": [1]}


def test_keys_change_values_and_the_preview() -> None:
    form = PromptForm("Say {{ word }}!")
    heard: list[dict[str, Any]] = []
    form.observe(lambda change: heard.append(change["new"]), "values")
    _field(form, "word").value = "yes"
    assert form.values == {"word": "yes"}
    assert heard == [{"word": "yes"}]
    assert form.rendered == [{"role": "user", "content": "Say yes!"}]
    assert form._preview.messages == [
        {"role": "user", "pieces": [["Say ", False], ["yes", True], ["!", False]]}
    ]


def test_what_is_wrong_stands_at_its_field() -> None:
    form = PromptForm("{{ a }}{{ b }}{{ c }}", {"c": {"x": 1}})
    assert sorted(_problems(form)) == ["a", "b"]
    _field(form, "a").value = "1"
    _field(form, "c").value = "{"
    assert sorted(_problems(form)) == ["b", "c"]
    assert "no JSON" in _problems(form)["c"]
    with pytest.raises(lab.PromptError, match="'c' is a list or a dict"):
        _ = form.rendered
    _field(form, "b").value = "2"
    _field(form, "c").value = '{"x": 2}'
    assert not _problems(form)
    assert form.rendered[0]["content"] == "12{'x': 2}"


def test_a_template_that_fails_says_so_below() -> None:
    form = PromptForm("{{ 1 / n }}", {"n": 1})
    _field(form, "n").value = 0
    assert "division by zero" in form._preview.problem
    _field(form, "n").value = 2
    assert form._preview.problem == ""


def test_an_emptied_text_is_a_value_only_where_one_was_given() -> None:
    form = PromptForm(lab.Prompt("{{ a }}{{ b }}", defaults={"a": "x"}))
    _field(form, "a").value = ""
    _field(form, "b").value = "y"
    assert form.values == {"a": "", "b": "y"}
    _field(form, "b").value = ""
    assert form.values == {"a": ""}


def test_values_can_be_set() -> None:
    form = PromptForm(lab.Prompt("{{ a }} {{ n }}", defaults={"n": 1}))
    form.values = {"a": "x", "n": 5}
    assert (_field(form, "a").value, _field(form, "n").value) == ("x", 5)
    form.values = {"n": "five"}  # another type takes another field
    assert form.rendered[0]["content"] == "x five"
    with pytest.raises(lab.ConfigError, match="no variable 'nobody'"):
        form.values = {"nobody": 1}
    assert form.values["a"] == "x"


def test_another_prompt_keeps_the_values_of_variables_that_stay() -> None:
    form = PromptForm("{{ a }}{{ b }}", {"a": "1", "b": "2"})
    form.prompt = lab.Prompt("{{ b }}-{{ c }}")
    assert form.values == {"b": "2"}
    assert list(form._fields) == ["b", "c"]


def test_a_picture_is_uploaded() -> None:
    form = PromptForm(
        "Look: {{ cat }}", {"cat": lab.image("https://example.org/cat.png")}
    )
    assert form.rendered[0]["content"][1]["image_url"]["url"].startswith("https:")
    _field(form, "cat").value = (
        {"name": "a.png", "type": "image/png", "size": 9, "content": memoryview(PNG),
         "last_modified": datetime(2026, 1, 1, tzinfo=UTC)},
    )  # fmt: skip
    assert form.rendered[0]["content"][1]["image_url"]["url"].startswith("data:image")


def test_the_code_gives_the_same_state() -> None:
    form = PromptForm(
        lab.Prompt("Hi {{ a }}\n{{ b }}", name="hi", defaults={"b": 1}),
        {"a": "<b>'x'</b>\n"},
        choices={"b": [1, 2]},
        models="sim/small",
        max_tokens=9,
    )
    _field(form, "b").value = 2
    again = _run(form)
    assert (again.prompt, again.values) == (form.prompt, form.values)
    assert again.rendered == form.rendered
    assert again.to_code() == form.to_code()


def test_what_it_shows_without_a_kernel_is_escaped_and_keyless() -> None:
    client = lab.Client("a-secret-key", "http://127.0.0.1:9/api")
    form = PromptForm("{{ a }}", {"a": "<script>"}, models="m", client=client)
    data, _ = form._repr_mimebundle_()
    assert "<script>" not in data["text/html"]
    assert "&lt;script&gt;" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(form)
    said = repr([form, form.to_code(), form.get_state(), form._preview.get_state()])
    assert "a-secret-key" not in said + data["text/html"]
    assert "client=client" in form.to_code()


def test_a_value_for_no_variable_is_refused() -> None:
    with pytest.raises(lab.ConfigError, match="no variable 'b'; its variables are 'a'"):
        PromptForm("{{ a }}", {"b": 1})
