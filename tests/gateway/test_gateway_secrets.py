"""Keys are shown nowhere, and addresses of callers are not followed anywhere."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream, say

from respan_lab.gateway import Gateway, Served

CHAT = "/api/chat/completions"
HI = [{"role": "user", "content": "hi"}]
PLANTED = "sk-planted"  # every key below begins like this
CLIENT = f"{PLANTED}-client"


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1"


@pytest.fixture
def planted(
    upstream: Upstream, closed: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A gateway with keys wherever there can be any."""
    for vendor in ("openai", "groq", "anthropic", "gemini"):
        monkeypatch.setenv(f"{vendor.upper()}_API_KEY", f"{PLANTED}-{vendor}")
        address = closed if vendor == "groq" else upstream.url
        monkeypatch.setenv(f"{vendor.upper()}_BASE_URL", address)
    entry = {"base_url": upstream.url, "api_key": f"{PLANTED}-up", "models": ["a"]}
    gone = {"base_url": closed, "api_key": f"{PLANTED}-gone", "models": ["a"]}
    gateway = Gateway(
        providers={"up": entry, "gone": gone, "sim": {"broken": _broken}},
        client_keys=[CLIENT],
    )
    with gateway.serve() as server:
        yield server
    gateway.close()
    assert PLANTED not in repr(gateway)
    kept = [path for path in gateway.home.rglob("*") if path.is_file()]
    assert gateway.home / "logs.db" in kept
    for path in kept:
        assert PLANTED.encode() not in path.read_bytes(), path


def _broken(messages: Any, **params: Any) -> str:
    raise RuntimeError(f"{PLANTED}-up")


async def _echo(reply: Reply) -> None:
    """Refuse the key, and repeat all that was sent."""
    said = {"message": f"wrong key: {reply.seen.headers}", "type": "invalid"}
    await reply.json({"error": said}, status=401, x_sent=str(reply.seen.headers))


async def _echo_text(reply: Reply) -> None:
    await reply.head(500, content_type="text/html", x_sent=str(reply.seen.headers))
    await reply.send(f"<b>{reply.seen.headers}</b>".encode())


async def _redirect(reply: Reply) -> None:
    key = reply.seen.headers.get("authorization", "")
    await reply.json({}, status=307, location=f"/v1/else?key={key}")


async def _nonsense(reply: Reply) -> None:
    await reply.head(content_type="application/json")
    await reply.send(f'{{"choices": {reply.seen.headers}'.encode())


async def _hang_up(reply: Reply) -> None:
    """Answer with nothing."""


async def _echo_in_stream(reply: Reply) -> None:
    error = {"error": {"message": str(reply.seen.headers)}}
    await reply.events({"choices": []}, error)


MODELS = ["up/a", "gone/a", "openai/x", "groq/x", "anthropic/x", "gemini/x"]
ANSWERS = [_echo, _echo_text, _redirect, _nonsense, _hang_up, _echo_in_stream, say("x")]


