from __future__ import annotations

import base64
import json
from collections import Counter

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.wire import RESPAN_FIELDS, ChatRequest, chat_request

HEADER = "X-Data-Respan-Params"
OPENAI_PARAMS = st.fixed_dictionaries(
    {}, optional={"temperature": st.floats(0, 2), "n": st.integers(1, 5)}
)
RESPAN_PARAMS = {
    "fallback_models": st.lists(st.sampled_from(["a", "b"])),
    "metadata": st.dictionaries(st.text("abc", min_size=1), st.text()),
    "custom_identifier": st.text(),
    "request_breakdown": st.booleans(),
    "cache_enabled": st.booleans(),
    "cache_ttl": st.integers(1, 100),
    "weight": st.integers(1, 5),
    "properties": st.dictionaries(st.text(), st.integers()),
}


def decode(request: ChatRequest) -> tuple[dict, Counter]:
    """What a gateway understands, and how often each key travelled."""
    box = request.body.get("respan_params", {})
    header = request.headers.get(HEADER)
    hidden = json.loads(base64.b64decode(header)) if header else {}
    top = {k: v for k, v in request.body.items() if k != "respan_params"}
    return {**hidden, **box, **top}, Counter([*top, *box, *hidden])


@given(
    OPENAI_PARAMS,
    st.fixed_dictionaries({}, optional=RESPAN_PARAMS),
    st.sets(st.sampled_from(sorted(RESPAN_PARAMS))),
)
def test_each_key_travels_once_and_says_the_same(
    openai: dict, own: dict, boxed: set
) -> None:
    box = {name: own[name] for name in own if name in boxed}
    top = {name: own[name] for name in own if name not in boxed}
    plain = chat_request("Hi", model="m", params={**openai, **own})
    understood, _ = decode(plain)
    for channel in ("top", "params", "header"):
        for params in ({**openai, **own}, {**openai, **top, "respan_params": box}):
            request = chat_request("Hi", model="m", channel=channel, params=params)
            said, times = decode(request)
            assert said == understood
            assert set(times.values()) == {1}


def test_channels_put_respans_fields_where_they_say() -> None:
    params = {"temperature": 0, "metadata": {"a": "b"}, "request_breakdown": True}
    own = {"metadata": {"a": "b"}, "request_breakdown": True}
    rest = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    rest["temperature"] = 0
    top, box, hidden = (
        chat_request("Hi", model="m", channel=channel, params=params)
        for channel in ("top", "params", "header")
    )
    assert (top.body, top.headers) == ({**rest, **own}, {})
    assert (box.body, box.headers) == ({**rest, "respan_params": own}, {})
    assert hidden.body == rest
    assert json.loads(base64.b64decode(hidden.headers[HEADER])) == own


def test_fields_are_sent_in_the_order_given() -> None:
    given_ = {"weight": 2, "metadata": {}, "cache_enabled": False, "properties": {}}
    for names in (list(given_), list(reversed(given_))):
        params = {name: given_[name] for name in names}
        request = chat_request("Hi", model="m", params=params)
        assert list(request.body) == ["model", "messages", *names]


def test_the_container_stays_a_container() -> None:
    box = {"cache_enabled": True, "weight": None}
    params = {"respan_params": box, "metadata": {"a": "b"}}
    body = chat_request("Hi", model="m", params=params).body
    assert body["respan_params"] == {"cache_enabled": True, "cache_ttl": 2592000}
    assert body["metadata"] == {"a": "b"}


def test_nothing_is_added_to_what_was_set() -> None:
    request = chat_request("Hi", model="m", params={})
    assert list(request.body) == ["model", "messages"]
    assert request.headers == {}
    assert request.stream is False
    assert request.output_type is None


def test_a_stream_says_so() -> None:
    request = chat_request("Hi", model="m", stream=True, params={})
    assert request.stream
    assert request.body["stream"] is True


