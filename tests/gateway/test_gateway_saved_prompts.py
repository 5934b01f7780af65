"""A request that names a saved prompt, and what it becomes."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.prompts.parts import Part
from respan_lab.gateway.prompts.resolve import ResolvedPrompt, resolve
from respan_lab.gateway.store.prompts import Picked, PromptStore
from respan_lab.prompts.bounds import MAX_STEPS
from respan_lab.transport import run

PICTURE = "https://example.org/cat.png"


class Prompts:
    """Saved prompts of a test, and requests that are put through the step."""

    def __init__(self, home: Path) -> None:
        self.store = PromptStore(home)

    def save(self, content: Any, *, name: str = "P", **fields: Any) -> str:
        """Save and deploy a prompt of one user message; give its id."""

        async def go() -> str:
            prompt_id: str = (await self.store.create(name))["id"]
            await self.version(prompt_id, content, **fields)
            await self.store.commit(prompt_id)
            await self.store.deploy(prompt_id, 1)
            return prompt_id

        return run(go())

    def version(self, prompt_id: str, content: Any, **fields: Any) -> Awaitable[Any]:
        messages = [{"role": "user", "content": content}]
        fields = {"messages": messages, "model": "m", **fields}
        return self.store.add_version(prompt_id, fields)

    def resolve(
        self, prompt_id: str, asked: Asked | None = None, **prompt: Any
    ) -> tuple[Asked, ResolvedPrompt]:
        asked = Asked({"messages": []}, {}) if asked is None else asked
        asked.respan["prompt"] = {"prompt_id": prompt_id, **prompt}
        resolved = run(resolve(asked, self.store))
        assert resolved is not None
        return asked, resolved

    def text(self, prompt_id: str, **variables: Any) -> Any:
        asked, _ = self.resolve(prompt_id, variables=variables)
        return asked.openai["messages"][0]["content"]

    def fails(self, prompt_id: str, **prompt: Any) -> GatewayFailure:
        with pytest.raises(GatewayFailure) as caught:
            self.resolve(prompt_id, **prompt)
        return caught.value


@pytest.fixture
def prompts(tmp_path: Path) -> Any:
    made = Prompts(tmp_path)
    yield made
    run(made.store.aclose())


def test_a_request_without_a_prompt_is_left_alone(prompts: Prompts) -> None:
    asked = Asked({"messages": [], "model": "m"}, {"variables": {"a": 1}})
    assert run(resolve(asked, prompts.store)) is None
    assert asked == Asked({"messages": [], "model": "m"}, {"variables": {"a": 1}})


def test_a_prompt_is_put_in(prompts: Prompts) -> None:
    prompt_id = prompts.save(
        "Hi {{ name }}", name="Greeting", temperature=0.5, fallback_models=["f"]
    )
    asked, resolved = prompts.resolve(prompt_id, variables={"name": "Ada"})
    messages = [{"role": "user", "content": "Hi Ada"}]
    assert asked.openai == {"messages": messages, "model": "m", "temperature": 0.5}
    assert asked.respan["fallback_models"] == ["f"]
    assert asked.warnings == []
    assert resolved == ResolvedPrompt(
        prompt_id, 1, "Greeting", {"name": "Ada"}, messages, echo=False
    )


def test_which_version_is_used(prompts: Prompts) -> None:
    prompt_id = prompts.save("one")
    run(prompts.version(prompt_id, "two"))
    run(prompts.version(prompt_id, "three"))
    for which, number in ((None, 1), (2, 2), ("latest", 3)):
        assert prompts.resolve(prompt_id, version=which)[1].version == number


def test_what_does_not_exist_is_404(prompts: Prompts) -> None:
    failure = prompts.fails("nobody")
    assert failure.status == 404
    assert failure.body["error"]["param"] == "prompt.prompt_id"
    failure = prompts.fails(prompts.save("x"), version=9)
    assert failure.status == 404
    assert failure.body["error"]["param"] == "prompt.version"
    assert "it has 1" in str(failure)


def test_what_is_not_deployed_is_400(prompts: Prompts) -> None:
    prompt_id = run(prompts.store.create("Draft"))["id"]
    run(prompts.version(prompt_id, "x"))
    failure = prompts.fails(prompt_id)
    assert failure.status == 400
    assert "commit and deploy one" in str(failure)
    assert failure.body["error"]["param"] == "prompt.version"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ada", "Ada"),
        ("", ""),
        (3, "3"),
        (0.5, "0.5"),
        (True, "True"),
        ({"_type": "text", "value": "Ada"}, "Ada"),
        ("{{ 1 + 1 }}", "{{ 1 + 1 }}"),
    ],
)
def test_plain_values(prompts: Prompts, value: Any, text: str) -> None:
    assert prompts.text(prompts.save("{{ v }}"), v=value) == text


def test_a_json_value_is_read_by_dots(prompts: Prompts) -> None:
    prompt_id = prompts.save("{{ o.who.name }}{% for i in o.n %}{{ i }}{% endfor %}")
    value = {"who": {"name": "Ada"}, "n": [1, 2]}
    assert prompts.text(prompt_id, o={"_type": "json", "value": value}) == "Ada12"


def test_an_object_without_a_type_is_taken_with_a_warning(prompts: Prompts) -> None:
    asked, _ = prompts.resolve(prompts.save("{{ o.a }}"), variables={"o": {"a": 1}})
    assert asked.openai["messages"][0]["content"] == "1"
    assert asked.warnings[0].startswith("prompt.variables.o has no _type")


def test_a_picture_becomes_a_part(prompts: Prompts) -> None:
    prompt_id = prompts.save("See {{ p }} now")
    assert prompts.text(prompt_id, p={"_type": "image_url", "value": PICTURE}) == [
        {"type": "text", "text": "See "},
        {"type": "image_url", "image_url": {"url": PICTURE}},
        {"type": "text", "text": " now"},
    ]


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ({"_type": "image_url", "value": "/etc/passwd"}, "v.value"),
        ({"_type": "image_url", "value": "file:///etc/passwd"}, "v.value"),
        ({"_type": "image_url"}, "v.value"),
        ({"_type": "text", "value": 3}, "v.value"),
        ({"_type": "json", "value": "{}"}, "v.value"),
        ({"_type": "file", "value": "x"}, "v._type"),
        ({"_type": ["text"], "value": "x"}, "v._type"),
        ({"_type": "prompt"}, "v.prompt_id"),
        ({"_type": "prompt", "prompt_id": "p", "version": "1"}, "v.version"),
        ({"_type": "prompt", "prompt_id": "p", "variables": []}, "v.variables"),
        ({"_type": "prompt", "prompt_id": "nobody"}, "v.prompt_id"),
    ],
)
def test_a_wrong_value_is_named(prompts: Prompts, value: Any, param: str) -> None:
    failure = prompts.fails(prompts.save("{{ v }}"), variables={"v": value})
    assert failure.body["error"]["param"] == f"prompt.variables.{param}"


def test_values_missing_are_all_named(prompts: Prompts) -> None:
    prompt_id = prompts.save("{{ a }} {{ b }} {{ c }}", name="Greeting")
    failure = prompts.fails(prompt_id, variables={"b": None, "c": "x"})
    assert failure.status == 400
    assert failure.body["error"]["code"] == "missing_variables"
    assert "prompt 'Greeting' version 1 has no value for 'a', 'b'" in str(failure)
    assert "{{ a | default('') }}" in str(failure)
    assert prompts.text(prompts.save("[{{ a | default('') }}]")) == "[]"


def test_a_version_s_values_are_defaults(prompts: Prompts) -> None:
    prompt_id = prompts.save(
        "{{ a }} {{ b }} {{ c }}", variables=dict.fromkeys("abc", 0)
    )
    asked = Asked({"messages": []}, {"variables": {"b": 1, "c": 1}})
    asked, resolved = prompts.resolve(prompt_id, asked, variables={"c": 2})
    assert asked.openai["messages"][0]["content"] == "0 1 2"
    assert resolved.variables == {"a": 0, "b": 1, "c": 2}


def test_what_is_not_read_is_said(prompts: Prompts) -> None:
    asked = Asked({"messages": []}, {"variables": {"top": 1}})
    prompt_id = prompts.save("{{ a }}", variables={"unread": 1, "a": 1})
    asked, _ = prompts.resolve(prompt_id, asked, variables={"tpyo": 1})
    assert [warning.split()[0] for warning in asked.warnings] == [
        "prompt.variables.top",
        "prompt.variables.tpyo",
    ]


def test_a_stream_of_the_version_starts_none(prompts: Prompts) -> None:
    prompt_id = prompts.save("x", stream=True)
    asked, _ = prompts.resolve(prompt_id)
    assert not asked.is_stream
    assert "stream: true" in asked.warnings[0]
    streaming = Asked({"messages": [], "stream": True}, {})
    asked, _ = prompts.resolve(prompt_id, streaming)
    assert asked.is_stream
    assert asked.warnings == []


def test_echo_is_handed_on(prompts: Prompts) -> None:
    prompt_id = prompts.save("x")
    assert prompts.resolve(prompt_id, echo=True)[1].echo
    sent = [{"role": "user", "content": "more"}]
    asked, resolved = prompts.resolve(
        prompt_id, Asked({"messages": sent}, {}), schema_version=2
    )
    assert resolved.messages == [{"role": "user", "content": "x"}]
    assert asked.openai["messages"] == [*resolved.messages, *sent]


def child_of(prompt_id: str, **more: Any) -> dict[str, Any]:
    return {"_type": "prompt", "prompt_id": prompt_id, **more}


def test_a_prompt_in_a_variable_is_rendered_first(prompts: Prompts) -> None:
    child = prompts.save("be {{ how }}", variables={"how": "kind"})
    parent = prompts.save("Please {{ rule }}!", variables={"rule": child_of(child)})
    assert prompts.text(parent) == "Please be kind!"
    value = child_of(child, variables={"how": "brief"}, version=1)
    asked, resolved = prompts.resolve(parent, variables={"rule": value})
    assert asked.openai["messages"][0]["content"] == "Please be brief!"
    assert resolved.variables == {"rule": {**value, "_rendered_result": "be brief"}}


def test_a_prompt_of_several_messages_is_flattened(prompts: Prompts) -> None:
    messages = [
        {"role": "system", "content": "one"},
        {"role": "user", "content": [{"type": "text", "text": "two"}]},
        {"role": "assistant", "content": None},
    ]
    child = prompts.save("", messages=messages)
    assert prompts.text(prompts.save("{{ c }}"), c=child_of(child)) == "one\n\ntwo"


def test_a_picture_cannot_be_flattened(prompts: Prompts) -> None:
    part = {"type": "image_url", "image_url": {"url": PICTURE}}
    child = prompts.save([part])
    failure = prompts.fails(prompts.save("{{ c }}"), variables={"c": child_of(child)})
    assert "only texts" in str(failure)


def test_prompts_lie_two_deep_at_most(prompts: Prompts) -> None:
    third = prompts.save("3")
    second = prompts.save("2{{ c }}", variables={"c": child_of(third)})
    first = prompts.save("1{{ c }}", variables={"c": child_of(second)})
    assert prompts.text(first) == "123"
    failure = prompts.fails(prompts.save("0{{ c }}"), variables={"c": child_of(first)})
    assert failure.status == 400
    assert "at most 2 deep" in str(failure)


def test_a_prompt_cannot_hold_itself(prompts: Prompts) -> None:
    prompt_id = prompts.save("{{ c }}")
    failure = prompts.fails(prompt_id, variables={"c": child_of(prompt_id)})
    assert failure.status == 400
    assert f"{prompt_id} > {prompt_id}" in str(failure)


def test_a_request_is_made_of_so_many_prompts_at_most(prompts: Prompts) -> None:
    child, parent = prompts.save("c"), prompts.save("p")
    many = {f"v{i}": child_of(child) for i in range(50)}
    assert "at most 50 prompts" in str(prompts.fails(parent, variables=many))


def test_prompts_in_prompts_share_one_bound(prompts: Prompts) -> None:
    loop = f"{{% for i in range({MAX_STEPS // 2 + 1}) %}}{{% endfor %}}"
    child = prompts.save(loop)
    parent = prompts.save(loop + "{{ c }}")
    failure = prompts.fails(parent, variables={"c": child_of(child)})
    assert failure.status == 400
    assert f"{MAX_STEPS} steps" in str(failure)


def test_a_template_that_fails_is_400(prompts: Prompts) -> None:
    failure = prompts.fails(prompts.save("{{ 1 // n }}"), variables={"n": 0})
    assert failure.status == 400
    assert failure.body["error"]["code"] == "prompt_failed"
    assert "prompt 'P' version 1" in str(failure)


@pytest.mark.parametrize(
    ("template", "is_quick"),
    [
        ("Hi {{ name }}, {{ order.number }}", True),
        ("plain", True),
        ("{% for i in xs %}{% endfor %}", False),
        ("{{ xs | sort }}", False),
        ("{{ 'x' * 1000000 }}", False),
        ("{{ f(1) }}", False),
        ("{{ name }" + "} {{ name }}", True),
        ("x" * 20_000, False),
    ],
)
def test_what_may_take_long_has_a_thread(template: str, is_quick: bool) -> None:
    """Other calls go on meanwhile."""
    version = {"messages": [{"role": "user", "content": template}], "version": 1}
    part = Part(Picked("p", "P", {**version, "variables": None}), {}, "prompt")
    assert part.is_quick is is_quick
    outer = Part(part.picked._replace(version=QUICK), {}, "prompt", {"c": part})
    assert outer.is_quick is is_quick


QUICK = {
    "messages": [{"role": "user", "content": "{{ c }}"}],
    "version": 1,
    "variables": None,
}


def test_version_variables_of_other_types_are_refused(prompts: Prompts) -> None:
    asked = Asked({"messages": []}, {"variables": ["x"]})
    with pytest.raises(GatewayFailure, match="variables is of type list"):
        prompts.resolve(prompts.save("x"), asked)