def _requests() -> Iterator[dict[str, Any]]:
    head = {"authorization": f"Bearer {CLIENT}"}
    own = {"api_key": f"{PLANTED}-own"}
    for model in [*MODELS, "nobody/x", "sim/broken", f"{PLANTED[:3]}"]:
        for more in (
            {},
            {"stream": True},
            {"credential_override": {model: own}},
            {"credential_override": {model: {**own, "api_base": "http://10.0.0.1"}}},
            {"credential_override": {model: {**own, "api_base": "nonsense"}}},
            {"customer_credentials": {model.partition("/")[0]: own}},
            {"temperature": "hot", "customer_credentials": 3},
        ):
            body = {"model": model, "messages": HI, **more}
            yield {"method": "POST", "url": CHAT, "headers": head, "json": body}
    bad = {**head, "content-type": "application/json"}
    yield {"method": "POST", "url": CHAT, "headers": bad, "content": b"{"}
    yield {"method": "POST", "url": CHAT, "headers": head, "content": b"{}"}
    yield {"method": "POST", "url": CHAT, "headers": {"host": "x"}, "json": {}}
    wrong = {"authorization": f"Bearer {CLIENT}x"}
    for headers in (head, wrong, {"x-api-key": CLIENT}):
        for url in ("/api/models", "/api/models/up/a", "/v1/models/openai/x", "/none"):
            yield {"method": "GET", "url": url, "headers": headers}
        yield {"method": "DELETE", "url": CHAT, "headers": headers}


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_key_is_ever_shown(
    planted: Served,
    upstream: Upstream,
    answer: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    upstream.answer = answer
    caplog.set_level(logging.DEBUG)
    statuses = set()
    with httpx.Client(base_url=planted.url, timeout=20) as client:
        for request in _requests():
            found = client.request(**request)
            statuses.add(found.status_code)
            assert PLANTED not in found.text, request
            assert PLANTED not in str(found.headers), request
    assert {400, 401, 404, 405, 415, 421, 502} <= statuses
    assert any(PLANTED in str(seen.headers) for seen in upstream.seen)
    assert CLIENT not in str(upstream.seen)
    said = capfd.readouterr()
    assert PLANTED not in caplog.text + said.out + said.err
    logged = [record.exc_info for record in caplog.records if record.exc_info]
    assert PLANTED not in str(logged)


def test_no_redirect_is_followed(planted: Served, upstream: Upstream) -> None:
    upstream.answer = _redirect
    headers = {"authorization": f"Bearer {CLIENT}"}
    for model in MODELS:
        before = len(upstream.seen)
        body = {"model": model, "messages": HI}
        found = httpx.post(f"{planted.url}{CHAT}", json=body, headers=headers)
        assert found.status_code in (424, 502)
        assert not [seen for seen in upstream.seen[before:] if "else" in seen.path]


_LISTED = [{"model": "up/a", "weight": 1, "credentials": {"api_key": "sk-hidden"}}]
_ODD = {"api_key": "sk-hidden", "metadata": {"authorization": "Bearer sk-hidden"}}
_PATCH = {"model": "up/a", "load_balance_models": _LISTED}


@pytest.mark.parametrize(
    "more",
    [
        {"credential_override": {"up/b": "sk-hidden"}},
        {"load_balance_models": [{"model": "up/a", "api_key": "sk-hidden"}]},
        _ODD,
        {"respan_params": _ODD},
        {"respan_params": json.dumps(_ODD)},
        {"prompt": {"schema_version": 2, "patch": _PATCH}},
        {
            "prompt": {
                "override": True,
                "override_params": {
                    "model": "up/a",
                    "credential_override": {"up": "sk-hidden"},
                },
            }
        },
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_no_key_of_a_request_is_in_its_row_or_its_breakdown(
    served: Served, upstream: Upstream, more: dict[str, Any], status: int
) -> None:
    async def refuse(reply: Reply) -> None:
        await reply.json({"error": {"message": "no: sk-hidden"}}, status=status)

    upstream.answer = say("fine") if status == 200 else refuse
    with httpx.Client(base_url=served.url, timeout=20) as client:
        if "prompt" in more:
            draft = {"prompt_id": _saved(client), "version": "latest"}
            more = {"prompt": {**more["prompt"], **draft}}
        body = {"model": "up/a", "messages": HI, "request_breakdown": True, **more}
        found = client.post(CHAT, json=body)
        row = client.get(f"/api/request-logs/{found.headers['x-respan-log-id']}/")
        listed = client.post("/api/request-logs/list/", json={})
    assert found.status_code == status
    assert (row.status_code, listed.status_code) == (200, 200)
    assert row.json()["full_request"]["messages"]
    for told in (found, row, listed):
        assert "sk-hidden" not in told.text + str(told.headers)


def _saved(client: httpx.Client) -> str:
    """Save a prompt with a draft; give its id."""
    made: str = client.post("/api/prompts/", json={}).json()["id"]
    version = {"messages": HI, "model": "up/a"}
    client.post(f"/api/prompts/{made}/versions/", json=version).raise_for_status()
    return made


def _with_own(url: str | None, key: str | None = "sk-own") -> dict[str, Any]:
    named = {"api_key": key, "api_base": url}
    given = {name: value for name, value in named.items() if value is not None}
    return {"model": "up/a", "messages": HI, "credential_override": {"up/a": given}}


def test_an_address_is_called_with_the_calls_own_key(
    served: Served, upstream: Upstream
) -> None:
    other = Upstream(say("from the other one"))
    found = httpx.post(f"{served.url}{CHAT}", json=_with_own(other.url))
    assert found.json()["choices"][0]["message"]["content"] == "from the other one"
    assert [seen.headers["authorization"] for seen in other.seen] == ["Bearer sk-own"]
    for key in (None, ""):
        refused = httpx.post(f"{served.url}{CHAT}", json=_with_own(other.url, key))
        assert refused.status_code == 400
    assert len(other.seen) == 1
    assert not upstream.seen
    other.close()


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://example.org", "http://10.0.0.1:1"]
)
@pytest.mark.parametrize("place", ["override", "customer", "weighted", "fallback"])
def test_a_strangers_address_is_refused(
    served: Served, upstream: Upstream, url: str, place: str
) -> None:
    given = {"api_key": "sk-own", "api_base": url}
    fields: dict[str, Any] = {
        "override": {"model": "up/a", "credential_override": {"up/a": given}},
        "customer": {"model": "up/a", "customer_credentials": {"up": given}},
        "weighted": {
            "load_balance_models": [
                {"model": "up/a", "weight": 1, "credentials": given}
            ]
        },
        "fallback": {
            "model": "up/b",
            "fallback_models": ["up/a"],
            "credential_override": {"up/a": given},
        },
    }[place]
    openai: dict[str, Any] = {"messages": HI}
    if "model" in fields:
        openai["model"] = fields.pop("model")
    for channel in ({**openai, **fields}, {**openai, "respan_params": fields}):
        found = httpx.post(f"{served.url}{CHAT}", json=channel)
        assert found.status_code == 400, json.dumps(channel)
        error = found.json()["error"]
        assert error["code"] == "address_not_allowed"
        assert httpx.URL(url).host in error["message"]
        assert "providers=" in error["message"]
    assert not upstream.seen
