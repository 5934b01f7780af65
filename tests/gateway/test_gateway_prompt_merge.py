"""The merge of a version and a request, held against the rules as written down."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.prompts.fields import config_of
from respan_lab.gateway.prompts.merge import merge
from respan_lab.gateway.prompts.request import PromptRequest, read_prompt

OWN = [{"role": "user", "content": "the prompt's"}]
SENT = [{"role": "user", "content": "the request's"}]
EXTRA = [{"role": "user", "content": "the override's"}]

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 1]),
        "max_tokens": st.integers(1, 3),
        "seed": st.integers(0, 2),
        "tools": st.just([{"type": "function"}]),
    },
)
TARGETS = st.sampled_from(["a", "b"]).map(lambda name: {"model": name})


def asked_with(
    fields: dict[str, Any], messages: Any = (), respan: dict[str, Any] | None = None
) -> Asked:
    openai = {**fields, "messages": list(messages)}
    return Asked(openai, dict(respan or {}))


def fields_of(asked: Asked) -> dict[str, Any]:
    return {n: v for n, v in asked.openai.items() if n != "messages"}


@given(FIELDS, FIELDS, FIELDS, TARGETS)
def test_version_2_is_request_then_version_then_patch(
    body: dict[str, Any],
    config: dict[str, Any],
    patch: dict[str, Any],
    target: dict[str, Any],
) -> None:
    asked = asked_with({**body, **target}, SENT)
    request = PromptRequest("p", schema_version=2, override=True, layer=patch)
    merge(asked, request, config=config, messages=OWN)
    assert fields_of(asked) == {**body, **target, **config, **patch}
    assert asked.openai["messages"] == [*OWN, *SENT]
    stronger = {**config, **patch}
    lost = [n for n in body if n in stronger and stronger[n] != body[n]]
    assert [warning.split()[0] for warning in asked.warnings] == lost


@given(FIELDS, FIELDS, FIELDS, TARGETS)
def test_version_1_with_override_is_the_same_with_override_params(
    body: dict[str, Any],
    config: dict[str, Any],
    over: dict[str, Any],
    target: dict[str, Any],
) -> None:
    asked = asked_with({**body, **target})
    request = PromptRequest("p", override=True, layer=over)
    merge(asked, request, config=config, messages=OWN)
    assert fields_of(asked) == {**body, **target, **config, **over}
    assert asked.openai["messages"] == OWN


@given(FIELDS, FIELDS, TARGETS)
def test_version_1_without_override_is_version_then_request(
    body: dict[str, Any], config: dict[str, Any], target: dict[str, Any]
) -> None:
    asked = asked_with(body)
    merge(asked, PromptRequest("p"), config={**config, **target}, messages=OWN)
    assert fields_of(asked) == {**config, **target, **body}
    assert asked.openai["messages"] == OWN
    assert asked.warnings == []


@pytest.mark.parametrize(
    ("request_", "expected", "warned"),
    [
        (PromptRequest("p"), SENT, "in place of the prompt's"),
        (PromptRequest("p", override=True), OWN, "set aside"),
        (PromptRequest("p", override=True, messages=EXTRA), EXTRA, "set aside"),
        (
            PromptRequest("p", override=True, messages=EXTRA, appends=True),
            [*OWN, *EXTRA],
            "set aside",
        ),
    ],
)
def test_messages_of_version_1(
    request_: PromptRequest, expected: list[Any], warned: str
) -> None:
    asked = asked_with({"model": "m"}, SENT)
    merge(asked, request_, config={}, messages=OWN)
    assert asked.openai["messages"] == expected
    assert [w for w in asked.warnings if warned in w]


WEIGHTED = [{"model": "w", "weight": 1}]


@pytest.mark.parametrize(
    ("body", "config", "patch", "target"),
    [
        ({"model": "b"}, {"model": "c"}, {}, {"model": "c"}),
        (
            {"model": "b"},
            {"load_balance_models": WEIGHTED},
            {},
            {"load_balance_models": WEIGHTED},
        ),
        ({"models": ["x", "y"]}, {"model": "c"}, {}, {"model": "c"}),
        (
            {"load_balance_group": {"group_id": "g"}},
            {"model": "c", "load_balance_models": WEIGHTED},
            {"model": "p"},
            {"model": "p"},
        ),
        ({"models": ["x"]}, {"seed": 1}, {}, {"models": ["x"]}),
    ],
)
def test_who_names_a_model_sets_weaker_ones_aside(
    body: dict[str, Any],
    config: dict[str, Any],
    patch: dict[str, Any],
    target: dict[str, Any],
) -> None:
    openai = {n: v for n, v in body.items() if n == "model"}
    respan = {n: v for n, v in body.items() if n != "model"}
    asked = asked_with(openai, respan=respan)
    request = PromptRequest("p", schema_version=2, override=True, layer=patch)
    merge(asked, request, config=config, messages=OWN)
    names = ("model", "models", "load_balance_models", "load_balance_group")
    found = {**asked.openai, **asked.respan}
    assert {n: found[n] for n in names if n in found} == target


def test_fallbacks_go_where_the_gateway_looks_for_them() -> None:
    asked = asked_with({"model": "m"}, respan={"span_name": "kept"})
    config = {"fallback_models": ["f"], "seed": 1}
    merge(asked, PromptRequest("p"), config=config, messages=OWN)
    assert asked.respan == {"span_name": "kept", "fallback_models": ["f"]}
    assert asked.openai == {"model": "m", "seed": 1, "messages": OWN}


def test_what_a_prompt_brings_along_is_looked_through_for_credentials() -> None:
    asked, request = asked_with({}), PromptRequest("p")
    asked.has_credentials = False  # the request itself has none
    said = {"role": "user", "content": "hi", "api_key": "sk-1"}
    merge(asked, request, config={"model": "m"}, messages=[said])
    assert asked.public()["messages"] == [{"role": "user", "content": "hi"}]


def test_a_model_must_come_from_somewhere() -> None:
    asked = asked_with({"model": None})
    with pytest.raises(GatewayFailure, match="nobody names a model") as caught:
        merge(asked, PromptRequest("p"), config={"seed": 1}, messages=OWN)
    assert caught.value.status == 400


def test_the_stream_stays_the_request_s() -> None:
    asked = asked_with({"model": "m", "stream": True, "stream_options": {}})
    merge(asked, PromptRequest("p"), config={}, messages=OWN)
    assert asked.is_stream


def read(**prompt: Any) -> tuple[PromptRequest | None, list[str]]:
    asked = Asked({}, {"prompt": {"prompt_id": "p", **prompt}})
    return read_prompt(asked), asked.warnings


def test_a_request_without_a_prompt_is_none() -> None:
    assert read_prompt(Asked({}, {})) is None
    assert read_prompt(Asked({}, {"prompt": None})) is None


def test_everything_but_the_id_may_be_left_out() -> None:
    assert read() == (PromptRequest("p"), [])
    nulls = dict.fromkeys(("version", "variables", "echo", "override", "patch"))
    assert read(**nulls) == (PromptRequest("p"), [])


@pytest.mark.parametrize(
    ("prompt", "param"),
    [
        ("text", "prompt"),
        ({}, "prompt.prompt_id"),
        ({"prompt_id": 3}, "prompt.prompt_id"),
        ({"prompt_id": ""}, "prompt.prompt_id"),
        ({"version": "3"}, "prompt.version"),
        ({"version": True}, "prompt.version"),
        ({"version": 0}, "prompt.version"),
        ({"version": 1.5}, "prompt.version"),
        ({"version": [1]}, "prompt.version"),
        ({"variables": []}, "prompt.variables"),
        ({"echo": "yes"}, "prompt.echo"),
        ({"override": 1}, "prompt.override"),
        ({"override_params": "x"}, "prompt.override_params"),
        ({"override_config": "x"}, "prompt.override_config"),
        (
            {"override_config": {"messages_override_mode": "replace"}},
            "prompt.override_config.messages_override_mode",
        ),
        ({"schema_version": 3}, "prompt.schema_version"),
        ({"schema_version": True}, "prompt.schema_version"),
        ({"schema_version": [2]}, "prompt.schema_version"),
        ({"patch": []}, "prompt.patch"),
        ({"schema_version": 2, "patch": {"messages": []}}, "prompt.patch.messages"),
        ({"schema_version": 2, "patch": {"input": "x"}}, "prompt.patch.input"),
        (
            {"schema_version": 2, "patch": {"temperature": "hot"}},
            "prompt.patch.temperature",
        ),
        (
            {"override": True, "override_params": {"model": 3}},
            "prompt.override_params.model",
        ),
        (
            {"override": True, "override_params": {"messages": ["hi"]}},
            "prompt.override_params.messages",
        ),
    ],
)
def test_a_wrong_field_is_named(prompt: Any, param: str) -> None:
    if isinstance(prompt, dict) and prompt and "prompt_id" not in prompt:
        prompt = {"prompt_id": "p", **prompt}
    with pytest.raises(GatewayFailure) as caught:
        read_prompt(Asked({}, {"prompt": prompt}))
    assert caught.value.status == 400
    assert caught.value.body["error"]["param"] == param
    assert param in str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "warned"),
    [
        ({"override_params": {"seed": 1}}, "no effect without prompt.override: true"),
        ({"patch": {"seed": 1}}, "prompt.patch is for schema_version 2"),
        (
            {"schema_version": 2, "override": False},
            "prompt.override is for schema_version 1",
        ),
        (
            {"schema_version": 2, "override_params": {"seed": 1}},
            "prompt.override_params is for schema_version 1",
        ),
        ({"schema_version": 2, "patch": {"temprature": 1}}, "prompt.patch.temprature"),
        ({"schema_version": 2, "patch": {"stream": True}}, "prompt.patch.stream"),
        ({"prompt_slug": "x"}, "prompt.prompt_slug has no effect"),
    ],
)
def test_what_has_no_effect_is_said(prompt: dict[str, Any], warned: str) -> None:
    request, warnings = read(**prompt)
    assert request is not None
    assert request.layer == {}
    assert len(warnings) == 1
    assert warned in warnings[0]


@pytest.mark.parametrize(
    ("version", "form"),
    [
        ({}, None),
        ({"response_format": {"type": "text"}}, {"type": "text"}),
        (
            {"json_schema": {"type": "object"}},
            {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": {"type": "object"}},
            },
        ),
        (
            {
                "json_schema": {"type": "object"},
                "response_format": {"type": "json_schema"},
                "is_enforcing_response_format": True,
            },
            {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": {"type": "object"},
                    "strict": True,
                },
            },
        ),
        (
            {"json_schema": {"name": "n", "schema": {}}},
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
        ),
        (
            {
                "json_schema": {"type": "object"},
                "response_format": {"type": "text"},
                "is_enforcing_response_format": False,
            },
            None,
        ),
    ],
)
def test_a_version_s_response_format(version: dict[str, Any], form: Any) -> None:
    assert config_of(version) == ({} if form is None else {"response_format": form})
