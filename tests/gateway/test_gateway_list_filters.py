"""Whatever stands in the filters of a list, it is answered or refused: no fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from respan_lab.gateway import Gateway

PROMPTS, LOGS = "/api/prompts/list/", "/api/request-logs/list/"
VERSION = {
    "messages": [{"role": "user", "content": "Hi {{ name }}"}],
    "model": "sim/small",
    "temperature": 0.5,
    "variables": {"name": "Ann"},
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(2**63), 1e308, float("nan"), float("inf")])
    | st.floats()
    | st.text(st.characters(), max_size=5)  # lone surrogates too
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.text(st.characters(), max_size=5) | st.sampled_from(
    [
        *("prompt_id", "name", "prompt_slug", "current_version__temperature"),
        *("current_version__variables", "live_version__version"),
        *("id", "cost", "stream", "status_code", "timestamp", "metadata__k", "model"),
    ]
)
OPERATORS = st.sampled_from(
    [
        *("", "in", "not", "not_in", "empty", "not_empty", "isnull", "lt", "gte"),
        *("contains", "icontains", "startswith", "not_endswith"),
    ]
)
CONDITIONS = st.fixed_dictionaries(
    {"value": JSON | st.lists(SCALARS, max_size=2)},
    optional={"operator": OPERATORS | JSON},
)
FILTERS = JSON | st.dictionaries(
    FIELDS, CONDITIONS | st.lists(CONDITIONS | JSON, max_size=2) | JSON, max_size=2
)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A gateway with a deployed prompt and a logged call."""
    gateway = Gateway(home=tmp_path_factory.mktemp("home"), seed=1, sim_time_scale=0)
    with gateway.serve() as server, httpx.Client(base_url=server.url) as client:
        prompt_id = client.post("/api/prompts/", json={"name": "a"}).json()["id"]
        path = f"/api/prompts/{prompt_id}"
        for step, body in (
            ("versions", VERSION),
            ("commits", {}),
            ("deployments", {"version": 1}),
        ):
            assert client.post(f"{path}/{step}/", json=body).is_success
        asked = {"model": "sim/small", "messages": VERSION["messages"]}
        noted = {**asked, "metadata": {"k": "v"}}
        assert client.post("/api/chat/completions", json=noted).is_success
        yield client
    gateway.close()


def status_of(http: httpx.Client, path: str, filters: Any) -> int:
    content = json.dumps({"filters": filters}).encode()
    headers = {"content-type": "application/json"}
    answer = http.post(path, content=content, headers=headers)
    if answer.is_error:
        assert answer.json()["error"]["message"]
    return answer.status_code


@pytest.mark.parametrize("path", [PROMPTS, LOGS])
@settings(max_examples=200)
@given(filters=FILTERS)
def test_no_filters_are_a_fault_of_the_gateway(
    http: httpx.Client, path: str, filters: Any
) -> None:
    assert status_of(http, path, filters) in (200, 400)


@pytest.mark.parametrize("path", [PROMPTS, LOGS])
@pytest.mark.parametrize("depth", [90, 190, 400, 900, 5000])
@pytest.mark.parametrize("operator", ["", "contains", "lt", "in", None])
def test_nor_are_deep_ones(
    http: httpx.Client, path: str, depth: int, operator: str | None
) -> None:
    deep = "[" * depth + "]" * depth
    said = "null" if operator is None else json.dumps(operator)
    for condition in (
        f'{{"operator": {said}, "value": [{deep}]}}',
        f'{{"operator": {deep}, "value": [1]}}',
        deep,
    ):
        content = f'{{"filters": {{"name": {condition}, "note": {condition}}}}}'
        headers = {"content-type": "application/json"}
        answer = http.post(path, content=content, headers=headers)
        assert answer.status_code in (200, 400)


@pytest.mark.parametrize("path", [PROMPTS, LOGS])
@pytest.mark.parametrize("operator", [["x"], {"a": 1}, 3, True, 0, False, [], {}])
def test_an_operator_is_a_text(http: httpx.Client, path: str, operator: Any) -> None:
    field = "name" if path == PROMPTS else "model"
    filters = {field: {"operator": operator, "value": ["a"]}}
    answer = http.post(path, json={"filters": filters})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == field
    assert repr(operator) in error["message"]
    assert "icontains" in error["message"]
