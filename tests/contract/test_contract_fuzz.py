"""Requests that a machine made of the table: none may break the gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from contract_openapi import document
from contract_stage import CALLER_KEY, Stage, encoded
from contract_table import PATH
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

MODELS = ("sim/small", "sim/medium", "sim/large")
NAMES = {
    **dict.fromkeys(("model", "models", "fallback_models", "exclude_models"), MODELS),
    "role": ("system", "user", "assistant", "tool"),
    "exclude_providers": ("up", "other"),
    "group_id": ("simulated",),
    "X-Respan-Route-Provider": ("sim",),
    "X-Data-Respan-Params": (
        *("nonsense", encoded([]), encoded({"request_breakdown": True})),
        encoded({"cache_enabled": True, "metadata": {"k": 1}, "nobody's": {}}),
    ),
}
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        made.headers["Authorization"] = f"Bearer {CALLER_KEY}"
        yield made


@pytest.fixture(scope="module")
def route(shared: Stage) -> schemathesis.APIOperation[Any, Any, Any, Any]:
    template = [{"role": "user", "content": "Greet {{ name | default('you') }}."}]
    prompt_id = shared.prompt(messages=template, model="sim/small")
    names = {**NAMES, "prompt_id": (prompt_id,)}
    schema = schemathesis.openapi.from_dict(document(names))
    return schema[PATH]["POST"]


@pytest.mark.parametrize("mode", GenerationMode)
def test_no_request_breaks_the_gateway(
    shared: Stage, session: requests.Session, route: Any, mode: GenerationMode
) -> None:
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=max(60, settings.default.max_examples // 4),
        suppress_health_check=list(HealthCheck),  # bodies of this size are slow to make
    )
    @given(case=route.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url=shared.url, session=session)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()
    assert statuses[200 if mode is GenerationMode.POSITIVE else 400] > 0
    assert shared.seen == []  # nothing but the simulated models was asked