@pytest.mark.parametrize(
    ("params", "ttl"),
    [
        ({"cache_enabled": True}, 2592000),
        ({"cache_enabled": True, "cache_ttl": 5}, 5),
        ({"cache_enabled": False}, None),
        ({}, None),
    ],
)
def test_caching_always_says_for_how_long(params: dict, ttl: int | None) -> None:
    assert chat_request("Hi", model="m", params=params).body.get("cache_ttl") == ttl


@pytest.mark.parametrize(
    ("name", "given_", "sent"),
    [
        ("stop", "END", ["END"]),
        ("customer_credentials", {"openai": "k"}, {"openai": {"api_key": "k"}}),
        ("credential_override", {"gpt": "k"}, {"gpt": {"api_key": "k"}}),
        (
            "load_balance_models",
            [{"model": "a", "weight": 0.75}, {"model": "b", "weight": 0.25}],
            [{"model": "a", "weight": 3}, {"model": "b", "weight": 1}],
        ),
        (
            "load_balance_group",
            {"group_id": "g", "models": [{"model": "a", "weight": 2.0}]},
            {"group_id": "g", "models": [{"model": "a", "weight": 1}]},
        ),
    ],
)
def test_fields_take_the_form_every_gateway_reads(name, given_, sent) -> None:
    body = chat_request("Hi", model="m", params={name: given_}).body
    assert body[name] == sent


class Intent(pydantic.BaseModel):
    label: str


def test_a_pydantic_class_is_sent_as_its_schema_and_kept() -> None:
    request = chat_request("Hi", model="m", params={"response_format": Intent})
    assert request.output_type is Intent
    form = request.body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["name"] == "Intent"
    json.dumps(request.body)


def test_another_class_is_refused() -> None:
    with pytest.raises(ConfigError, match="the class dict"):
        chat_request("Hi", model="m", params={"response_format": dict})


@pytest.mark.parametrize(
    ("messages", "model", "params"),
    [
        ("Hi", "m", {}),
        ("Hi", None, {"models": ["a", "b"]}),
        ("Hi", None, {"load_balance_models": [{"model": "a", "weight": 1}]}),
        ("Hi", None, {"load_balance_group": {"group_id": "g"}}),
        ("Hi", "m", {"load_balance_group": {"group_id": "g"}}),
        ("Hi", "m", {"load_balance_models": [{"model": "a", "weight": 1}]}),
        (None, None, {"prompt": {"prompt_id": "p"}}),
        ([], None, {"prompt": {"prompt_id": "p"}}),
        (None, None, {"respan_params": {"prompt": {"prompt_id": "p"}}}),
    ],
)
def test_enough_to_send(messages, model, params: dict) -> None:
    assert ("model" in chat_request(messages, model=model, params=params).body) is (
        model is not None
    )


