from __future__ import annotations

import inspect
import json
import subprocess
import sys
import traceback

import numpy as np
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.wire import (
    OPENAI_FIELDS,
    RESPAN_FIELDS,
    ChatParams,
    check_params,
    params_doc,
    params_signature,
)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


class Intent(pydantic.BaseModel):
    label: str


@given(
    st.dictionaries(st.sampled_from(sorted(OPENAI_FIELDS | RESPAN_FIELDS)), ANYTHING)
)
def test_params_are_right_or_refused_and_then_json(params: dict) -> None:
    try:
        checked = check_params(params)
    except ConfigError:
        return
    json.dumps(checked, allow_nan=False).encode()
    assert set(checked) == {name for name in params if params[name] is not None}


def test_none_is_left_out_and_the_rest_is_a_copy() -> None:
    stop = ["a"]
    checked = check_params({"stop": stop, "n": None, "temperature": 0.5})
    assert checked == {"stop": ["a"], "temperature": 0.5}
    assert checked["stop"] is not stop


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"max_tokens": 32.0}, 32),
        ({"max_tokens": np.int64(32)}, 32),
        ({"seed": np.float64(7)}, 7),
        ({"temperature": np.float32(0.5)}, 0.5),
        ({"temperature": 1}, 1),
        ({"logit_bias": {50256: -100}}, {"50256": -100}),
        ({"stop": "END"}, "END"),
        ({"stop": ("a", "b")}, ["a", "b"]),
        ({"tool_choice": "required"}, "required"),
        ({"tool_choice": {"type": "function"}}, {"type": "function"}),
        ({"response_format": Intent}, Intent),
        ({"cache_options": {"omit_log": None}}, {"omit_log": None}),
        (
            {"prompt": {"prompt_id": "p", "version": 3}},
            {"prompt_id": "p", "version": 3},
        ),
        ({"tools": [{"type": "function", "x": 1}]}, [{"type": "function", "x": 1}]),
    ],
)
def test_accepted(params: dict, expected) -> None:
    ((value),) = check_params(params).values()
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"temperature": 2.1}, "temperature is 2.1: .*less than or equal to 2"),
        ({"temperature": True}, "temperature is True: .*number"),
        ({"temperature": "0"}, "temperature is '0': .*number"),
        ({"presence_penalty": -3}, "presence_penalty is -3"),
        ({"n": 0}, "n is 0"),
        ({"n": 1.5}, "n is 1.5"),
        ({"max_tokens": "32"}, "max_tokens is '32'"),
        ({"logprobs": 1}, "logprobs is 1"),
        ({"stop": [1]}, r"stop\[0\] is 1"),
        ({"tool_choice": "any"}, "'none', 'auto' or 'required'"),
        ({"logit_bias": {"1": 200}}, r"logit_bias\.1 is 200"),
        ({"prompt": "Hello {{ name }}"}, "by prompt_id"),
        ({"prompt": {}}, r"prompt\.prompt_id is missing"),
        ({"prompt": {"prompt_id": "p", "version": "live"}}, r"prompt\.version is"),
        ({"cache_options": {"omit_logs": True}}, "omit_logs is not a field"),
        ({"retry_params": {"num_retries": 2}}, "retry_enabled is missing"),
        ({"cache_ttl": 0}, "cache_ttl is 0: .*greater than 0"),
        ({"customer_identifier": "x" * 255}, "at most 254"),
        ({"customer_params": {"customer_identifier": "x" * 255}}, "254"),
        ({"span_name": "x" * 256}, "at most 255"),
        ({"load_balance_models": []}, "load_balance_models"),
        ({"load_balance_models": [{"model": "a", "weight": 0}]}, r"\[0\]\.weight is 0"),
        ({"load_balance_group": {"models": []}}, "group_id is missing"),
        ({"metadata": {"x": float("nan")}}, r"metadata\.x is nan"),
        ({"response_format": "json"}, "response_format is 'json'"),
    ],
)
def test_refused_with_the_value_and_what_is_allowed(params: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_params(params)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("temprature", "did you mean temperature"),
        ("max_token", "max_tokens"),
        ("zzz", r"use extra=\{'zzz': \.\.\.\}"),
        ("stream", r"client\.stream"),
        ("extra_body", "extra="),
        ("timeout", "Client"),
        ("keywordsai_params", "respan_params="),
        ("loadbalance_models", "load_balance_models="),
    ],
)
def test_an_unknown_name_is_answered_with_the_right_one(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_params({name: 1})


@pytest.mark.parametrize(
    "params",
    [
        {"customer_credentials": "sk-very-secret"},
        {"customer_credentials": ["sk-very-secret"]},
        {"credential_override": {"gpt-4o": ["sk-very-secret"]}},
        {"load_balance_models": [{"model": "a", "credentials": "sk-very-secret"}]},
        {"load_balance_group": "sk-very-secret"},
        {"respan_params": "sk-very-secret"},
    ],
)
def test_no_error_and_no_traceback_shows_a_key(params: dict) -> None:
    with pytest.raises(ConfigError) as caught:
        check_params(params)
    shown = "".join(traceback.format_exception(caught.value))
    assert "very-secret" not in shown
    assert caught.value.__context__ is None


def test_the_tables_do_not_overlap_and_make_up_all_params() -> None:
    assert not OPENAI_FIELDS & RESPAN_FIELDS
    assert ChatParams.__annotations__.keys() == OPENAI_FIELDS | RESPAN_FIELDS
    assert "metadata" in RESPAN_FIELDS


def test_every_parameter_has_one_line_of_manual() -> None:
    lines = params_doc().splitlines()[1:]
    names = [line.partition(":")[0] for line in lines]
    assert set(names) == OPENAI_FIELDS | RESPAN_FIELDS
    assert len(names) == len(set(names))
    assert all(len(line.partition(": ")[2]) > 20 for line in lines)


def test_the_signature_lists_every_parameter_as_a_keyword() -> None:
    def chat(messages=None, *, model=None, metadata=None, **params): ...

    signature = params_signature(chat)
    parameters = signature.parameters
    assert list(parameters)[:3] == ["messages", "model", "metadata"]
    assert set(parameters) > OPENAI_FIELDS | RESPAN_FIELDS
    assert "params" not in parameters
    assert parameters["n"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["n"].default is None
    assert parameters["n"].annotation == int | None
    assert "n: int | None = None" in str(signature)


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = "{'pydantic', 'pandas', 'numpy', 'httpx', 'asyncio', 'matplotlib'}"
    code = f"import sys, respan_lab.wire; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
