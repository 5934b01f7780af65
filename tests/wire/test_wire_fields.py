"""Every field of the contract is a parameter, of the right type and with a meaning."""

from __future__ import annotations

from typing import Any

import pytest

from respan_lab.errors import ConfigError
from respan_lab.wire import OPENAI_FIELDS, RESPAN_FIELDS, check_params, params_doc

# Name, the contract's type, one good value, one bad value.
CONTRACT: list[tuple[str, str, Any, Any]] = [
    ("tools", "list of objects", [{"type": "function", "function": {}}], {}),
    ("tool_choice", "object or word", "auto", 1),
    ("frequency_penalty", "number", -2, 3),
    ("max_tokens", "number", 10, 0),
    ("temperature", "number", 1.0, "1"),
    ("n", "number", 2, True),
    ("logprobs", "boolean", True, "yes"),
    ("echo", "boolean", False, 0),
    ("stop", "list of strings", ["END"], 1),
    ("presence_penalty", "number", 2, -2.5),
    ("logit_bias", "object", {"50256": -100}, []),
    ("response_format", "object", {"type": "json_object"}, []),
    ("parallel_tool_calls", "boolean", True, 1),
    ("load_balance_group", "object", {"group_id": "g"}, "g"),
    ("fallback_models", "list of strings", ["a"], "a"),
    ("customer_credentials", "object", {"openai": "k"}, []),
    ("credential_override", "object", {"gpt-4o": {"api_key": "k"}}, "k"),
    ("cache_enabled", "boolean", True, 1),
    ("cache_ttl", "number", 60.5, -1),
    ("cache_options", "object", {"is_cached_by_model": True}, True),
    ("prompt", "object", {"prompt_id": "p", "version": "latest"}, "p"),
    ("retry_params", "object", {"retry_enabled": True, "num_retries": 3}, 3),
    ("disable_log", "boolean", True, "true"),
    ("model_name_map", "object", {"azure/gpt-4o": "azure/mine"}, ["a"]),
    ("models", "list of strings", ["a", "b"], "a"),
    ("exclude_providers", "list of strings", ["openai"], "openai"),
    ("exclude_models", "list of strings", ["a"], "a"),
    ("metadata", "object", {"team": "x"}, "x"),
    ("custom_identifier", "string", "c", 1),
    ("customer_identifier", "string", "c" * 254, "c" * 255),
    ("customer_params", "object", {"customer_identifier": "c"}, {}),
    ("request_breakdown", "boolean", True, 1),
    ("positive_feedback", "boolean", False, "good"),
    ("load_balance_models", "list of objects", [{"model": "a", "weight": 1}], {}),
    ("thread_identifier", "string", "t", 1),
    ("properties", "object", {"a": {"b": [1, True]}}, []),
    ("retries", "integer", 0, -1),
    ("weight", "number", 0.5, 0),
    ("span_name", "string", "s", 5),
    ("respan_params", "object", {"weight": 1}, "{}"),
    # Not in the reference page, yet known to the platform.
    ("variables", "object", {"a": 1}, []),
    ("disable_fallback", "boolean", True, 1),
    ("thinking", "object", {"type": "enabled", "budget_tokens": 9}, True),
]
OPENAI: list[tuple[str, str, Any, Any]] = [
    ("audio", "object", {"voice": "alloy", "format": "mp3"}, "alloy"),
    ("function_call", "object or word", "auto", 1),
    ("functions", "list of objects", [{"name": "f"}], {}),
    ("max_completion_tokens", "integer", 5, 1.5),
    ("modalities", "list of strings", ["text"], "text"),
    ("moderation", "object", {"model": "m"}, "m"),
    ("prediction", "object", {"type": "content", "content": "a"}, "a"),
    ("prompt_cache_key", "string", "k", 1),
    ("prompt_cache_options", "object", {}, "k"),
    ("prompt_cache_retention", "string", "24h", 24),
    ("reasoning_effort", "string", "low", 1),
    ("safety_identifier", "string", "s", 1),
    ("seed", "integer", 7, "7"),
    ("service_tier", "string", "auto", 1),
    ("store", "boolean", False, 0),
    ("stream_options", "object", {"include_usage": True}, True),
    ("top_logprobs", "integer", 20, 21),
    ("top_p", "number", 0.5, 1.5),
    ("user", "string", "u", 1),
    ("verbosity", "string", "low", 1),
    ("web_search_options", "object", {}, True),
]
ALL = CONTRACT + OPENAI


def test_the_table_is_the_whole_of_the_parameters() -> None:
    assert {name for name, *_ in ALL} == OPENAI_FIELDS | RESPAN_FIELDS


@pytest.mark.parametrize(("name", "kind", "good", "bad"), ALL, ids=[a[0] for a in ALL])
def test_a_field_takes_its_type_and_nothing_else(name, kind, good, bad) -> None:
    assert check_params({name: good}) == {name: good}
    with pytest.raises(ConfigError, match=name):
        check_params({name: bad})


@pytest.mark.parametrize("name", [name for name, *_ in ALL])
def test_a_field_has_a_meaning(name: str) -> None:
    (line,) = [x for x in params_doc().splitlines() if x.startswith(f"{name}: ")]
    assert line.rstrip().endswith(".")
