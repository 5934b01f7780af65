"""What a run adds, and what must not be among the parameters."""

from __future__ import annotations

import inspect
from typing import Any

import httpx
import pandas as pd
import pydantic
import pytest

import respan_lab as lab

CLIENT = lab.Client("k")  # never called here


def _plan(*args: Any, **how: Any) -> pd.DataFrame:
    return lab.Experiment(*args, **how).plan(CLIENT)


def _request(**params: Any) -> dict[str, Any]:
    request: dict[str, Any] = _plan("Hi", "m", params=params)["request"][0]
    return request


def test_a_cache_that_is_turned_on_is_one_of_the_model() -> None:
    request = _request(cache_enabled=True)
    assert request["cache_enabled"] is True
    assert request["cache_ttl"] == 2_592_000
    assert request["cache_options"] == {"is_cached_by_model": True}
    own = {"is_cached_by_model": False, "omit_log": True}
    assert _request(cache_enabled=True, cache_options=own)["cache_options"] == own
    assert "cache_options" not in _request()


@pytest.mark.parametrize(
    ("models", "params"),
    [
        ("m", {"cache_enabled": True}),
        ("m", {"cache_enabled": lab.grid(False, True)}),
        ("m", {"respan_params": {"cache_enabled": True}}),
        (lab.Target(model="m", cache_enabled=True), {}),
    ],
)
def test_a_cache_must_not_answer_the_repeats(models: Any, params: Any) -> None:
    lab.Experiment("Hi", models, params=params)
    with pytest.raises(lab.ConfigError, match="repeat=2"):
        lab.Experiment("Hi", models, params=params, repeat=2)


def test_none_is_not_a_value_of_the_users() -> None:
    none = dict.fromkeys(("request_breakdown", "cache_enabled", "custom_identifier"))
    assert _request(**none) == _request()


def test_what_a_run_adds_anyway_changes_no_key() -> None:
    key = _plan("Hi", "m")["key"][0]
    for params in (
        {"request_breakdown": True},
        {"cache_enabled": False},
        {"stream_options": {"include_usage": True}},
        {"customer_params": {"customer_identifier": "a"}},
        {"respan_params": {"metadata": {"a": "b"}}},
    ):
        assert _plan("Hi", "m", params=params)["key"][0] == key, params
    assert _plan("Hi", "m", params={"cache_enabled": True})["key"][0] != key


def test_fields_in_the_container_are_fields_like_the_others() -> None:
    box = {"custom_identifier": "mine", "credential_override": {"m": "sk-secret"}}
    request = _request(respan_params=box)
    assert request["custom_identifier"] == "mine"
    assert "sk-secret" not in str(request)
    with pytest.raises(lab.ConfigError, match="weight"):
        _request(weight=1, respan_params={"weight": 2})
    with pytest.raises(lab.ConfigError, match="models"):
        _request(respan_params={"models": ["a"]})


def test_no_evaluators_are_none() -> None:
    assert len(lab.Experiment("Hi", "m", evaluators=None)) == 1


def test_a_targets_own_value_wins_wherever_it_stands() -> None:
    target = lab.Target(model="m", temperature=None, respan_params={"weight": 2})
    plan = _plan("Hi", target, params={"temperature": 1, "weight": 1})
    request = plan["request"][0]
    assert "temperature" not in request
    assert request["weight"] == 2


def test_an_axis_never_shows_a_key() -> None:
    keys = lab.grid({"m": "sk-one"}, {"m": "sk-two"})
    with pytest.raises(lab.ConfigError, match="axis") as caught:
        _request(credential_override=keys)
    assert "sk-" not in str(caught.value)


class A(pydantic.BaseModel):
    x: int


class B(pydantic.BaseModel):
    y: int


def test_a_class_on_an_axis_is_shown_by_its_name() -> None:
    params = {"response_format": lab.grid(A, B, {"type": "json_object"})}
    plan = _plan("Hi", "m", params=params)
    assert plan["param_response_format"].tolist() == [
        "A",
        "B",
        '{"type": "json_object"}',
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: lab.Target(model="a", prompt={"prompt_id": "p"}),
        lambda: _plan("Hi", lab.Target(model="a", temperature=lab.grid(0, 1))),
        lambda: _plan("Hi", "m", params=["temperature"]),
        lambda: _plan({"role": "user", "content": "Hi"}, "m"),
        lambda: lab.compare("Hi", "m", client="sk-1", progress=False),
        lambda: lab.compare("Hi", "m", client=CLIENT, stream="no", progress=False),
        lambda: lab.compare("Hi", "m", client=CLIENT, timeout="5", progress=False),
        lambda: lab.compare("Hi", "m", client=CLIENT, order_seed=[1], progress=False),
    ],
)
def test_what_has_no_place_is_refused_before_anything_is_sent(make: Any) -> None:
    with pytest.raises(lab.ConfigError):
        make()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("load_balance_group", {"group_id": "g"}),
        ("prompt", {"prompt_id": "p"}),
        ("fallback_models", ["a"]),
    ],
)
def test_what_makes_a_target_is_told_where_it_belongs(field: str, value: Any) -> None:
    with pytest.raises(lab.ConfigError, match=rf"lab\.Target\(.*{field}=\.\.\.\)"):
        _request(**{field: value})
    with pytest.raises(lab.ConfigError, match=rf"lab\.Target\(.*{field}=\.\.\.\)"):
        _plan("Hi", lab.Target(model="m", respan_params={field: value}))


def test_what_is_changed_outside_later_changes_nothing() -> None:
    stop = ["a"]
    target = lab.Target(model="m", metadata={"team": "a"})
    experiment = lab.Experiment("Hi", target, params={"stop": stop})
    before = experiment.plan(CLIENT)
    stop.append("b")
    target.params["metadata"]["team"] = "b"
    pd.testing.assert_frame_equal(experiment.plan(CLIENT), before)


def test_a_header_too_narrow_is_told_before_the_first_call() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    client = lab.Client("k", channel="header", transport=httpx.MockTransport(answer))
    with pytest.raises(lab.ConfigError, match="bytes as a header"):
        lab.compare(
            "Hi",
            "m",
            params={"metadata": {"a": "x" * 6000}},
            client=client,
            progress=False,
        )
    assert sent == []


def test_shift_tab_shows_every_keyword_of_a_comparison() -> None:
    run = inspect.signature(lab.Experiment.run).parameters
    for function in (lab.compare, lab.acompare):
        assert {*run} - {"self"} <= {*inspect.signature(function).parameters}
