"""Whose key a candidate is called with, when several providers are asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway_upstream import Upstream

from respan_lab.gateway import Gateway, Served

MESSAGES = [{"role": "user", "content": "hi"}]
NAMES = ("mine", "other", "openai", "openrouter")


async def _down(reply: Any) -> None:
    await reply.json({"error": {"message": "down"}}, status=503)


@pytest.fixture
def servers() -> Iterator[dict[str, Upstream]]:
    """A server for each provider; none of them answers well."""
    made = {name: Upstream(_down) for name in NAMES}
    yield made
    for server in made.values():
        server.close()


@pytest.fixture
def served(servers: dict[str, Upstream]) -> Iterator[Served]:
    entries = {
        name: {"base_url": server.url, "api_key": f"sk-{name}-own"}
        for name, server in servers.items()
    }
    gateway = Gateway(providers=entries)
    with gateway.serve() as server:
        yield server
    gateway.close()


def ask(served: Served, headers: dict[str, str] | None = None, **body: Any) -> Any:
    url = f"{served.url}/api/chat/completions"
    payload = {"messages": MESSAGES, **body}
    return httpx.post(url, json=payload, headers=headers or {}, timeout=20)


def keys(servers: dict[str, Upstream]) -> dict[str, list[str]]:
    """The keys each provider was shown, without `Bearer`."""
    return {
        name: [seen.headers["authorization"].split()[1] for seen in server.seen]
        for name, server in servers.items()
        if server.seen
    }


def test_a_slug_like_another_models_name_does_not_get_its_key(
    served: Served, servers: dict[str, Upstream]
) -> None:
    answer = ask(
        served,
        model="openai/gpt-4o",
        fallback_models=["openrouter/openai/gpt-4o"],
        credential_override={"openai/gpt-4o": {"api_key": "sk-for-openai"}},
    )
    assert keys(servers) == {
        "openai": ["sk-for-openai"],
        "openrouter": ["sk-openrouter-own"],
    }
    assert "credential_override" not in answer.headers["x-respan-lab-attempts"]
    assert "not used" not in answer.headers.get("x-respan-lab-warnings", "")


def test_a_pinned_provider_does_not_get_the_key_of_the_one_in_the_name(
    served: Served, servers: dict[str, Upstream]
) -> None:
    pinned = {"x-respan-route-provider": "other"}
    answer = ask(
        served, pinned, model="mine/a", credential_override={"mine/a": "sk-for-mine"}
    )
    listed = [{"model": "mine/a", "credentials": {"api_key": "sk-for-mine"}}]
    ask(served, pinned, load_balance_models=listed)
    assert keys(servers) == {"other": ["sk-other-own", "sk-other-own"]}
    assert "'other/a'" in answer.headers["x-respan-lab-warnings"]


def test_a_bare_slug_is_no_name_of_two_providers_models(
    served: Served, servers: dict[str, Upstream]
) -> None:
    answer = ask(
        served,
        model="mine/a",
        fallback_models=["other/a"],
        credential_override={"a": "sk-for-somebody"},
    )
    assert keys(servers) == {"mine": ["sk-mine-own"], "other": ["sk-other-own"]}
    said = answer.headers["x-respan-lab-warnings"]
    assert "credential_override['a'] was not used for" in said
    assert "sk-for" not in said


@pytest.mark.parametrize("name", ["a", "mine/a", "mine"])
def test_a_bare_slug_of_the_request_has_its_key_by_each_of_its_names(
    served: Served, servers: dict[str, Upstream], name: str
) -> None:
    pinned = {"x-respan-route-provider": "mine"}
    ask(served, pinned, model="a", credential_override={name: "sk-given"})
    assert keys(servers) == {"mine": ["sk-given"]}


def test_a_key_under_the_full_name_decides_who_runs_a_bare_slug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server = Upstream()
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    gateway = Gateway()
    with gateway.serve() as there:
        given = {"openai/gpt-4o-mini": "sk-given"}
        answer = ask(there, model="gpt-4o-mini", credential_override=given)
    gateway.close()
    server.close()
    assert answer.status_code == 200
    assert [s.headers["authorization"] for s in server.seen] == ["Bearer sk-given"]
