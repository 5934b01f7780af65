"""Fallbacks and retries: who is called, how often, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream, completion, delta, say

from respan_lab.gateway import Gateway, Served
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.routing.attempts import Attempt, Retries
from respan_lab.gateway.summaries import attempts_told, warnings_told

MESSAGES = [{"role": "user", "content": "hi"}]


def post(served: Served, **body: Any) -> httpx.Response:
    payload = {"messages": MESSAGES, "request_breakdown": True, **body}
    return httpx.post(f"{served.url}/api/chat/completions", json=payload, timeout=20)


def events(answer: httpx.Response) -> list[Any]:
    found = [part.removeprefix("data: ") for part in answer.text.split("\n\n") if part]
    return [json.loads(each) if each != "[DONE]" else each for each in found]


def breakdown(answer: httpx.Response) -> Any:
    if "event-stream" in answer.headers["content-type"]:
        return events(answer)[-2]["choices"][0]["request_breakdown"]
    return answer.json()["request_breakdown"]


def asked(upstream: Upstream) -> list[str]:
    return [seen.body["model"] for seen in upstream.seen]


def broken(*models: str, status: int = 503, times: int = 10**6, **headers: str) -> Any:
    """Answer with an error for some models, so many times; else say hello."""
    left = dict.fromkeys(models, times)

    async def answer(reply: Reply) -> None:
        model = reply.seen.body["model"]
        if left.get(model, 0) > 0:
            left[model] -= 1
            said = f"{model} is down"
            await reply.json({"error": {"message": said}}, status, **headers)
        else:
            await say("hello")(reply)

    return answer


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_fallbacks_are_tried_in_order_whatever_the_error(
    served: Served, upstream: Upstream, status: int, stream: bool
) -> None:
    upstream.answer = broken("a", "b", status=status)
    answer = post(served, model="up/a", fallback_models=["up/b", "up/c"], stream=stream)
    assert answer.status_code == 200
    assert asked(upstream) == ["a", "b", "c"]
    told = breakdown(answer)
    assert told["candidate"] == "up/c"
    assert told["reason"] == "fallback"
    assert [(each["model"], each["status_code"]) for each in told["attempts"]] == [
        ("up/a", status),
        ("up/b", status),
        ("up/c", 200),
    ]
    assert "a is down" in told["attempts"][0]["error"]
    assert all(each["latency"] > 0 for each in told["attempts"])
    shown = json.loads(answer.headers["x-respan-lab-attempts"])
    assert shown == [["up/a", status], ["up/b", status], ["up/c", 200]]
    assert answer.headers["x-respan-provider"] == "up"


def test_if_all_fail_the_last_error_is_the_answer(
    served: Served, upstream: Upstream
) -> None:
    upstream.answer = broken("a", "b", status=503)
    answer = post(served, model="up/a", fallback_models=["up/b"])
    assert answer.status_code == 503
    assert answer.json() == {"error": {"message": "b is down"}}
    shown = json.loads(answer.headers["x-respan-lab-attempts"])
    assert shown == [["up/a", 503], ["up/b", 503]]


def test_beside_a_model_the_router_list_is_one_of_fallbacks(
    served: Served, upstream: Upstream
) -> None:
    upstream.answer = broken("a", "b")
    answer = post(served, model="up/a", models=["up/a", "up/b", "up/c"])
    assert answer.status_code == 200
    assert asked(upstream) == ["a", "b", "c"]


def test_fallbacks_can_be_switched_off(served: Served, upstream: Upstream) -> None:
    upstream.answer = broken("a")
    answer = post(served, model="up/a", fallback_models=["up/b"], disable_fallback=True)
    assert answer.status_code == 503
    assert asked(upstream) == ["a"]


def test_a_wrong_fallback_fails_before_anything_is_spent(
    served: Served, upstream: Upstream
) -> None:
    answer = post(served, model="up/a", fallback_models=["up/typo"])
    assert answer.status_code == 404
    assert upstream.seen == []


def test_a_fallback_without_a_key_is_left_out_and_said_so(
    served: Served, upstream: Upstream
) -> None:
    answer = post(served, model="up/a", fallback_models=["openai/gpt-4o"])
    assert answer.status_code == 200
    assert "OPENAI_API_KEY is not set" in answer.headers["x-respan-lab-warnings"]


def test_a_fallback_answers_for_a_model_without_a_key(
    served: Served, upstream: Upstream
) -> None:
    answer = post(served, model="openai/gpt-4o", fallback_models=["up/b"])
    assert breakdown(answer)["candidate"] == "up/b"
    assert "a fallback answers" in answer.headers["x-respan-lab-warnings"]


def test_a_stream_that_fails_before_its_first_content_is_replaced(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        if reply.seen.body["model"] == "a":
            role = delta()
            role["choices"][0]["delta"] = {"role": "assistant"}
            await reply.events(role, {"error": {"message": "overloaded"}})
        else:
            await say("whole ", "answer")(reply)

    upstream.answer = answer
    got = post(served, model="up/a", fallback_models=["up/b"], stream=True)
    texts = [
        e["choices"][0]["delta"].get("content")
        for e in events(got)[:-1]
        if e["choices"] and e["id"] != "request_breakdown"
    ]
    assert "".join(filter(None, texts)) == "whole answer"
    assert breakdown(got)["candidate"] == "up/b"


def test_nobody_takes_over_after_the_first_content(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        await reply.events(delta("half"), {"error": {"message": "overloaded"}})

    upstream.answer = answer
    got = post(
        served,
        model="up/a",
        fallback_models=["up/b"],
        retry_params={"retry_enabled": True, "num_retries": 3},
        stream=True,
    )
    assert asked(upstream) == ["a"]
    first, last = events(got)
    assert first["choices"][0]["delta"]["content"] == "half"
    assert last == {"error": {"message": "overloaded"}}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_retries_are_made_on_what_may_pass(
    served: Served, upstream: Upstream, status: int
) -> None:
    upstream.answer = broken("a", status=status, times=2)
    how = {"retry_enabled": True, "num_retries": 2, "retry_after": 0.01}
    answer = post(served, model="up/a", retry_params=how)
    assert answer.status_code == 200
    told = breakdown(answer)
    assert [each["wait"] for each in told["attempts"]] == [0.01, 0.02, 0.0]
    assert told["routing_time"] < told["latency"]
    assert told["cost"] == pytest.approx((10 * 1.0 + 4 * 5.0) / 1e6)


@pytest.mark.parametrize("status", [400, 402, 404, 422])
def test_a_callers_fault_is_not_repeated(
    served: Served, upstream: Upstream, status: int
) -> None:
    upstream.answer = broken("a", status=status)
    answer = post(served, model="up/a", retries=3)
    assert answer.status_code == status
    assert len(upstream.seen) == 1


def test_retries_is_a_count(served: Served, upstream: Upstream) -> None:
    upstream.answer = broken("a", retry_after="0.01")
    assert post(served, model="up/a", retries=2).status_code == 503
    assert len(upstream.seen) == 3


def test_a_refused_connection_is_repeated(served: Served, upstream: Upstream) -> None:
    upstream.close()
    how = {"retry_enabled": True, "num_retries": 1, "retry_after": 0.01}
    answer = post(served, model="up/a", retry_params=how)
    assert answer.status_code == 502
    assert json.loads(answer.headers["x-respan-lab-attempts"]) == [["up/a", 502]] * 2


def test_retries_come_before_fallbacks(served: Served, upstream: Upstream) -> None:
    upstream.answer = broken("a", retry_after="0")
    post(served, model="up/a", retries=1, fallback_models=["up/b"])
    assert asked(upstream) == ["a", "a", "b"]


def failure(status: int, **headers: str) -> GatewayFailure:
    found = GatewayFailure(status, "no")
    found.headers = {name.replace("_", "-"): said for name, said in headers.items()}
    return found


def test_waits_double_and_what_the_provider_asks_for_comes_first() -> None:
    retries = Retries(most=3, wait=0.5)
    waits = [retries.wait_after(failure(503), n) for n in (1, 2, 3, 4)]
    assert waits == [0.5, 1.0, 2.0, None]
    assert retries.wait_after(failure(429, retry_after="7"), 1) == 7.0
    assert retries.wait_after(failure(429, retry_after_ms="250"), 3) == 0.25


def test_nobody_waits_for_an_hour() -> None:
    assert Retries(3).wait_after(failure(429, retry_after="3600"), 1) is None
    assert Retries(30, 1.0).wait_after(failure(503), 9) is None


@pytest.mark.parametrize(
    ("respan", "expected"),
    [
        ({}, Retries(0, 0.2)),
        ({"retries": 2}, Retries(2, 0.2)),
        ({"retries": 10**9}, Retries(10, 0.2)),
        ({"retry_params": {"retry_enabled": True}}, Retries(3, 0.2)),
        ({"retry_params": {"retry_enabled": False, "num_retries": 5}}, Retries(0, 0.2)),
        (
            {"retry_params": {"retry_enabled": True, "num_retries": 1}, "retries": 9},
            Retries(1, 0.2),
        ),
        (
            {"retry_params": {"retry_enabled": True, "retry_after": 2}},
            Retries(3, 2),
        ),
    ],
)
def test_what_the_fields_mean(respan: Any, expected: Retries) -> None:
    assert Retries.of(respan) == expected


# --- groups, credentials, deployments


@pytest.fixture
def azure(upstream: Upstream) -> Iterator[Served]:
    """A gateway with a group, and with a server that stands in for Azure."""
    entry = {"base_url": upstream.url, "api_key": "sk-upstream-secret"}
    gateway = Gateway(
        providers={"azure": entry, "up": {**entry, "models": ["a", "b"]}},
        load_balance_groups={
            "main": [
                {"model": "up/a", "weight": 1, "credentials": {"api_key": "sk-group"}},
                {"model": "up/b", "weight": 10**9},
            ]
        },
        prices={"azure/gpt-4o": {"input": 1.0, "output": 5.0}},
        seed=1,
    )
    with gateway.serve() as server:
        yield server
    gateway.close()


def test_a_group_is_a_saved_weighted_list(azure: Served, upstream: Upstream) -> None:
    answer = post(azure, load_balance_group={"group_id": "main"}, model="up/a")
    assert breakdown(answer)["reason"] == "drawn with weight 1e+09 of 1e+09"
    assert asked(upstream) == ["b"]
    warned = answer.headers["x-respan-lab-warnings"]
    assert "model was overridden by load_balance_group" in warned


def test_a_groups_own_models_are_for_one_request(
    azure: Served, upstream: Upstream
) -> None:
    group = {"group_id": "whatever", "models": [{"model": "up/a"}]}
    assert post(azure, load_balance_group=group).status_code == 200
    assert asked(upstream) == ["a"]


def test_an_unknown_group_is_400_and_names_those_there_are(azure: Served) -> None:
    answer = post(azure, load_balance_group={"group_id": "other"})
    assert answer.status_code == 400
    assert "this gateway has 'main'" in answer.json()["error"]["message"]


def test_a_deployment_is_what_azure_is_asked_for(
    azure: Served, upstream: Upstream
) -> None:
    names = {"azure/gpt-4o": "azure/my-deployment"}
    answer = post(azure, model="azure/gpt-4o", model_name_map=names)
    assert asked(upstream) == ["my-deployment"]
    told = breakdown(answer)
    assert told["candidate"] == "azure/gpt-4o"
    assert told["cost"] == pytest.approx((10 * 1.0 + 4 * 5.0) / 1e6)


def test_a_map_the_other_way_round_is_understood(
    azure: Served, upstream: Upstream
) -> None:
    post(azure, model="azure/gpt-4o", model_name_map={"my-deployment": "gpt-4o"})
    assert asked(upstream) == ["my-deployment"]


def test_a_map_for_another_provider_is_said_to_have_no_effect(
    served: Served, upstream: Upstream
) -> None:
    answer = post(served, model="up/a", model_name_map={"up/a": "b"})
    assert asked(upstream) == ["a"]
    assert "it is for Azure" in answer.headers["x-respan-lab-warnings"]


def keys(upstream: Upstream) -> list[str]:
    return [seen.headers["authorization"] for seen in upstream.seen]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"customer_credentials": {"up": "sk-customer"}}, "sk-customer"),
        ({"customer_credentials": {"up": {"api_key": "sk-customer"}}}, "sk-customer"),
        ({"customer_credentials": {"openai": "sk-other"}}, "sk-upstream-secret"),
        ({"credential_override": {"up/a": {"api_key": "sk-name"}}}, "sk-name"),
        ({"credential_override": {"a": {"api_key": "sk-slug"}}}, "sk-upstream-secret"),
        ({"credential_override": {"up": "sk-provider"}}, "sk-provider"),
        ({"credential_override": {"up/b": "sk-other"}}, "sk-upstream-secret"),
        (
            {
                "credential_override": {"up/a": "sk-name", "up": "sk-provider"},
                "customer_credentials": {"up": "sk-customer"},
            },
            "sk-name",
        ),
    ],
)
def test_whose_key_is_used(
    served: Served, upstream: Upstream, body: Any, key: str
) -> None:
    answer = post(served, model="up/a", **body)
    assert answer.status_code == 200
    assert keys(upstream) == [f"Bearer {key}"]
    assert "sk-" not in answer.text


def test_an_override_beats_a_candidates_own(served: Served, upstream: Upstream) -> None:
    listed = [{"model": "up/a", "credentials": {"api_key": "sk-own"}}]
    post(served, load_balance_models=listed)
    post(served, load_balance_models=listed, credential_override={"up/a": "sk-over"})
    assert keys(upstream) == ["Bearer sk-own", "Bearer sk-over"]


def test_each_candidate_has_its_own_key(served: Served, upstream: Upstream) -> None:
    upstream.answer = broken("a")
    post(
        served,
        model="up/a",
        fallback_models=["up/b"],
        credential_override={"up/a": "sk-first"},
    )
    assert keys(upstream) == ["Bearer sk-first", "Bearer sk-upstream-secret"]


@pytest.mark.parametrize("given", [{"up": {"key": "sk-wrong-name"}}, {"up": {"a": 1}}])
def test_credentials_without_a_key_are_refused_and_not_shown(
    served: Served, upstream: Upstream, given: Any
) -> None:
    answer = post(served, model="up/a", customer_credentials=given)
    assert answer.status_code == 400
    assert "`api_key`" in answer.json()["error"]["message"]
    assert "sk-wrong-name" not in answer.text
    assert upstream.seen == []


def test_a_callers_key_is_taken_out_of_the_providers_error(
    served: Served, upstream: Upstream
) -> None:
    async def echo(reply: Reply) -> None:
        said = reply.seen.headers["authorization"]
        await reply.json({"error": {"message": f"bad key {said}"}}, 401)

    upstream.answer = echo
    answer = post(served, model="up/a", customer_credentials={"up": "sk-customer"})
    assert "bad key Bearer ***;" in answer.json()["error"]["message"]


def test_the_token_breakdown_is_behind_its_flag(
    served: Served, upstream: Upstream
) -> None:
    async def answer(reply: Reply) -> None:
        details = {"prompt_tokens_details": {"cached_tokens": 6}}
        payload = completion()
        payload["usage"] |= details
        await reply.json(payload)

    upstream.answer = answer
    assert "cached_tokens" not in breakdown(post(served, model="up/a"))
    told = httpx.post(
        f"{served.url}/api/chat/completions",
        json={"model": "up/a", "messages": MESSAGES, "request_breakdown": True},
        headers={"X-Respan-Beta": "token-breakdown-2026-03-26"},
    ).json()["request_breakdown"]
    assert (told["cached_tokens"], told["total_tokens"]) == (6, 14)
    assert told["reasoning_tokens"] is None
    assert told["usage"]["prompt_tokens_details"] == {"cached_tokens": 6}


# --- the headers that tell of it


def test_long_names_are_cut_in_the_header(upstream: Upstream) -> None:
    names = [f"up/{letter * 70_000}" for letter in "ab"]
    upstream.answer = broken(names[0].removeprefix("up/"))
    entry = {"base_url": upstream.url, "api_key": "sk-upstream-secret"}
    gateway = Gateway(providers={"up": entry})
    with gateway.serve() as server:
        answer = post(server, model=names[0], fallback_models=names[1:])
    gateway.close()
    assert answer.status_code == 200
    shown = json.loads(answer.headers["x-respan-lab-attempts"])
    assert shown == [[names[0][:100], 503], [names[1][:100], 200]]


@pytest.mark.parametrize("name", ["a" * 100, "\N{GRINNING FACE}" * 100])
def test_the_last_attempts_are_told_in_4_kb(name: str) -> None:
    tried: list[Attempt] = [
        {
            "model": f"{n}{name}",
            "provider": "up",
            "status_code": 500 + n,
            "error": "no",
            "latency": 0.1,
            "wait": 0.0,
        }
        for n in range(40)
    ]
    told = attempts_told(tried)
    assert told.isascii()
    assert len(told) <= 4000
    assert [status for _, status in json.loads(told)][-2:] == [538, 539]


@pytest.mark.parametrize("letter", ["x", "é", "\N{GRINNING FACE}"])
def test_a_long_warning_is_cut_and_those_left_out_are_counted(letter: str) -> None:
    (only,) = json.loads(warnings_told([letter * 4100]))
    assert only.startswith(letter * 100)
    assert only.endswith("...")
    told = warnings_told([f"{n}{letter * 90}" for n in range(200)])
    assert told.isascii()
    assert len(told) <= 4000
    *shown, last = json.loads(told)
    assert shown[0] == f"0{letter * 90}"
    assert last == f"... and {200 - len(shown)} more"
