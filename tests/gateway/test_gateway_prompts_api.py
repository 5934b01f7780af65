"""Saved prompts over REST, over a real socket: with httpx and with the official SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from respan import FilterValue, NotFoundError, RespanClient
from respan.core.api_error import ApiError
from respan.prompts import ListPromptsRequestFilters

from respan_lab.gateway import Gateway, Served

MESSAGES = [{"role": "user", "content": "Hi {{ name }}"}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    gateway = Gateway(home=home, seed=1, sim_time_scale=0)
    with gateway.serve() as server:
        yield server
    gateway.close()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """The API, with no prompts in it yet."""
    with httpx.Client(base_url=f"{served.url}/api/prompts", timeout=20) as client:
        for prompt in client.get("/").json()["results"]:
            client.delete(f"/{prompt['id']}/")
        yield client


@pytest.fixture
def sdk(served: Served, http: httpx.Client) -> Iterator[RespanClient]:
    with httpx.Client(timeout=20) as client:
        yield RespanClient(
            authorization="Bearer unused",
            respan_api_key="unused",
            base_url=served.url,
            httpx_client=client,
        )


def made(http: httpx.Client, name: str = "Greeting", **fields: Any) -> str:
    """Make a prompt, and with fields a version of it; give its id."""
    prompt_id: str = http.post("/", json={"name": name}).json()["id"]
    if fields:
        answer = http.post(f"/{prompt_id}/versions/", json=fields)
        assert answer.status_code == 201, answer.text
    return prompt_id


def error_of(answer: httpx.Response, status: int = 400) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_the_official_sdk_takes_a_prompt_through_its_life(sdk: RespanClient) -> None:
    prompts = sdk.prompts
    prompt = prompts.create_prompt(name="Greeting", description="says hello")
    assert prompt.id is not None
    assert prompt.live_version is None
    version = prompts.create_prompt_version(
        prompt.id,
        messages=MESSAGES,  # type: ignore[arg-type]  # it takes dicts too
        model="sim/small",
        temperature=0.5,
        variables={"name": "you"},
    )
    assert (version.version, version.readonly, version.max_tokens) == (1, False, None)
    updated = prompts.update_prompt_version(prompt.id, 1, max_tokens=20)
    assert (updated.max_tokens, updated.temperature) == (20, 0.5)
    assert prompts.commit_prompt_version(prompt.id, description="first").readonly
    assert prompts.deploy_prompt_version(prompt.id, version=1).version == 1
    prompts.create_prompt_version(prompt.id, messages=MESSAGES)  # type: ignore[arg-type]  # as above
    listed = prompts.list_prompt_versions(prompt.id).results or []
    assert [(v.version, v.readonly, v.is_deployed) for v in listed] == [
        (2, False, False),
        (1, True, True),
    ]
    found = prompts.retrieve_prompt(prompt.id)
    assert found.current_version is not None
    assert found.live_version is not None
    assert (found.current_version.version, found.live_version.version) == (2, 1)
    assert prompts.update_prompt(prompt.id, name="Hello").name == "Hello"
    named = prompts.list_prompts(
        filters=ListPromptsRequestFilters(
            name=FilterValue(operator="icontains", value=["hell"])
        ),
        sort_by="-current_version__updated_at",
    )
    assert [each.name for each in named.results or ()] == ["Hello"]
    prompts.delete_prompt_version(prompt.id, 2)
    prompts.delete_prompt(prompt.id)
    with pytest.raises(NotFoundError):
        prompts.retrieve_prompt(prompt.id)


def test_the_sdk_is_told_what_is_wrong(sdk: RespanClient) -> None:
    prompt = sdk.prompts.create_prompt()
    assert prompt.name == "Untitled"
    with pytest.raises(ApiError, match="no draft to commit"):
        sdk.prompts.commit_prompt_version(str(prompt.id))


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_has_two_spellings(http: httpx.Client, slash: str) -> None:
    root = str(http.base_url).rstrip("/")
    prompt_id = http.post(root + slash, json={}).json()["id"]
    one = f"{root}/{prompt_id}"
    calls = [
        ("POST", f"{one}/versions{slash}", {"messages": MESSAGES}, 201),
        ("GET", f"{one}/versions{slash}", None, 200),
        ("PATCH", f"{one}/versions/1{slash}", {"model": "m"}, 200),
        ("GET", f"{one}/versions/1{slash}", None, 200),
        ("POST", f"{one}/commits{slash}", {}, 201),
        ("POST", f"{one}/deployments{slash}", {"version": 1}, 200),
        ("GET", one + slash, None, 200),
        ("PATCH", one + slash, {"name": "x"}, 200),
        ("GET", root + slash, None, 200),
        ("POST", f"{root}/list{slash}", {}, 200),
        ("DELETE", f"{one}/versions/1{slash}", None, 204),
        ("DELETE", one + slash, None, 204),
    ]
    for method, url, body, status in calls:
        answer = http.request(method, url, json=body)
        assert answer.status_code == status, (method, url, answer.text)


def test_a_version_is_deployed_by_changing_it(http: httpx.Client) -> None:
    prompt_id = made(http, messages=MESSAGES)
    version = f"/{prompt_id}/versions/1/"
    error = error_of(http.patch(version, json={"deploy": True}))
    assert "commit it first" in error["message"]
    http.post(f"/{prompt_id}/commits/", json={})
    assert http.patch(version, json={"deploy": False}).json()["is_deployed"] is False
    assert http.patch(version, json={"deploy": True}).json()["is_deployed"] is True
    error = error_of(http.patch(version, json={"deploy": True, "model": "m"}))
    assert error["param"] == "deploy"


def test_null_unsets_a_field_of_a_draft(http: httpx.Client) -> None:
    prompt_id = made(http, messages=MESSAGES, model="m", seed=3)
    changed = http.patch(f"/{prompt_id}/versions/1/", json={"seed": None}).json()
    assert (changed["model"], changed["seed"]) == ("m", None)


WRONG = [
    ("messages", None),
    ("messages", []),
    ("messages", "text"),
    ("messages", ["text"]),
    ("messages", [{"content": "x"}]),
    ("messages", [{"role": "placeholder", "name": "x"}]),
    ("messages", [{"role": "user", "content": 3}]),
    ("messages", [{"role": "user", "content": ["x"]}]),
    ("messages", [{"role": "user", "content": "{{ x"}]),
    ("messages", [{"role": "user", "content": "x" * 70_000}]),
    ("model", 3),
    ("model", ""),
    ("stream", "yes"),
    ("temperature", "hot"),
    ("temperature", 3),
    ("max_tokens", 1.5),
    ("max_tokens", True),
    ("top_p", 2),
    ("frequency_penalty", "x"),
    ("presence_penalty", 9),
    ("reasoning_effort", 1),
    ("verbosity", 1),
    ("seed", "x"),
    ("thinking", "on"),
    ("variables", ["x"]),
    ("fallback_models", "m"),
    ("load_balance_models", [{"weight": 1}]),
    ("load_balance_models", [{"model": "m", "credentials": {"api_key": "k"}}]),
    ("tools", "x"),
    ("tool_choice", 3),
    ("response_format", "json"),
    ("json_schema", "x"),
    ("is_enforcing_response_format", 1),
    ("description", 3),
    ("tempratur", 1),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_field_of_a_version_is_named(
    http: httpx.Client, name: str, value: Any
) -> None:
    prompt_id = made(http, messages=MESSAGES)
    fields = {"messages": MESSAGES, name: value}
    error = error_of(http.post(f"/{prompt_id}/versions/", json=fields))
    assert error["param"] == name
    error = error_of(http.patch(f"/{prompt_id}/versions/1/", json={name: value}))
    assert error["param"] == name
    assert "api_key" not in error["message"]


def test_a_mistake_in_a_template_has_its_line(http: httpx.Client) -> None:
    messages = [{"role": "user", "content": "one\ntwo\n{% if x %}"}]
    prompt_id = made(http)
    error = error_of(http.post(f"/{prompt_id}/versions/", json={"messages": messages}))
    assert "mistake in line 3" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("POST", "/", {"name": 3}, "name"),
        ("POST", "/", {"nam": "x"}, "nam"),
        ("PATCH", "/ID/", {"description": []}, "description"),
        ("POST", "/ID/commits/", {"description": 3}, "description"),
        ("POST", "/ID/deployments/", {}, "version"),
        ("POST", "/ID/deployments/", {"version": "1"}, "version"),
        ("POST", "/ID/deployments/", {"version": True}, "version"),
        ("PATCH", "/ID/versions/1/", {"deploy": "yes"}, "deploy"),
        ("GET", "/ID/versions/one/", None, "version"),
        ("GET", "/?page=0", None, "page"),
        ("GET", "/?page_size=101", None, "page_size"),
        ("GET", "/?sort_by=-mood", None, "sort_by"),
        ("GET", "/?mood=1", None, "mood"),
        ("GET", "/ID/versions/?page_size=501", None, "page_size"),
        ("POST", "/list/", {"filters": 3}, "filters"),
        ("POST", "/list/", {"filters": {"mood": {"value": [1]}}}, "mood"),
        ("POST", "/list/", {"filters": {"name": "x"}}, "name"),
        (
            "POST",
            "/list/",
            {"filters": {"name": {"operator": "like", "value": ["x"]}}},
            "name",
        ),
        ("POST", "/", [1], None),
    ],
)
def test_a_wrong_request_names_the_field(
    http: httpx.Client, method: str, path: str, body: Any, param: str | None
) -> None:
    path = path.replace("ID", made(http, messages=MESSAGES))
    error = error_of(http.request(method, path, json=body))
    assert error["param"] == param
    assert error["message"]


def test_a_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    kind = {"content-type": "application/json"}
    error = error_of(http.post("/", content=b"{", headers=kind))
    assert error["code"] == "invalid_json"


def test_what_does_not_exist_is_404(http: httpx.Client) -> None:
    assert error_of(http.get("/nobody/"), 404)["code"] == "prompt_not_found"
    prompt_id = made(http)
    error = error_of(http.get(f"/{prompt_id}/versions/1/"), 404)
    assert error["code"] == "version_not_found"


def test_lists_come_in_pages(http: httpx.Client) -> None:
    for number in range(5):
        made(http, f"P{number}")
    first = http.get("/?page_size=2").json()
    assert (first["count"], first["previous"]) == (2, None)
    assert [p["name"] for p in first["results"]] == ["P4", "P3"]
    names = []
    url = first["next"]
    while url:
        page = http.get(url).json()
        names += [p["name"] for p in page["results"]]
        url = page["next"]
    assert names == ["P2", "P1", "P0"]
    assert "page=2" in page["previous"]
    oldest = http.post("/list/?page_size=1&sort_by=id", json={}).json()
    assert [p["name"] for p in oldest["results"]] == ["P0"]


def test_versions_come_in_pages(http: httpx.Client) -> None:
    prompt_id = made(http)
    for _ in range(3):
        http.post(f"/{prompt_id}/versions/", json={"messages": MESSAGES})
    page = http.get(f"/{prompt_id}/versions/?page=2&page_size=2").json()
    assert [v["version"] for v in page["results"]] == [1]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("field", "operator", "value", "names"),
    [
        ("name", "", ["Sales"], ["Sales"]),
        ("name", "in", ["Sales", "Support"], ["Support", "Sales"]),
        ("name", "not", ["Sales"], ["Support", "Empty"]),
        ("name", "startswith", ["S"], ["Support", "Sales"]),
        ("name", "not_contains", ["a"], ["Support", "Empty"]),
        ("current_version__model", "", ["m"], ["Support", "Sales"]),
        ("current_version__temperature", "gte", [0.5], ["Support"]),
        ("live_version__version", "empty", [""], ["Support", "Sales", "Empty"]),
        ("current_version__model", "not_empty", [""], ["Support", "Sales"]),
        ("name", "gt", [3], []),
    ],
)
def test_filters(
    http: httpx.Client, field: str, operator: str, value: Any, names: list[str]
) -> None:
    made(http, "Empty")
    made(http, "Sales", messages=MESSAGES, model="m", temperature=0)
    made(http, "Support", messages=MESSAGES, model="m", temperature=1)
    filters = {field: {"operator": operator, "value": value}}
    found = http.post("/list/", json={"filters": filters}).json()["results"]
    assert [prompt["name"] for prompt in found] == names


def test_prompts_sort_by_what_their_versions_say(http: httpx.Client) -> None:
    made(http, "None")
    for name, heat in (("Hot", 1), ("Cold", 0)):
        made(http, name, messages=MESSAGES, temperature=heat)
    for sort_by, names in (
        ("current_version__temperature", ["Cold", "Hot", "None"]),
        ("-current_version__temperature", ["Hot", "Cold", "None"]),
        ("name", ["Cold", "Hot", "None"]),
    ):
        found = http.get(f"/?sort_by={sort_by}").json()["results"]
        assert [prompt["name"] for prompt in found] == names


def test_text_that_no_file_can_hold_is_mended(http: httpx.Client) -> None:
    content = b'{"name": "a\\ud800b"}'
    kind = {"content-type": "application/json"}
    answer = http.post("/", content=content, headers=kind)
    assert answer.json()["name"] == "a\ufffdb"


def test_strangers_are_kept_out() -> None:
    gateway = Gateway(client_keys=["sk-one-client-key"])
    with gateway.serve() as server:
        assert httpx.get(f"{server.url}/api/prompts/").status_code == 401
    gateway.close()
