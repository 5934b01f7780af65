"""Every error of the contract: its status, its body, and what it names."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import httpx
import pytest
from contract_stage import CALLER_KEY, LEFT_OUT, Stage
from contract_table import PATH, TABLE
from gateway.gateway_upstream import Reply, delta, say

import respan_lab as lab

TYPES = {401: "authentication_error", 424: "upstream_error", 502: "upstream_error"}


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """One for all, whose provider is as new."""
    shared.seen.clear()
    shared.upstream.answer = say("hello")
    return shared


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error, which has the documented form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert list(error) == TABLE["errors"]["body"]
    assert isinstance(error["message"], str)
    expected = "invalid_request_error" if status < 500 else "server_error"
    assert error["type"] == TYPES.get(status, expected)
    return error


def posted(stage: Stage, content: bytes, **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json", **headers}
    return stage.http.post(PATH, content=content, headers=headers)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"null", b"1", b'"text"', b"nonsense", b'{"model": "up/a"'),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"n": NaN'),
    ],
)
def test_a_body_that_is_no_object_is_400(stage: Stage, content: bytes) -> None:
    error = error_of(posted(stage, content), 400)
    assert error["code"] == "invalid_json"
    assert error["message"].startswith("the body must be a JSON object: ")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": LEFT_OUT}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"messages": [{"content": "hi"}]}, "messages"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages"),
        ({"model": LEFT_OUT}, "model"),
        ({"model": ""}, "model"),
        ({"model": 1}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": 2.5}, "temperature"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"load_balance_models": []}, "load_balance_models"),
        ({"load_balance_group": {"group_id": "no"}}, "load_balance_group"),
        ({"retry_params": {}}, "retry_params"),
        ({"customer_identifier": "c" * 255}, "customer_identifier"),
        ({"prompt": {}}, "prompt.prompt_id"),
        ({"prompt": {"prompt_id": "p", "version": "newest"}}, "prompt.version"),
        ({"respan_params": {"cache_ttl": -1}}, "cache_ttl"),
    ],
)
def test_what_is_wrong_is_400_and_names_the_field(
    stage: Stage, fields: dict[str, Any], param: str
) -> None:
    answer = stage.say(**fields)
    error = error_of(answer, 400)
    assert error["param"] == param
    assert param in error["message"]
    assert error["code"] == "invalid_value"
    assert stage.seen == []
    row = stage.row(answer)
    assert (row["status"], row["status_code"]) == ("failed", 400)
    assert row["error_class"] == "user_invalid_request"


@pytest.mark.parametrize("half", [b"\\ud83d", b"\xed\xa0\xbd"])
def test_half_a_character_is_replaced(stage: Stage, half: bytes) -> None:
    body = b'{"model": "up/a", "messages": [{"role": "user", "content": "a%s!"}]%s}'
    answer = posted(stage, body % (half, b""))
    assert answer.status_code == 200
    assert stage.sent["messages"][0]["content"].strip("a!\ufffd") == ""
    more = b', "prompt": {"prompt_id": "%s"}' % half
    error_of(posted(stage, body % (half, more)), 404)


def test_a_caller_without_a_key_is_401_everywhere(stage: Stage) -> None:
    calls = [
        ("POST", PATH),
        ("POST", "/api/request-logs/list/"),
        ("GET", "/api/request-logs/some-id/"),
        ("GET", "/api/prompts/"),
        ("GET", "/api/models"),
    ]
    for method, path in calls:
        body = {"json": {}} if method == "POST" else {}
        error = error_of(httpx.request(method, f"{stage.url}{path}", **body), 401)
        assert error["code"] == "invalid_api_key"


def test_a_providers_402_is_passed_on(stage: Stage) -> None:
    said = {"error": "you have run out of credits"}

    async def broke(reply: Reply) -> None:
        await reply.json(said, 402)

    stage.upstream.answer = broke
    answer = stage.say()
    assert (answer.status_code, answer.json()) == (402, said)
    row = stage.row(answer)
    assert (row["error_class"], row["fault_domain"]) == ("user_quota", "user")
    assert row["error_message"] == said["error"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_a_provider_refuses_is_424(stage: Stage, status: int) -> None:
    stage.fail("a", status=status)
    answer = stage.say()
    error = error_of(answer, 424)
    assert f"up answered {status}: a is down" in error["message"]
    assert "providers['up']['api_key']" in error["message"]
    row = stage.row(answer)
    assert (row["error_class"], row["fault_domain"]) == ("user_auth_byok", "user")
    assert row["attempts"][0]["status_code"] == status
    with (
        lab.Client(CALLER_KEY, stage.url) as client,
        pytest.raises(lab.UpstreamError, match="check the key"),
    ):
        client.chat("hi", model="up/a")


def test_a_web_page_of_another_origin_is_403(stage: Stage) -> None:
    answer = stage.say({"origin": "https://page.example"})
    assert error_of(answer, 403)["code"] == "foreign_origin"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/request-logs/no-such-row/", "log_not_found"),
        ("GET", "/api/prompts/no-such-prompt/", None),
        ("GET", "/api/models/no-such-model", None),
        ("POST", "/api/embeddings", "unknown_path"),
        ("GET", "/", "unknown_path"),
    ],
)
def test_what_there_is_not_is_404(
    stage: Stage, method: str, path: str, code: str | None
) -> None:
    headers = {"content-type": "application/json"}
    error = error_of(stage.http.request(method, path, headers=headers), 404)
    assert code in (None, error["code"])
    assert path.strip("/").rpartition("/")[2] in error["message"]


@pytest.mark.parametrize(
    ("fields", "param", "named"),
    [
        ({"model": "up/zz"}, "model", "up/zz"),
        ({"model": "nobody/a"}, "model", "nobody"),
        ({"fallback_models": ["up/zz"]}, None, "up/zz"),
        ({"prompt": {"prompt_id": "no-such"}}, "prompt.prompt_id", "no-such"),
    ],
)
def test_an_unknown_model_or_prompt_is_404(
    stage: Stage, fields: dict[str, Any], param: str | None, named: str
) -> None:
    answer = stage.say(**fields)
    error = error_of(answer, 404)
    assert param in (None, error["param"])
    assert named in error["message"]
    assert stage.seen == []
    assert stage.row(answer)["status_code"] == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PATH, "POST"),
        ("DELETE", PATH, "POST"),
        ("PUT", "/api/prompts/", "GET, HEAD, POST"),
    ],
)
def test_another_method_is_405(
    stage: Stage, method: str, path: str, allowed: str
) -> None:
    answer = stage.http.request(method, path)
    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == allowed


def test_a_huge_body_is_413(stage: Stage) -> None:
    host, port = httpx.URL(stage.url).host, httpx.URL(stage.url).port
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Authorization: Bearer {CALLER_KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {100 * 2**20}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, port), 20) as connection:
        connection.sendall(head.encode())  # the length alone is enough
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"64 MiB" in answer
    stage.ask()  # it goes on


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_declared_as_json_is_415(stage: Stage, kind: str) -> None:
    answer = posted(stage, b"{}", **{"content-type": kind})
    error = error_of(answer, 415)
    assert "application/json" in error["message"]
    assert kind in error["message"]


def test_another_host_is_421(stage: Stage) -> None:
    error = error_of(stage.say({"host": "page.example"}), 421)
    assert "page.example" in error["message"]


def test_a_vendor_without_a_key_is_424(stage: Stage) -> None:
    answer = stage.say(model="openai/gpt-4o")
    assert "OPENAI_API_KEY" in error_of(answer, 424)["message"]
    error = error_of(stage.say(model=LEFT_OUT, models=["openai/gpt-4o", "up/zz"]), 424)
    assert error["param"] == "models"
    assert "up/zz" in error["message"]
    assert stage.row(answer)["status_code"] == 424


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_providers_429_is_passed_on_with_its_wait(
    stage: Stage, is_stream: bool
) -> None:
    stage.fail("a", status=429, retry_after="7")
    answer = stage.say(stream=is_stream)
    assert answer.status_code == 429
    assert answer.json() == {"error": {"message": "a is down"}}
    assert answer.headers["retry-after"] == "7"
    row = stage.row(answer)
    assert row["error_class"] == "provider_rate_limit"
    assert row["fault_domain"] == "provider"


@pytest.mark.parametrize("status", [500, 503, 504, 529])
def test_a_providers_5xx_is_passed_on(stage: Stage, status: int) -> None:
    stage.fail("a", status=status)
    answer = stage.say()
    assert answer.status_code == status
    assert answer.json() == {"error": {"message": "a is down"}}
    assert stage.row(answer)["status_code"] == status


def test_a_provider_that_is_gone_is_502(stage: Stage) -> None:
    answer = stage.say(model="gone/a")
    assert "gone" in error_of(answer, 502)["message"]
    assert stage.row(answer)["status_code"] == 502


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]"])
def test_a_providers_answer_that_is_none_is_502(stage: Stage, content: bytes) -> None:
    async def odd(reply: Reply) -> None:
        await reply.head(content_type="application/json", content_length=len(content))
        await reply.send(content)

    stage.upstream.answer = odd
    error_of(stage.say(), 502)


def test_a_stream_that_breaks_off_ends_with_an_error(stage: Stage) -> None:
    async def broken(reply: Reply) -> None:
        await reply.events(delta("he"))

    stage.upstream.answer = broken
    answer = stage.say(stream=True)
    assert answer.status_code == 200
    events = [part for part in answer.text.split("\n\n") if part]
    assert '"error"' in events[-1]
    assert "[DONE]" not in answer.text
    assert stage.row(answer)["status"] == "failed"


def test_no_error_shows_a_key(stage: Stage) -> None:
    async def leaking(reply: Reply) -> None:
        key = reply.seen.headers["authorization"]
        await reply.json({"error": {"message": f"bad key {key}"}}, 401)

    stage.upstream.answer = leaking
    for own in ({}, {"credential_override": {"up": "sk-mine-0001"}}):
        answer = stage.say(**own)
        assert error_of(answer, 424)["code"] == "invalid_credentials"
        assert "sk-" not in answer.text
        assert "sk-" not in str(stage.row(answer))
    error = stage.refused(customer_credentials={"up": ["sk-mine-0001"]})
    assert "sk-" not in error["message"]
