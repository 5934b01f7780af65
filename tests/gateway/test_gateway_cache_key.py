"""What makes two requests the same for the cache, and what does not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.caching.key import cache_key
from respan_lab.gateway.caching.setting import Setting
from respan_lab.wire import OPENAI_FIELDS

MESSAGES = [{"role": "user", "content": "hi"}]
SILENT = {
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "stream_options",
    "user",
}


def key(
    openai: dict[str, Any] | None = None,
    *,
    pin: str | None = None,
    setting: Setting | None = None,
    **respan: Any,
) -> str:
    asked = Asked(
        {"messages": MESSAGES, "model": "up/a", **(openai or {})},
        {"cache_enabled": True, **respan},
        route_provider=pin,
    )
    found = cache_key(asked, setting or Setting())
    assert found is not None
    return found


def shuffled(value: Any, draw: random.Random) -> Any:
    """The same JSON, its objects' names in another order."""
    if isinstance(value, list):
        return [shuffled(each, draw) for each in value]
    if not isinstance(value, dict):
        return value
    names = list(value)
    draw.shuffle(names)
    return {name: shuffled(value[name], draw) for name in names}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from(sorted(OPENAI_FIELDS)), JSON, max_size=4)
MESSAGE_LISTS = st.lists(
    st.dictionaries(st.text(max_size=2), JSON, max_size=3), max_size=2
)


@given(FIELDS, MESSAGE_LISTS, st.integers(0, 99))
def test_the_order_of_names_is_nothing(
    fields: dict[str, Any], messages: list[Any], seed: int
) -> None:
    openai = {**fields, "messages": messages}
    other = shuffled(openai, random.Random(seed))
    assert key(openai) == key(other)
    assert key(json.loads(json.dumps(openai))) == key(openai)


@given(FIELDS, st.sampled_from(sorted(OPENAI_FIELDS - SILENT)), JSON, JSON)
def test_every_parameter_that_may_change_the_answer_changes_the_key(
    fields: dict[str, Any], name: str, one: Any, other: Any
) -> None:
    # null is as good as not given; NaN and -0.0 are told apart by how they are written.
    is_same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (key({**fields, name: one}) == key({**fields, name: other})) == is_same
    without = {each: fields[each] for each in fields if each != name}
    assert (key({**without, name: one}) == key(without)) == (one is None)


@given(st.sampled_from(sorted([*SILENT, "stream"])), JSON)
def test_what_cannot_change_the_answer_does_not(name: str, value: Any) -> None:
    assert key({name: value}) == key()


@given(MESSAGE_LISTS)
def test_other_messages_are_another_request(messages: list[Any]) -> None:
    assert key({"messages": messages}) != key()


@given(JSON)
def test_what_is_only_recorded_does_not(value: Any) -> None:
    recorded = dict.fromkeys(("metadata", "properties", "custom_identifier"), value)
    assert key(**recorded) == key()


def test_a_forwarded_field_of_a_vendor_is_told_apart() -> None:
    assert key({"min_p": 0.1}) != key({"min_p": 0.2}) != key()