@pytest.mark.parametrize(
    ("messages", "arguments", "said"),
    [
        (None, {"model": "m"}, "there are no messages"),
        ([], {"model": "m"}, "there are no messages"),
        ("Hi", {}, "no model is given"),
        ("Hi", {"model": ""}, "model is ''"),
        ("Hi", {"model": ["a", "b"]}, "model is"),
        ("Hi", {"model": "m", "channel": "body"}, "'top', 'params' and 'header'"),
        ("Hi", {"model": "m", "route_provider": "a\r\nX: y"}, "route_provider holds"),
        ("Hi", {"model": "m", "beta": ["a b"]}, "beta holds"),
        (
            "Hi",
            {"model": "m", "extra": {"temperature": 1}},
            "extra holds 'temperature'",
        ),
        ("Hi", {"model": "m", "extra": {"stream": True}}, "extra holds 'stream'"),
        ("Hi", {"model": "m", "extra": {"x": float("nan")}}, r"extra\.x is nan"),
        (7, {"model": "m"}, "messages is a int"),
        (["Hi"], {"model": "m"}, r"messages\[0\] is a str"),
        ([{}], {"model": "m"}, "role None"),
        ([{"role": "asistant", "content": "a"}], {"model": "m"}, "'asistant'"),
        ([{"role": "user"}], {"model": "m"}, r"messages\[0\] \(user\)"),
        ([{"role": "user", "content": 5}], {"model": "m"}, "of type int"),
        ([{"role": "user", "content": ["a"]}], {"model": "m"}, "not readable"),
        ([{"role": "user", "content": b"a"}], {"model": "m"}, r"lab\.image"),
    ],
)
def test_refused_before_anything_is_sent(messages, arguments: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        chat_request(messages, **{"params": {}, **arguments})


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"weight": 1, "respan_params": {"weight": 2}}, "weight stand both"),
        ({"respan_params": {"temperature": 1}}, "inside respan_params"),
        ({"respan_params": {"respan_params": {}}}, "inside respan_params"),
        ({"respan_params": {"metdata": {}}}, "did you mean metadata"),
        ({"respan_params": {"cache_ttl": -1}}, "cache_ttl is -1"),
        ({"metadata": {"_private": "x"}}, "'_private'"),
    ],
)
def test_params_that_contradict_are_refused(params: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        chat_request("Hi", model="m", params=params)


def test_a_header_too_long_for_proxies_is_refused() -> None:
    params = {"metadata": {"a": "x" * 5000}}
    with pytest.raises(ConfigError, match="channel='top'"):
        chat_request("Hi", model="m", channel="header", params=params)


def test_routing_headers() -> None:
    request = chat_request(
        "Hi", model="m", route_provider="vertex_ai", beta=("a-1", "b-2"), params={}
    )
    assert request.headers == {
        "X-Respan-Route-Provider": "vertex_ai",
        "X-Respan-Beta": "a-1,b-2",
    }
    one = chat_request("Hi", model="m", beta="a-1", params={})
    assert one.headers == {"X-Respan-Beta": "a-1"}


def test_extra_goes_to_the_top_level_as_it_is() -> None:
    for channel in ("top", "params", "header"):
        request = chat_request(
            "Hi", model="m", channel=channel, extra={"top_k": (1,)}, params={}
        )
        assert request.body["top_k"] == [1]


def test_messages_are_copied_and_cleaned() -> None:
    part = {"type": "text", "text": "a\ud800"}
    messages = ({"role": "user", "content": [part]}, {"role": "assistant"})
    body = chat_request(messages, model="m", params={}).body
    assert body["messages"][0]["content"] == [{"type": "text", "text": "a\ufffd"}]
    assert part["text"] == "a\ud800"
    json.dumps(body, ensure_ascii=False).encode()


class Spoken(pydantic.BaseModel):
    role: str = "assistant"
    content: str | None = None
    refusal: str | None = None


def test_another_sdks_message_will_do() -> None:
    body = chat_request([Spoken(content="Hi")], model="m", params={}).body
    assert body["messages"] == [{"role": "assistant", "content": "Hi"}]


KEYS = {
    "customer_credentials": {"openai": {"api_key": "key-1", "api_base": "https://x"}},
    "credential_override": {"gpt-4o": "key-2"},
    "load_balance_models": [{"model": "a", "credentials": {"api_key": "key-3"}}],
    "load_balance_group": {
        "group_id": "g",
        "models": [{"model": "a", "credentials": {"nested": [{"api_key": "key-4"}]}}],
    },
}


@pytest.mark.parametrize("channel", ["top", "params", "header"])
def test_every_key_is_known_as_a_secret_and_never_shown(channel) -> None:
    request = chat_request("Hi", model="m", channel=channel, params=KEYS)
    keys = {f"key-{i}" for i in range(1, 5)}
    assert keys <= set(request.secrets)
    assert "https://x" not in request.secrets
    shown = repr(request) + str(request)
    assert not any(key in shown for key in keys)
    for value in request.headers.values():
        assert value in request.secrets
        assert value not in shown


def test_a_request_without_keys_has_no_secrets() -> None:
    params = {"metadata": {"a": "b"}}
    for channel in ("top", "params", "header"):
        request = chat_request("Hi", model="m", channel=channel, params=params)
        assert request.secrets == ()


def test_every_respan_field_can_be_moved() -> None:
    moved = RESPAN_FIELDS - {"respan_params"}
    assert {"metadata", "prompt", "variables", "disable_fallback"} <= moved
