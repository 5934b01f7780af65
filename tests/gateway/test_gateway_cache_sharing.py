"""Whose answer the cache gives to whom, as gateways and callers change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream, completion, delta, say

from respan_lab.gateway import Gateway
from respan_lab.gateway.caching.cache import Cache
from respan_lab.gateway.store.cache import CacheStore
from respan_lab.transport import run

BODY = {"messages": [{"role": "user", "content": "hi"}], "cache_enabled": True}
CHAT = "/api/chat/completions"


async def in_process(gateway: Gateway, **fields: Any) -> httpx.Response:
    transport = httpx.ASGITransport(gateway.in_process)
    async with httpx.AsyncClient(transport=transport, base_url="http://own") as own:
        return await own.post(CHAT, json=BODY | fields)


def ask(home: Path, fields: dict[str, Any], **configured: Any) -> tuple[str, bool]:
    """Ask a gateway made afresh; give the text, and whether the cache had it."""
    gateway = Gateway(home=home, sim_time_scale=0, seed=1, **configured)
    try:
        said = run(in_process(gateway, **fields))
    finally:
        gateway.close()
    assert said.status_code == 200, said.text
    text = said.json()["choices"][0]["message"]["content"]
    return text, "x-respan-lab-cache" in said.headers


def test_a_group_that_is_changed_is_asked_again(tmp_path: Path) -> None:
    fields = {"load_balance_group": {"group_id": "g"}}
    for model, is_hit in (("small", False), ("small", True), ("large", False)):
        groups = {"g": [{"model": f"sim/{model}"}]}
        assert ask(tmp_path, fields, load_balance_groups=groups)[1] is is_hit


def test_a_server_at_another_address_is_asked(
    upstream: Upstream, tmp_path: Path
) -> None:
    for place, is_hit in (("one", False), ("one", True), ("two", False)):
        mine = {"base_url": upstream.url.replace("/v1", f"/{place}/v1")}
        providers = {"mine": mine}
        assert ask(tmp_path, {"model": "mine/a"}, providers=providers)[1] is is_hit
    assert len(upstream.seen) == 2


def test_a_function_is_asked_again_when_it_is_edited(tmp_path: Path) -> None:
    def named(text: str) -> Callable[..., str]:
        return lambda messages, **params: text

    for text in ("old", "new"):
        providers = {"sim": {"f": named(text)}}
        assert ask(tmp_path, {"model": "sim/f"}, providers=providers) == (text, False)


def test_a_function_is_asked_once_by_one_gateway(tmp_path: Path) -> None:
    calls = []

    def counted(messages: Any, **params: Any) -> str:
        calls.append(messages)
        return "counted"

    gateway = Gateway(home=tmp_path, providers={"sim": {"f": counted}})
    for _ in range(2):
        assert run(in_process(gateway, model="sim/f")).status_code == 200
    gateway.close()
    assert len(calls) == 1


def test_the_model_is_asked_once_its_key_is_there(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", upstream.url)
    fields = {"model": "openai/gpt-4o", "fallback_models": ["sim/small"]}
    for _ in range(2):
        text, is_hit = ask(tmp_path, fields)
        assert text != "hello"
        assert not is_hit
    monkeypatch.setenv("OPENAI_API_KEY", "sk-there-now")
    assert ask(tmp_path, fields) == ("hello", False)
    assert ask(tmp_path, fields) == ("hello", True)


CREDENTIALS: Any = [
    lambda key: {"model": "up/a", "customer_credentials": {"up": {"api_key": key}}},
    lambda key: {"model": "up/a", "credential_override": {"up/a": {"api_key": key}}},
    lambda key: {
        "load_balance_models": [
            {"model": "up/a", "weight": 1, "credentials": {"api_key": key}}
        ]
    },
]


@pytest.mark.parametrize("fields", CREDENTIALS)
def test_a_wrong_key_has_no_answer_that_another_clients_has_paid_for(
    upstream: Upstream, tmp_path: Path, fields: Callable[[str], dict[str, Any]]
) -> None:
    async def answer(reply: Reply) -> None:
        if reply.seen.headers["authorization"] == "Bearer sk-right":
            await say("hello")(reply)
        else:
            await reply.json({"error": {"message": "wrong key"}}, 401)

    upstream.answer = answer
    providers = {"up": {"base_url": upstream.url, "models": ["a"]}}
    gateway = Gateway(home=tmp_path, providers=providers, client_keys=["one", "two"])
    with gateway.serve() as server:

        def status(client: str, key: str) -> int:
            return httpx.post(
                f"{server.url}{CHAT}",
                json=BODY | fields(key),
                headers={"authorization": f"Bearer {client}"},
            ).status_code

        assert status("one", "sk-right") == status("one", "sk-right") == 200
        assert len(upstream.seen) == 1
        assert status("two", "sk-wrong") == 424  # as it says of a bad key
    gateway.close()


@pytest.mark.parametrize("more", [{}, {"cache_options": {"is_cached_by_model": False}}])
def test_over_a_socket_no_file_has_an_answer(
    upstream: Upstream, tmp_path: Path, more: dict[str, Any]
) -> None:
    providers = {"up": {"base_url": upstream.url, "models": ["a"]}}
    gateway = Gateway(home=tmp_path, providers=providers)
    fields = {"model": "up/a", "fallback_models": ["local:/a.gguf"], **more}
    assert run(in_process(gateway, **fields)).status_code == 200
    again = run(in_process(gateway, **fields))
    assert again.headers["x-respan-lab-cache"] == "hit"
    with gateway.serve() as server:
        refused = httpx.post(f"{server.url}{CHAT}", json=BODY | fields)
    gateway.close()
    assert refused.status_code == 403
    assert len(upstream.seen) == 1


def test_a_stream_that_nobody_reads_holds_up_nobody(
    upstream: Upstream, tmp_path: Path
) -> None:
    """A leader's caller takes no byte, and so its provider cannot go on either."""

    head = {"type": "http", "method": "POST", "path": CHAT, "query_string": b""}
    scope = head | {"headers": [(b"content-type", b"application/json")]}
    fields = BODY | {"model": "up/a", "stream": True}

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(fields).encode()}

    async def work(gateway: Gateway) -> None:
        is_stuck = asyncio.Event()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                is_stuck.set()
                await asyncio.Event().wait()

        slow = asyncio.create_task(gateway.in_process(scope, receive, send))
        await is_stuck.wait()
        async with asyncio.timeout(20):
            quick = await in_process(gateway, model="up/a")
        assert quick.json() == completion("hello")
        assert not slow.done()
        slow.cancel()
        await asyncio.wait([slow])

    async def answer(reply: Reply) -> None:
        if len(upstream.seen) > 1:
            await say("hello")(reply)
            return
        await reply.events(delta("the first of many"))
        await reply.until_gone()

    upstream.answer = answer
    providers = {"up": {"base_url": upstream.url, "models": ["a"]}}
    gateway = Gateway(home=tmp_path, providers=providers)
    gateway.cache = Cache(CacheStore(tmp_path), slack=0.01)
    run(work(gateway))
    gateway.close()