WEIGHTED = [{"model": "up/a", "weight": 3}, {"model": "up/b", "weight": 1}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"models": ["up/a", "up/b"]}, {"models": ["up/b", "up/a"]}),
        ({"load_balance_models": WEIGHTED}, {"load_balance_models": WEIGHTED[:1]}),
        ({"load_balance_group": {"group_id": "g"}}, {}),
        ({"fallback_models": ["up/b"]}, {"fallback_models": ["up/c"]}),
        ({"fallback_models": ["up/b"], "disable_fallback": True},) * 2,
        ({"exclude_models": ["up/b"]}, {}),
        ({"exclude_providers": ["up"]}, {}),
        ({"model_name_map": {"azure/gpt-4o": "azure/mine"}}, {}),
    ],
)
def test_who_is_asked_is_told_apart_unless_it_is_switched_off(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    if one is other:
        other = {name: one[name] for name in one if name != "disable_fallback"}
    assert key(**one) != key(**other)
    off = {"cache_options": {"is_cached_by_model": False}}
    assert key(**one, **off) == key(**other, **off)


def test_the_weights_are_told_apart() -> None:
    even = [{**each, "weight": 1} for each in WEIGHTED]
    assert key(load_balance_models=even) != key(load_balance_models=WEIGHTED)


@pytest.mark.parametrize("by_model", [True, None, False])
def test_the_model_is_told_apart_by_default(by_model: bool | None) -> None:
    options = {"cache_options": {"is_cached_by_model": by_model}}
    is_same = key({"model": "up/b"}, **options) == key({"model": "up/c"}, **options)
    assert is_same == (by_model is False)
    assert (key(pin="up", **options) == key(**options)) == (by_model is False)


def test_the_customer_is_told_apart_only_if_asked_for() -> None:
    by = {"cache_options": {"cache_by_customer": True}}
    ann, bob = {"customer_identifier": "ann"}, {"customer_identifier": "bob"}
    assert key(**ann) == key(**bob) == key()
    assert len({key(**ann, **by), key(**bob, **by), key(**by)}) == 3
    assert key(customer_params=bob, **ann, **by) == key(**bob, **by)


def with_key(api_key: str, **more: str) -> list[dict[str, Any]]:
    credentials = {"api_key": api_key, **more}
    return [
        {"load_balance_models": [{**WEIGHTED[0], "credentials": credentials}]},
        {
            "load_balance_group": {
                "group_id": "g",
                "models": [{**WEIGHTED[0], "credentials": credentials}],
            }
        },
        {"customer_credentials": {"openai": credentials}},
        {"credential_override": {"openai/gpt-4o": credentials}},
    ]


@pytest.mark.parametrize("at", range(4))
def test_credentials_are_no_part_of_it(at: int) -> None:
    assert key(**with_key("sk-one")[at]) == key(**with_key("sk-other")[at])


def test_credentials_do_not_even_show_that_they_are_there() -> None:
    assert key(customer_credentials={"openai": "sk-one"}) == key()
    assert key(credential_override={"openai": {"api_key": "sk-one"}}) == key()


@pytest.mark.parametrize("at", range(4))
def test_another_server_is_another_model(at: int) -> None:
    here, there, secret = (
        key(**with_key("sk-one", api_base=url)[at])
        for url in ("https://here/v1", "https://there/v1", "https://u:p@here/v1?key=s")
    )
    assert here != there
    assert here == secret
    assert here != key(**with_key("sk-one")[at])


SOCKET, OTHER = Setting(caller="one"), Setting(caller="other")


@pytest.mark.parametrize("at", range(4))
def test_who_pays_for_an_answer_shares_it_with_no_other_client(at: int) -> None:
    mine = with_key("sk-one")[at]
    assert key(**mine, setting=SOCKET) != key(**mine, setting=OTHER)
    assert key(**mine, setting=SOCKET) != key(**mine)
    other = with_key("sk-other")[at]
    assert key(**mine, setting=SOCKET) == key(**other, setting=SOCKET)


def test_clients_share_what_the_gateways_own_keys_pay_for() -> None:
    assert key(setting=SOCKET) == key(setting=OTHER) == key()
    assert key(load_balance_models=WEIGHTED, setting=SOCKET) == key(
        load_balance_models=WEIGHTED
    )


@pytest.mark.parametrize(
    "named",
    [
        {"models": ["local:/a.gguf"]},
        {"fallback_models": ["up/b", "local:/a.gguf"]},
        {"load_balance_models": [{"model": "local:/a.gguf"}]},
    ],
)
@pytest.mark.parametrize("by_model", [None, False])
def test_a_file_is_no_socket_callers(
    named: dict[str, Any], by_model: bool | None
) -> None:
    options = {**named, "cache_options": {"is_cached_by_model": by_model}}
    assert key(**options, setting=SOCKET) != key(**options)
    model = {"model": "local:/a.gguf"}
    assert key(model, setting=SOCKET) != key(model)


def test_a_saved_group_is_what_is_in_it() -> None:
    def of(*entries: dict[str, Any]) -> str:
        setting = Setting(groups={"g": entries, "h": [{"model": "sim/flaky"}]})
        return key(load_balance_group={"group_id": "g"}, setting=setting)

    def keyed(**credentials: str) -> dict[str, Any]:
        return {"model": "up/a", "credentials": credentials}

    small, large = {"model": "sim/small"}, {"model": "sim/large"}
    seen = [of(small), of(large), of(small, large), of({**small, "weight": 2})]
    seen += [of(keyed(api_key="sk-1")), of(keyed(api_base="https://here/v1"))]
    assert len(set(seen)) == 6
    assert of(keyed(api_key="sk-1")) == of(keyed(api_key="sk-2"))


@pytest.mark.parametrize(
    "asked",
    [
        {"openai": {"model": "my/a"}},
        {"openai": {"model": "up/a"}, "pin": "my"},
        {"openai": {"model": "a"}},
        {"openai": {"model": "org/a"}},
        {"openai": {"model": "sim/small"}, "fallback_models": ["my/a"]},
        {"openai": {"model": None}, "models": ["sim/small", "my/a"]},
        {"load_balance_models": [{"model": "my/a"}]},
        {"load_balance_group": {"group_id": "g", "models": [{"model": "my/a"}]}},
        {"load_balance_group": {"group_id": "g"}},
    ],
)
def test_a_provider_that_has_moved_is_another(asked: dict[str, Any]) -> None:
    def at(url: str) -> str:
        places = {"up": "https://up/v1", "sim": "", "my": url}
        return key(**asked, setting=Setting({"g": [{"model": "my/a"}]}, places))

    assert at("https://here/v1") != at("https://there/v1")
    assert at("https://here/v1") == at("https://u:p@here/v1?key=s")


def test_a_provider_that_is_not_asked_is_nothing() -> None:
    places = {"up": "https://up/v1", "my": "https://here/v1", "sim/f": "1"}
    moved = Setting(places={**places, "my": "https://there/v1", "sim/f": "2"})
    assert key(setting=Setting(places=places)) == key(setting=moved)


@pytest.mark.parametrize(("model", "pin"), [("sim/f", None), ("f", "sim")])
def test_another_function_is_another_model(model: str, pin: str | None) -> None:
    one, other = (
        key({"model": model}, pin=pin, setting=Setting(places={"sim": "", "sim/f": to}))
        for to in ("1", "2")
    )
    assert one != other


@pytest.mark.parametrize("enabled", [None, False, "true", 1])
def test_without_cache_enabled_there_is_no_key(enabled: Any) -> None:
    asked = Asked({"messages": MESSAGES}, {"cache_enabled": enabled, "cache_ttl": 5})
    assert cache_key(asked) is None
    assert cache_key(Asked({"messages": MESSAGES}, {})) is None
