"""Credentials are found, and left out, wherever they stand in a request."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from respan_lab.wire.secrets import secrets_of, without_credentials

KEY = {"api_key": "sk-1234", "api_base": "https://x", "api_version": "2024"}
PLACES: list[dict[str, Any]] = [
    {"credential_override": {"m": KEY}},
    {"customer_credentials": {"openai": "sk-1234"}},
    {"customer_credentials": {"openai": [{"credentials": KEY, "weight": 1}]}},
    {"customer_api_keys": {"m": "sk-1234"}},
    {"load_balance_models": [{"model": "m", "credentials": KEY}]},
    {"load_balance_models": [{"model": "m", "api_key": "sk-1234"}]},
    {"load_balance_group": {"models": [{"model": "m", "credentials": KEY}]}},
    {"prompt": {"patch": {"load_balance_models": [{"credentials": KEY}]}}},
    {"prompt": {"override_params": {"credential_override": {"m": KEY}}}},
    {"respan_params": {"metadata": {"deep": [[{"OpenAI-API-Key": "sk-1234"}]]}}},
    {"tools": [{"type": "mcp", "authorization": "sk-1234"}]},
    {"extra_headers": {"Authorization": "Bearer sk-1234"}},
]


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_found_and_left_out_wherever_it_stands(place: dict[str, Any]) -> None:
    before = copy.deepcopy(place)
    assert "sk-1234" in secrets_of(place)
    assert not {"https://x", "2024", "m"} & set(secrets_of(place))
    assert "sk-1234" not in json.dumps(without_credentials(place))
    assert place == before


def test_what_is_no_credential_stays() -> None:
    schema: Any = {"type": "object", "properties": {"api_key": {"type": "string"}}}
    schema["properties"]["credentials"] = {"type": "object", "description": "yours"}
    body = {
        "messages": [{"role": "user", "content": "what is an api_key?"}],
        "max_tokens": 5,
        "prompt_cache_key": "k",
        "tools": [{"type": "function", "function": {"parameters": schema}}],
        "response_format": {"json_schema": {"schema": schema}},
        "variables": {"secret": "blue", "password": "word"},
    }
    assert without_credentials(body) == body
    assert secrets_of(body) == ()


def test_no_depth_is_too_deep() -> None:
    deep: Any = {"api_key": "sk-1234"}
    for _ in range(5000):
        deep = [{"in": deep}]
    assert secrets_of({"deep": deep}) == ("sk-1234",)
    kept: Any = without_credentials({"deep": deep})["deep"]
    while kept:
        kept = kept[0]["in"]
    assert kept == {}
