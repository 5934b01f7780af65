"""How the three channels of a request are merged, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.asking.channels import merge, read
from respan_lab.gateway.asking.fields import KNOWN, check_fields
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.wire import RESPAN_FIELDS

CALL: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def header(params: Any, name: str = "x-data-respan-params") -> dict[str, str]:
    return {name: base64.b64encode(json.dumps(params).encode()).decode()}


def test_top_level_beats_container_beats_header() -> None:
    asked = merge(
        {**CALL, "note": "top", "respan_params": {"note": "in", "category": "in"}},
        header({"note": "head", "category": "head", "span_name": "head"}),
    )
    assert asked.respan == {"note": "top", "category": "in", "span_name": "head"}
    assert {warning.split()[0] for warning in asked.warnings} == {"note", "category"}


def test_the_same_value_twice_is_no_conflict() -> None:
    asked = merge({**CALL, "note": "x", "respan_params": {"note": "x"}}, {})
    assert asked.warnings == []


def test_legacy_names_are_folded_in() -> None:
    asked = merge(
        {
            "keywordsai_params": {"note": "old", "category": "old"},
            "respan_params": {"note": "new"},
        },
        header({"span_name": "s"}, "x-data-keywordsai-params"),
    )
    assert asked.respan == {"note": "new", "category": "old", "span_name": "s"}


def test_the_new_header_beats_the_legacy_one() -> None:
    both = header({"note": "new"}) | header({"note": "old"}, "x-data-keywordsai-params")
    assert merge({}, both).respan == {"note": "new"}


def test_objects_are_replaced_whole_but_variables_merge() -> None:
    asked = merge(
        {"variables": {"a": 1}, "metadata": {"a": "1"}},
        header({"variables": {"a": 2, "b": 2}, "metadata": {"b": "2"}}),
    )
    assert asked.respan["variables"] == {"a": 1, "b": 2}
    assert asked.respan["metadata"] == {"a": "1"}


def test_a_container_may_be_json_text() -> None:
    assert merge({"respan_params": '{"note": "x"}'}, {}).respan == {"note": "x"}


@pytest.mark.parametrize("name", ["respan_params", "keywordsai_params"])
@pytest.mark.parametrize("value", [[], 1, True, "[1]", "nonsense"])
def test_a_malformed_container_is_ignored_with_the_header(
    name: str, value: Any
) -> None:
    asked = merge({**CALL, "note": "top", name: value}, header({"span_name": "s"}))
    assert asked.respan == {"note": "top"}
    assert any(name in warning for warning in asked.warnings)


def test_half_a_character_is_replaced_in_every_channel() -> None:
    body = {**CALL, "note": "\ud83d", "respan_params": '{"category": "\\ud83d"}'}
    asked = read(json.dumps(body).encode(), header({"span_name": "\ud83d"}))
    assert set(asked.respan.values()) == {"\ufffd"}


@pytest.mark.parametrize("value", ["%%%", "bm9uc2Vuc2U=", "WzFd"])
def test_a_malformed_header_is_ignored_alone(value: str) -> None:
    asked = merge({"respan_params": {"note": "in"}}, {"x-data-respan-params": value})
    assert asked.respan == {"note": "in"}
    assert "X-Data-Respan-Params" in asked.warnings[0]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    body = json.dumps({**CALL, "metadata": {"n": "N"}}).replace('"N"', number)
    with pytest.raises(GatewayFailure) as caught:
        read(body.encode(), {})
    assert (caught.value.status, caught.value.body["error"]["code"]) == (
        400,
        "invalid_json",
    )
    assert number in caught.value.message
    inner = f'{{"note": {number}}}'
    head = {"x-data-respan-params": base64.b64encode(inner.encode()).decode()}
    asked = merge({**CALL, "respan_params": inner}, head)
    assert asked.respan == {}
    assert len(asked.warnings) == 2
    assert read(body.replace(number, "1.5e3").encode(), {}).respan["metadata"]


@pytest.mark.parametrize(
    "name", ["respan_params", "keywordsai_params", "credential_override", "note"]
)
def test_respans_own_fields_are_not_forwarded_and_it_is_said(name: str) -> None:
    inner = {"credential_override": {"m": "sk-own"}}
    body = {**CALL, name: inner, "top_k": 3}
    asked = merge(body, {"x-respan-lab-forward": f"top_k, {name},"})
    assert asked.openai == {**CALL, "top_k": 3}
    assert [name in said for said in asked.warnings] == [True]
    assert "X-Respan-Lab-Forward" in asked.warnings[0]


def test_openai_fields_belong_at_the_top() -> None:
    asked = merge({**CALL, "respan_params": {"temperature": 1}}, {})
    assert "temperature" not in asked.openai
    assert "temperature belongs at the top level" in asked.warnings[0]


def test_null_is_as_good_as_absent() -> None:
    assert merge({"note": None, "respan_params": {"note": "in"}}, {}).respan == {
        "note": "in"
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)
_FIELDS = st.dictionaries(
    st.sampled_from(["note", "category", "variables", "model", "typo"]), _JSON
)


@given(top=_FIELDS, inner=_FIELDS | _JSON, head=_FIELDS | _JSON)
def test_merging_never_fails_and_the_top_wins(top: Any, inner: Any, head: Any) -> None:
    asked = merge({**top, "respan_params": inner}, header(head))
    for name in ("note", "category"):
        if top.get(name) is not None:
            assert asked.respan[name] == top[name]
    assert "typo" not in asked.respan
    assert "typo" not in asked.openai
    assert "respan_params" not in asked.openai


@given(top=_FIELDS, inner=_FIELDS, head=_FIELDS)
def test_by_the_newer_reading_the_container_wins_and_variables_do_not(
    top: Any, inner: Any, head: Any
) -> None:
    asked = merge({**top, "respan_params": inner}, header(head), "newer")
    for name in ("note", "category"):
        said = [
            layer[name] for layer in (inner, head, top) if layer.get(name) is not None
        ]
        assert asked.respan.get(name) == (said[0] if said else None)
    if isinstance(top.get("variables"), dict):
        assert asked.respan["variables"].items() >= top["variables"].items()


@given(
    layers=st.permutations(["top", "inner", "head"]),
    precedence=st.sampled_from(["seed", "newer"]),
)
def test_variables_are_merged_key_by_key(layers: Any, precedence: Any) -> None:
    top, inner, head = ({"variables": {name: 1, "all": name}} for name in layers)
    asked = merge({**top, "respan_params": inner}, header(head), precedence)
    assert asked.respan["variables"] == {**dict.fromkeys(layers, 1), "all": layers[0]}


WRONG = {
    "cache_enabled": "yes",
    "cache_options": {"omit_log": "yes"},
    "cache_ttl": 0,
    "credential_override": ["sk-1"],
    "custom_identifier": 7,
    "customer_credentials": {"openai": 5},
    "customer_params": {"name": "without an identifier"},
    "disable_log": "true",
    "exclude_models": "m",
    "exclude_providers": {"openai": True},
    "fallback_models": [1],
    "frequency_penalty": 3,
    "load_balance_group": "g",
    "load_balance_models": [{"model": "m", "weight": 0}],
    "logit_bias": [1],
    "max_tokens": 1.5,
    "metadata": "text",
    "model_name_map": {"a": 1},
    "models": "a, b",
    "n": 0,
    "positive_feedback": "liked",
    "presence_penalty": "much",
    "properties": [],
    "request_breakdown": 1,
    "respan_params": None,
    "retries": -1,
    "retry_params": {"num_retries": 2},
    "span_name": 1,
    "temperature": 2.5,
    "thread_identifier": {},
    "tools": "search",
    "weight": 0,
}


@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"respan_params"}))
def test_a_wrong_type_is_refused_by_name(name: str) -> None:
    with pytest.raises(GatewayFailure, match=name) as caught:
        read(json.dumps({**CALL, name: WRONG[name]}).encode(), {})
    assert caught.value.status == 400
    assert caught.value.body["error"]["param"] == name
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(RESPAN_FIELDS & WRONG.keys()))
def test_it_is_refused_in_every_channel(name: str) -> None:
    if WRONG[name] is not None:
        with pytest.raises(GatewayFailure):
            read(json.dumps(CALL).encode(), header({name: WRONG[name]}))


@pytest.mark.parametrize(
    "name", ["mock_response", "first_token_timeout", "eval_params"]
)
def test_what_is_not_honoured_is_refused_by_name(name: str) -> None:
    with pytest.raises(GatewayFailure, match=f"`{name}`"):
        read(json.dumps({**CALL, name: "x"}).encode(), {})


@pytest.mark.parametrize(
    "fields",
    [
        {"cache_enabled": False},
        {"retries": 0},
        {"retry_params": {"retry_enabled": False, "num_retries": 3}},
        {"fallback_models": []},
        {"exclude_models": []},
        {"request_breakdown": True},
        {"disable_fallback": True},
        {"custom_identifier": "x"},
        {"metadata": {"who": "me"}, "properties": {"n": 1}},
        {"mock_response": None},
    ],
)
def test_what_needs_no_word_is_accepted_in_silence(fields: dict[str, Any]) -> None:
    assert warnings_of(fields) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"weight": 2}, "weight has no effect"),
        ({"exclude_models": ["m"]}, "exclude_models has no effect without a router"),
        ({"models": ["m"], "exclude_models": ["m"]}, "without a router"),
        (
            {"disable_fallback": True, "fallback_models": ["m"]},
            "fallback_models has no effect beside disable_fallback",
        ),
        (
            {"cache_enabled": True, "cache_options": {"cache_by_customer": True}},
            "cache_by_customer has no effect without a customer",
        ),
        (
            {"credential_override": {"m": {"api_key": "sk-1", "api_version": "2"}}},
            "credential_override['m'].api_version is not used",
        ),
        (
            {"customer_params": {"customer_identifier": "c", "metadata": {"a": "b"}}},
            "customer_params.metadata has no effect",
        ),
        ({"exclude_providers": ["p"]}, "exclude_providers has no effect"),
        ({"cache_ttl": 60}, "cache_ttl has no effect without `cache_enabled`"),
        (
            {"retries": 2, "retry_params": {"retry_enabled": True}},
            "retries has no effect beside retry_params",
        ),
        (
            {"customer_params": {"customer_identifier": "c", "rate_limit": 3}},
            "customer_params.rate_limit is recorded and not enforced",
        ),
        ({"metadata": {"n": 1}}, "metadata.n is kept as a text"),
        ({"metadata": {"_n": "1"}}, "metadata._n is dropped"),
        ({"span_name": "x" * 256}, "span_name was cut"),
        ({"retries": 11}, "more than 10 retries are not made"),
        ({"cache_options": {"typo": 1}, "cache_enabled": True}, "ignored: cache_"),
    ],
)
def test_what_has_no_effect_is_said(fields: dict[str, Any], said: str) -> None:
    (warning,) = warnings_of(fields)
    assert said in warning


def test_every_unknown_field_inside_an_object_is_said() -> None:
    options = {"aa": 1, "bb": 2, "omit_log": True}
    said = warnings_of({"cache_enabled": True, "cache_options": options})
    assert [warning.split()[1] for warning in said] == [
        "cache_options.aa",
        "cache_options.bb",
    ]


def warnings_of(fields: dict[str, Any]) -> list[str]:
    asked = Asked({}, fields)
    check_fields(asked)
    return asked.warnings


def test_whole_numbers_may_be_written_as_doubles() -> None:
    asked = read(json.dumps({**CALL, "max_tokens": 32.0, "n": 2.0}).encode(), {})
    assert (asked.openai["max_tokens"], asked.openai["n"]) == (32, 2)
    assert type(asked.openai["max_tokens"]) is int


def test_every_field_of_the_contract_is_known() -> None:
    assert RESPAN_FIELDS - {"respan_params"} <= KNOWN


def test_a_long_customer_identifier_is_refused() -> None:
    assert warnings_of({"customer_identifier": "x" * 254}) == []
    with pytest.raises(GatewayFailure, match="at most 254"):
        warnings_of({"customer_identifier": "x" * 255})


@pytest.mark.parametrize(
    "messages",
    [None, "hi", {}, [], ["hi"], [[]], [{}], [{"role": "user", "content": 5}]],
)
def test_messages_are_a_list_of_objects(messages: Any) -> None:
    with pytest.raises(GatewayFailure, match="messages"):
        read(json.dumps({"model": "m", "messages": messages}).encode(), {})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"[]", "it is 'list'"),
        (b"null", "it is 'NoneType'"),
        (b"\xff", "codec can't decode"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"n": %s}' % (b"9" * 5000), "digits"),
    ],
)
def test_a_body_that_is_no_object_is_400(body: bytes, said: str) -> None:
    with pytest.raises(GatewayFailure, match=f"must be a JSON object: .*{said}"):
        read(body, {})


def test_null_is_not_sent_on() -> None:
    body = {**CALL, "temperature": None, "stop": None}
    assert read(json.dumps(body).encode(), {}).openai == CALL


def test_an_empty_model_or_pin_counts_as_absent() -> None:
    body = json.dumps({**CALL, "model": ""}).encode()
    asked = read(body, {"x-respan-route-provider": ""})
    assert (asked.openai.get("model"), asked.route_provider) == (None, None)


def test_counts_inside_objects_may_be_doubles() -> None:
    params = {"retry_enabled": True, "num_retries": 2.0}
    prompt = {"prompt_id": "p", "version": 3.0, "schema_version": 2.0}
    body = {**CALL, "retry_params": params, "prompt": prompt}
    respan = read(json.dumps(body).encode(), {}).respan
    assert respan["retry_params"]["num_retries"] == 2
    assert type(respan["prompt"]["version"]) is int


def test_unknown_beta_flags_are_ignored_with_a_warning() -> None:
    betas = {"x-respan-beta": "token-breakdown-2026-03-26, what-2030"}
    asked = read(json.dumps(CALL).encode(), betas)
    assert asked.warnings == ["unknown beta flag 'what-2030'"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stop", [1] * 10_001),
        ("tools", [[]] * 10_001),
        ("logit_bias", {str(at): "x" for at in range(10_001)}),
        ("load_balance_group", {"group_id": "g", "models": [{}] * 10_001}),
    ],
)
def test_a_huge_list_is_not_explained_entry_by_entry(name: str, value: Any) -> None:
    with pytest.raises(GatewayFailure, match=f"{name} has a list.*10000") as failure:
        read(json.dumps({**CALL, name: value}).encode(), {})
    assert failure.value.status == 400


def test_a_variable_may_be_a_long_list() -> None:
    body = {**CALL, "variables": {"rows": [1] * 10_001}}
    assert read(json.dumps(body).encode(), {}).respan["variables"] == body["variables"]
