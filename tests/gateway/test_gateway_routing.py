"""Who answers: names, router lists, weighted lists, and the draws behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway_upstream import Upstream

from respan_lab.errors import ConfigError
from respan_lab.gateway import Gateway
from respan_lab.gateway.routing.draws import Draws
from respan_lab.transport import ASGITransport, run

MESSAGES = [{"role": "user", "content": "hi"}]


async def ask(gateway: Gateway, headers: Any = None, **body: Any) -> httpx.Response:
    transport = ASGITransport(gateway.in_process)
    async with httpx.AsyncClient(transport=transport, base_url="http://gw") as client:
        payload = {"messages": MESSAGES, **body}
        return await client.post(
            "/api/chat/completions", json=payload, headers=headers or {}
        )


async def _picks(gateway: Gateway, n: int, **body: Any) -> list[str]:
    answers = [
        await ask(gateway, request_breakdown=True, custom_identifier=str(i), **body)
        for i in range(n)
    ]
    return [answer.json()["request_breakdown"]["candidate"] for answer in answers]


def error(answer: httpx.Response) -> str:
    message: str = answer.json()["error"]["message"]
    return message


WEIGHTED = [{"model": "up/a", "weight": 3}, {"model": "up/b", "weight": 1}]


def test_a_weighted_list_is_drawn_by_its_weights(gateway: Gateway) -> None:
    n = 400
    picks = Counter(run(_picks(gateway, n, load_balance_models=WEIGHTED)))
    expected = {"up/a": n * 3 / 4, "up/b": n / 4}
    chi = sum((picks[name] - e) ** 2 / e for name, e in expected.items())
    assert chi < 6.6  # one degree of freedom, one chance in a hundred


def test_the_same_seed_draws_the_same(upstream: Upstream) -> None:
    entry = {"base_url": upstream.url, "models": ["a", "b"]}
    found = []
    for seed in (5, 5, 6):
        gateway = Gateway(providers={"up": entry}, seed=seed)
        found.append(run(_picks(gateway, 30, load_balance_models=WEIGHTED)))
        gateway.close()
    assert found[0] == found[1] != found[2]


def test_identical_requests_draw_afresh(gateway: Gateway) -> None:
    async def repeat() -> set[str]:
        answers = [
            await ask(gateway, request_breakdown=True, load_balance_models=WEIGHTED)
            for _ in range(30)
        ]
        return {each.json()["request_breakdown"]["candidate"] for each in answers}

    assert run(repeat()) == {"up/a", "up/b"}


def test_a_weighted_list_overrides_model(gateway: Gateway) -> None:
    only = [{"model": "up/b", "weight": 2}]
    answer = run(ask(gateway, model="up/a", load_balance_models=only))
    assert answer.status_code == 200
    assert "overridden" in answer.headers["x-respan-lab-warnings"]


def test_the_reason_is_in_the_breakdown(gateway: Gateway, upstream: Upstream) -> None:
    one = [{"model": "up/b", "weight": 2}]
    answer = run(ask(gateway, request_breakdown=True, load_balance_models=one))
    found = answer.json()["request_breakdown"]
    assert found["candidate"] == "up/b"
    assert found["reason"] == "drawn with weight 2 of 2"
    assert upstream.seen[0].body["model"] == "b"


def test_a_candidates_credentials_are_for_it_alone(
    gateway: Gateway, upstream: Upstream
) -> None:
    mine = {"api_key": "sk-candidate-secret"}
    listed = [{"model": "up/a", "weight": 1, "credentials": mine}]
    answer = run(ask(gateway, load_balance_models=listed, request_breakdown=True))
    assert upstream.seen[0].headers["authorization"] == "Bearer sk-candidate-secret"
    assert b"sk-candidate-secret" not in upstream.seen[0].content
    assert "sk-candidate-secret" not in answer.text
    run(ask(gateway, model="up/a"))
    assert upstream.seen[1].headers["authorization"] == "Bearer sk-upstream-secret"


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ({"api_base": "http://elsewhere"}, "api_key"),
        ({"api_key": "env:HOME"}, "env:NAME"),
        ({"api_key": "two\r\nlines: x"}, "printable"),
        ({"api_key": "k" * 8, "api_base": "file:///etc"}, "http"),
    ],
)
def test_credentials_that_would_leak_ours_are_refused(
    gateway: Gateway, upstream: Upstream, credentials: Any, said: str
) -> None:
    listed = [{"model": "up/a", "weight": 1, "credentials": credentials}]
    answer = run(ask(gateway, load_balance_models=listed))
    assert answer.status_code == 400
    assert said in error(answer)
    assert upstream.seen == []


@pytest.mark.parametrize("weight", [0, -1, True, "3", None])
def test_weights_are_numbers_above_0(gateway: Gateway, weight: Any) -> None:
    listed = [{"model": "up/a", "weight": weight}]
    answer = run(ask(gateway, load_balance_models=listed))
    assert answer.status_code == 400
    assert "above 0" in error(answer)


def test_a_wrong_name_in_a_weighted_list_fails_always(gateway: Gateway) -> None:
    listed = [{"model": "up/a", "weight": 1e9}, {"model": "up/typo", "weight": 1}]
    assert run(ask(gateway, load_balance_models=listed)).status_code == 404


ROUTED = ["openai/gpt-4o", "up/b", "up/a"]


async def _routed(gateway: Gateway, n: int, **body: Any) -> list[dict[str, Any]]:
    answers = [
        await ask(
            gateway,
            models=ROUTED,
            messages=[{"role": "user", "content": f"question {i}"}],
            request_breakdown=True,
            **body,
        )
        for i in range(n)
    ]
    return [answer.json()["request_breakdown"] for answer in answers]


def test_the_router_spreads_questions_over_those_that_can_be_called(
    gateway: Gateway,
) -> None:
    found = run(_routed(gateway, 40))
    counts = Counter(each["candidate"] for each in found)
    assert set(counts) == {"up/a", "up/b"}
    assert min(counts.values()) >= 8  # 40 fair draws give fewer once in 30,000
    assert all(
        each["reason"].startswith(
            "picked by the request's hash from 2 usable of 3 models; skipped openai"
        )
        for each in found
    )


def test_the_router_gives_the_same_question_to_the_same_model(
    upstream: Upstream,
) -> None:
    entry = {"base_url": upstream.url, "models": ["a", "b"]}
    found = []
    for _ in range(2):  # after a restart as well, and without a seed
        gateway = Gateway(providers={"up": entry})
        for tag in ("x", "y"):
            answers = run(_routed(gateway, 20, custom_identifier=tag))
            found.append([each["candidate"] for each in answers])
        gateway.close()
    assert found == [found[0]] * 4


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ({"exclude_models": ["up/a"]}, {"up/b"}),
        ({"exclude_models": ["b"]}, {"up/a"}),
        ({"exclude_providers": ["openai"]}, {"up/a", "up/b"}),
    ],
)
def test_the_router_skips_what_is_excluded(
    gateway: Gateway, excluded: Any, left: set[str]
) -> None:
    found = run(_routed(gateway, 20, **excluded))
    assert {each["candidate"] for each in found} == left
    skipped = excluded.get("exclude_models") or ["openai"]
    assert skipped[0] in found[0]["reason"]


def test_exclusions_leave_a_named_model_and_its_fallbacks_alone(
    gateway: Gateway,
) -> None:
    answer = run(ask(gateway, model="up/a", exclude_models=["up/a"]))
    assert answer.status_code == 200
    assert "without a router" in answer.headers["x-respan-lab-warnings"]


def test_a_router_list_of_one_is_the_model(gateway: Gateway) -> None:
    assert run(ask(gateway, models=["up/b"])).status_code == 200
    assert run(ask(gateway, models=["up/typo"])).status_code == 404


def test_a_router_list_without_a_usable_model_says_why(gateway: Gateway) -> None:
    answer = run(ask(gateway, models=["openai/gpt-4o", "up/typo"]))
    assert answer.status_code == 424
    assert "OPENAI_API_KEY is not set" in error(answer)
    assert "up/typo" in error(answer)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": ""},
        {"model": 3},
        {"models": "up/a"},
        {"models": [1, 2]},
        {"load_balance_group": {"group_id": "unknown"}},
        {"models": ["up/a"], "load_balance_models": WEIGHTED},
        {"load_balance_models": "up/a"},
        {"load_balance_models": ["up/a"]},
    ],
)
def test_an_unclear_choice_is_400(gateway: Gateway, body: Any) -> None:
    answer = run(ask(gateway, **body))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in ("model", *body)


@pytest.fixture
def with_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    for name in ("OPENAI", "AZURE_OPENAI", "GROQ", "TOGETHER"):
        monkeypatch.setenv(f"{name}_API_KEY", f"sk-{name.lower()}-secret")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9/")
    gateway = Gateway()
    yield gateway
    gateway.close()


def test_a_bare_slug_goes_to_the_vendor_with_price_and_key(with_keys: Gateway) -> None:
    assert with_keys.vendor_keys() == ["azure", "groq", "openai", "together"]
    assert with_keys.resolve("gpt-4o-mini") == ("openai", "gpt-4o-mini")
    assert with_keys.resolve("groq/gpt-4o-mini") == ("groq", "gpt-4o-mini")


def test_several_vendors_are_named(with_keys: Gateway) -> None:
    with pytest.raises(ConfigError, match="say azure/o3 or openai/o3"):
        with_keys.resolve("o3")


def test_a_vendor_without_a_key_is_named_with_its_variable(with_keys: Gateway) -> None:
    with pytest.raises(ConfigError, match="anthropic, but ANTHROPIC_API_KEY"):
        with_keys.resolve("claude-sonnet-4-5")
    with pytest.raises(ConfigError, match="XAI_API_KEY is not set"):
        with_keys.resolve("xai/grok-4")


def test_an_unknown_name_gives_the_nearest(with_keys: Gateway) -> None:
    with pytest.raises(ConfigError, match="openai/gpt-4o-mini"):
        with_keys.resolve("gpt-4o-mimi")


def test_no_key_shows_in_a_repr(with_keys: Gateway) -> None:
    shown = repr(with_keys) + repr(vars(with_keys.names)) + repr(with_keys.names)
    assert "openai" in shown
    assert "secret" not in shown


def test_a_pinned_provider_keeps_the_slug(gateway: Gateway, upstream: Upstream) -> None:
    pin = {"X-Respan-Route-Provider": "up"}
    assert run(ask(gateway, pin, model="a")).status_code == 200
    assert upstream.seen[0].body["model"] == "a"
    nobody = run(ask(gateway, {"X-Respan-Route-Provider": "nobody"}, model="a"))
    assert nobody.status_code == 400
    assert "'nobody'" in error(nobody)


def test_draws_do_not_depend_on_the_order_of_requests() -> None:
    requests = [{"model": str(i % 3), "messages": [i % 4]} for i in range(24)]
    one, other = Draws(3), Draws(3)
    forward = sorted((str(r), one.of(lambda r=r: r)()) for r in requests)
    backward = sorted((str(r), other.of(lambda r=r: r)()) for r in requests[::-1])
    assert forward == backward
    assert len(set(forward)) == 24


def test_draws_differ_by_identifier() -> None:
    assert Draws(3).of(dict, "a")() != Draws(3).of(dict, "b")()
