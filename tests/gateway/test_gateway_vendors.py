"""Vendors whose keys are in the environment, of OpenAI's dialect and of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream

from respan_lab.errors import ConfigError
from respan_lab.gateway import Gateway
from respan_lab.gateway.providers.translations import MOST, Translations
from respan_lab.gateway.providers.vendor import VENDORS, Access
from respan_lab.transport import ASGITransport, run

MESSAGES = [{"role": "user", "content": "hi"}]
KEY = "sk-vendor-secret"


async def _ask(gateway: Gateway, body: Any) -> httpx.Response:
    transport = ASGITransport(gateway.in_process)
    async with httpx.AsyncClient(transport=transport, base_url="http://gw") as client:
        return await client.post("/api/chat/completions", json=body, timeout=20)


def ask(gateway: Gateway, model: str, **body: Any) -> httpx.Response:
    return run(_ask(gateway, {"model": model, "messages": MESSAGES, **body}))


@pytest.fixture
def gateway_with(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Gateway]]:
    made: list[Gateway] = []

    def make(**environ: str) -> Gateway:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        made.append(Gateway())
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


OPENAI_DIALECT = sorted(v.name for v in VENDORS if v.dialect == "openai")


@pytest.mark.parametrize("name", OPENAI_DIALECT)
def test_a_vendor_of_openais_dialect_gets_its_key_as_a_header(
    name: str, upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    prefix = name.upper()
    gateway = gateway_with(
        **{f"{prefix}_API_KEY": f" {KEY}\n", f"{prefix}_BASE_URL": upstream.url + "/"}
    )
    answer = ask(gateway, f"{name}/some/model", metadata={"k": "v"}, seed=1)
    assert answer.status_code == 200
    seen = upstream.seen[0]
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {"model": "some/model", "messages": MESSAGES, "seed": 1}
    assert gateway.vendor_keys() == [name]


def test_without_a_key_nothing_is_sent(gateway_with: Callable[..., Gateway]) -> None:
    answer = ask(gateway_with(), "openai/gpt-4o")
    assert answer.status_code == 424
    assert "OPENAI_API_KEY is not set" in answer.text


@pytest.mark.parametrize("key", ["two\nlines", "ключ", "  ", "env:HOME"])
def test_a_key_no_header_can_carry_is_an_error(
    key: str, gateway_with: Callable[..., Gateway]
) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        gateway_with(OPENAI_API_KEY=key)
    assert key.strip() == "" or key not in str(caught.value)


async def _claude(reply: Reply) -> None:
    if reply.seen.body.get("stream"):
        events = [
            ("message_start", {"message": _CLAUDE_HEAD}),
            (
                "content_block_start",
                {"index": 0, "content_block": {"type": "text", "text": ""}},
            ),
            (
                "content_block_delta",
                {"index": 0, "delta": {"type": "text_delta", "text": "bonjour"}},
            ),
            ("content_block_stop", {"index": 0}),
            (
                "message_delta",
                {
                    "delta": {"stop_reason": "end_turn"},
                    "usage": {"output_tokens": 4},
                },
            ),
            ("message_stop", {}),
        ]
        await reply.head(content_type="text/event-stream")
        for name, data in events:
            line = json.dumps({"type": name, **data})
            await reply.send(f"event: {name}\ndata: {line}\n\n".encode())
        return
    content = [{"type": "text", "text": "bonjour"}]
    usage = {"input_tokens": 10, "output_tokens": 4}
    await reply.json(
        {**_CLAUDE_HEAD, "content": content, "stop_reason": "end_turn", "usage": usage}
    )


_CLAUDE_HEAD = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 1},
}


def claude(upstream: Upstream, gateway_with: Callable[..., Gateway]) -> Gateway:
    upstream.answer = _claude
    url = f"http://127.0.0.1:{upstream.port}"
    return gateway_with(ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url)


def test_another_dialect_is_translated(
    upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    gateway = claude(upstream, gateway_with)
    answer = ask(
        gateway, "claude-sonnet-4-5", request_breakdown=True, metadata={"k": "v"}
    )
    payload = answer.json()
    assert payload["choices"][0]["message"]["content"] == "bonjour"
    assert payload["request_breakdown"]["provider"] == "anthropic"
    assert payload["request_breakdown"]["cost"] == pytest.approx(
        (10 * 3 + 4 * 15) / 1e6
    )
    seen = upstream.seen[0]
    assert seen.path == "/v1/messages"
    assert seen.headers["x-api-key"] == KEY
    assert seen.body["model"] == "claude-sonnet-4-5"
    assert not {"metadata", "request_breakdown"} & set(seen.body)


def test_another_dialect_is_translated_as_it_streams(
    upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    gateway = claude(upstream, gateway_with)
    answer = ask(
        gateway, "anthropic/claude-sonnet-4-5", stream=True, request_breakdown=True
    )
    *events, done, rest = answer.text.split("\n\n")
    payloads = [json.loads(event.removeprefix("data: ")) for event in events]
    said = [each["choices"][0]["delta"].get("content") for each in payloads]
    assert "".join(text for text in said if text) == "bonjour"
    found = payloads[-1]["choices"][0]["request_breakdown"]
    assert found["completion_tokens"] == 4
    assert (done, rest) == ("data: [DONE]", "")


def test_gemini_is_reached_by_its_own_path(
    upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    async def answer(reply: Reply) -> None:
        content = {"role": "model", "parts": [{"text": "ciao"}]}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 4}
        await reply.json({"candidates": [candidate], "usageMetadata": usage})

    upstream.answer = answer
    gateway = gateway_with(GEMINI_API_KEY=KEY, GEMINI_BASE_URL=upstream.url)
    answer_ = ask(gateway, "gemini/gemini-2.5-flash")
    assert answer_.json()["choices"][0]["message"]["content"] == "ciao"
    seen = upstream.seen[0]
    assert seen.path == "/v1/models/gemini-2.5-flash:generateContent"
    assert seen.headers["x-goog-api-key"] == KEY


def test_azure_is_reached_by_its_endpoint(
    upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    endpoint = f"http://127.0.0.1:{upstream.port}/"
    gateway = gateway_with(AZURE_OPENAI_API_KEY=KEY, AZURE_OPENAI_ENDPOINT=endpoint)
    assert ask(gateway, "azure/gpt-4o").status_code == 200
    seen = upstream.seen[0]
    assert seen.path == "/openai/v1/chat/completions"
    assert seen.headers["api-key"] == KEY


def test_azure_without_an_endpoint_says_so(
    gateway_with: Callable[..., Gateway],
) -> None:
    gateway = gateway_with(AZURE_OPENAI_API_KEY=KEY)
    assert gateway.vendor_keys() == []
    assert "AZURE_OPENAI_BASE_URL is not set" in ask(gateway, "azure/gpt-4o").text


def test_a_vendors_error_keeps_its_status_and_loses_the_key(
    upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    gateway = claude(upstream, gateway_with)

    async def answer(reply: Reply) -> None:
        error = {"type": "rate_limit_error", "message": f"slow down, {KEY}"}
        await reply.json({"type": "error", "error": error}, 429, retry_after="7")

    upstream.answer = answer
    got = ask(gateway, "anthropic/claude-sonnet-4-5")
    assert got.status_code == 429
    assert got.headers["retry-after"] == "7"
    assert got.json()["error"]["message"] == "slow down, ***"
    assert len(upstream.seen) == 1  # no retries, no fallback


@pytest.mark.parametrize(
    ("model", "key_name", "url_name"),
    [
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
        ("gemini/gemini-2.5-flash", "GOOGLE_API_KEY", "GEMINI_BASE_URL"),
        ("groq/some-model", "GROQ_API_KEY", "GROQ_BASE_URL"),
    ],
)
def test_a_refused_key_is_424_and_names_the_variable(
    upstream: Upstream,
    gateway_with: Callable[..., Gateway],
    model: str,
    key_name: str,
    url_name: str,
) -> None:
    gateway = gateway_with(**{key_name: KEY, url_name: upstream.url})

    async def answer(reply: Reply) -> None:
        error = {"type": "authentication_error", "message": f"bad key {KEY}"}
        await reply.json({"type": "error", "error": error}, 401)

    upstream.answer = answer
    got = ask(gateway, model)
    assert got.status_code == 424
    said = got.json()["error"]["message"]
    assert f"answered 401: bad key ***; check the key in {key_name}," in said


def test_a_gateway_toml_that_lies_about_is_not_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    upstream: Upstream,
    gateway_with: Callable[..., Gateway],
) -> None:
    thief = Upstream()
    try:
        elsewhere = f"http://127.0.0.1:{thief.port}"
        (tmp_path / "gateway.toml").write_text(
            f'[network]\nproxy = "{elsewhere}"\n'
            f'[providers.anthropic]\nvendor = "anthropic"\nbase_url = "{elsewhere}"\n'
            f'[providers.openai]\nvendor = "openai"\nbase_url = "{elsewhere}"\n'
        )
        (tmp_path / ".env").write_text(
            f"HTTP_PROXY={elsewhere}\nRESPAN_ANTHROPIC_BASE_URL={elsewhere}\n"
        )
        monkeypatch.chdir(tmp_path)
        gateway = claude(upstream, gateway_with)
        assert ask(gateway, "anthropic/claude-sonnet-4-5").status_code == 200
        assert len(upstream.seen) == 1
        assert thief.seen == []
    finally:
        thief.close()


def test_a_translator_is_kept_for_each_credential_and_at_most_64() -> None:
    vendor = next(vendor for vendor in VENDORS if vendor.name == "anthropic")

    async def check() -> None:
        kept = Translations()
        access = Access("key-first", "http://127.0.0.1:9")
        first = await kept.get(vendor, access)
        assert await kept.get(vendor, access) is first
        for i in range(MOST):
            await kept.get(vendor, Access(f"key-{i}", "http://127.0.0.1:9"))
        assert len(kept) == MOST
        assert await kept.get(vendor, access) is not first
        shown = repr(kept) + repr(vars(kept))
        assert "key-" not in shown

    run(check())


def test_a_translator_that_cannot_be_built_is_502(
    upstream: Upstream, gateway_with: Callable[..., Gateway]
) -> None:
    gateway = gateway_with(
        ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="http://127.0.0.1:99999/"
    )
    answer = ask(gateway, "anthropic/claude-sonnet-4-5")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "bad_answer"


def test_a_failed_translator_is_not_kept() -> None:
    vendor = next(vendor for vendor in VENDORS if vendor.name == "anthropic")
    access = Access(KEY, "http://127.0.0.1:99999/")

    async def fault(kept: Translations) -> Exception:
        with pytest.raises(Exception, match="bad base URL") as caught:
            await kept.get(vendor, access)
        return caught.value

    async def check() -> None:
        kept = Translations()
        assert await fault(kept) is not await fault(kept)
        assert len(kept) == 1

    run(check())
