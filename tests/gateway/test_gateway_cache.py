"""The response cache, over a real socket."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream, completion, delta, say
from openai import BadRequestError, InternalServerError, OpenAI

from respan_lab.gateway import Gateway, Served

MESSAGES: Any = [{"role": "user", "content": "hi"}]


def ask(openai: OpenAI, *, model: str = "up/a", respan: Any = None, **params: Any):
    extra = {"cache_enabled": True, "request_breakdown": True, **(respan or {})}
    return openai.chat.completions.create(
        model=model, messages=MESSAGES, extra_body=extra, **params
    )


def breakdown(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer.model_extra["request_breakdown"]
    return found


def streamed(openai: OpenAI, **params: Any) -> list[dict[str, Any]]:
    with ask(openai, stream=True, **params) as stream:
        return [chunk.model_dump(exclude_unset=True) for chunk in stream]


def text(chunks: list[dict[str, Any]]) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for chunk in chunks
        for choice in chunk["choices"]
    )


def test_the_same_question_is_answered_once(openai: OpenAI, upstream: Upstream) -> None:
    first, second = ask(openai), ask(openai)
    assert len(upstream.seen) == 1
    assert first.choices == second.choices
    assert (first.id, first.created) == (second.id, second.created)
    assert first.usage == second.usage
    cold, hit = breakdown(first), breakdown(second)
    assert (cold["cached"], hit["cached"]) == (False, True)
    assert cold["cost"] == pytest.approx(30e-6)
    assert hit["cost"] == 0
    assert (hit["prompt_tokens"], hit["completion_tokens"]) == (10, 4)
    for name in ("model", "provider", "candidate", "status_code"):
        assert hit[name] == cold[name]
    assert hit["attempts"] == []
    assert hit["routing_time"] is None
    assert 0 < hit["latency"] < 20


def test_nothing_of_the_cache_reaches_the_provider(
    openai: OpenAI, upstream: Upstream
) -> None:
    ask(openai, respan={"cache_ttl": 60, "cache_options": {"omit_log": True}})
    assert set(upstream.seen[0].body) == {"model", "messages"}


def test_without_cache_enabled_every_question_is_asked(
    openai: OpenAI, upstream: Upstream
) -> None:
    for enabled in (False, True, False):
        answer = ask(openai, respan={"cache_enabled": enabled})
        assert breakdown(answer)["cached"] is False
    assert len(upstream.seen) == 3


@pytest.mark.parametrize(
    "more", [{"temperature": 0.5}, {"model": "up/b"}, {"max_tokens": 5}, {"n": 1}]
)
def test_another_question_is_asked(
    openai: OpenAI, upstream: Upstream, more: Any
) -> None:
    ask(openai)
    assert breakdown(ask(openai, **more))["cached"] is False
    assert len(upstream.seen) == 2


def test_models_share_answers_only_if_asked_to(
    openai: OpenAI, upstream: Upstream
) -> None:
    shared = {"cache_options": {"is_cached_by_model": False}}
    ask(openai, model="up/a", respan=shared)
    hit = breakdown(ask(openai, model="up/b", respan=shared))
    assert hit["cached"] is True
    assert hit["candidate"] == "up/a"
    assert len(upstream.seen) == 1


def test_customers_share_answers_unless_told_apart(
    openai: OpenAI, upstream: Upstream
) -> None:
    apart = {"cache_options": {"cache_by_customer": True}}
    for customer in ("ann", "bob", "ann"):
        ask(openai, respan={"customer_identifier": customer, **apart})
    assert len(upstream.seen) == 2
    for customer in ("ann", "bob"):
        ask(openai, respan={"customer_identifier": customer})
    assert len(upstream.seen) == 3


def test_a_stream_is_replayed_as_a_stream(openai: OpenAI, upstream: Upstream) -> None:
    upstream.answer = say("two ", "words")
    cold, hit = streamed(openai), streamed(openai)
    assert len(upstream.seen) == 1
    assert text(cold) == text(hit) == "two words"
    *chunks, last = hit
    assert len([each for each in chunks if text([each])]) == 2
    assert {each["id"] for each in chunks} == {"c1"}
    assert all("usage" not in each or each["usage"] is None for each in chunks)
    found = last["choices"][0]["request_breakdown"]
    assert found["cached"] is True
    assert found["cost"] == 0
    assert found["completion_tokens"] == 4
    assert 0 < found["time_to_first_token"] <= found["latency"]


def test_a_replayed_stream_tells_its_usage_if_asked(openai: OpenAI) -> None:
    ask(openai)
    options = {"include_usage": True}
    chunks = streamed(openai, stream_options=options, respan={})
    (found,) = [each["usage"] for each in chunks if each.get("usage")]
    assert found["total_tokens"] == 14


def test_plain_and_streamed_answers_stand_for_each_other(
    openai: OpenAI, upstream: Upstream
) -> None:
    upstream.answer = say("a ", "b ", "c")
    streamed(openai)
    plain = ask(openai)
    assert plain.object == "chat.completion"
    assert plain.choices[0].message.content == "a b c"
    assert breakdown(plain)["cached"] is True
    ask(openai, temperature=0)
    assert text(streamed(openai, temperature=0)) == "a b c"
    assert len(upstream.seen) == 2


def test_tool_calls_and_several_choices_are_replayed(
    openai: OpenAI, upstream: Upstream
) -> None:
    function = {"name": "look", "arguments": '{"at": "the sky"}'}
    call = {"id": "t1", "type": "function", "function": function}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "assistant", "content": "no tool"},
    ]
    choices = [
        {"index": i, "message": message, "finish_reason": reason}
        for i, (message, reason) in enumerate(
            zip(messages, ("tool_calls", "stop"), strict=True)
        )
    ]

    async def answer(reply: Reply) -> None:
        await reply.json(completion(choices=choices))

    upstream.answer = answer
    cold = ask(openai, n=2)
    with openai.chat.completions.stream(
        model="up/a", messages=MESSAGES, n=2, extra_body={"cache_enabled": True}
    ) as stream:
        hit = stream.get_final_completion()
    assert len(upstream.seen) == 1
    found = hit.choices[0].message.tool_calls
    assert found is not None
    assert found[0].id == "t1"
    assert found[0].function.arguments == function["arguments"]
    assert hit.choices[1].message.content == cold.choices[1].message.content
    assert [each.finish_reason for each in hit.choices] == ["tool_calls", "stop"]


def test_an_error_is_not_kept(openai: OpenAI, upstream: Upstream) -> None:
    async def fail(reply: Reply) -> None:
        await reply.json({"error": {"message": "not now"}}, 500)

    upstream.answer = fail
    with pytest.raises(InternalServerError):
        ask(openai)
    upstream.answer = say("hello")
    assert breakdown(ask(openai))["cached"] is False
    assert len(upstream.seen) == 2


def test_a_stream_that_breaks_off_is_not_kept(
    served: Served, openai: OpenAI, upstream: Upstream
) -> None:
    async def break_off(reply: Reply) -> None:
        await reply.events(delta("half of"))

    upstream.answer = break_off
    body = {"model": "up/a", "messages": MESSAGES, "cache_enabled": True}
    said = httpx.post(
        f"{served.url}/api/chat/completions", json=body | {"stream": True}
    )
    assert "ended too early" in said.text
    upstream.answer = say("hello")
    assert breakdown(ask(openai))["cached"] is False
    assert breakdown(ask(openai))["cached"] is True


def test_a_filtered_answer_is_not_kept(openai: OpenAI, upstream: Upstream) -> None:
    async def withhold(reply: Reply) -> None:
        message = {"role": "assistant", "content": ""}
        choice = {"index": 0, "message": message, "finish_reason": "content_filter"}
        await reply.json(completion(choices=[choice]))

    upstream.answer = withhold
    ask(openai)
    ask(openai)
    assert len(upstream.seen) == 2


def test_an_answer_expires(openai: OpenAI, upstream: Upstream) -> None:
    ask(openai, respan={"cache_ttl": 1e-9})
    assert breakdown(ask(openai))["cached"] is False
    assert len(upstream.seen) == 2


def test_hits_survive_a_restart(upstream: Upstream, tmp_path: Path) -> None:
    for is_cached in (False, True):
        entry = {"base_url": upstream.url, "models": ["a"]}
        gateway = Gateway(home=tmp_path / "home", providers={"up": entry})
        with (
            gateway.serve() as server,
            OpenAI(
                base_url=f"{server.url}/api", api_key="unused", max_retries=0
            ) as openai,
        ):
            assert breakdown(ask(openai))["cached"] is is_cached
        gateway.close()
    assert len(upstream.seen) == 1


def held(upstream: Upstream) -> tuple[threading.Event, threading.Event]:
    """Have the provider wait; give what says it was called, and what lets it go on."""
    called, may_answer = threading.Event(), threading.Event()

    async def answer(reply: Reply) -> None:
        called.set()
        await asyncio.to_thread(may_answer.wait, 20)
        await say("hello")(reply)

    upstream.answer = answer
    return called, may_answer


def test_questions_at_the_same_time_make_one_call(
    openai: OpenAI, upstream: Upstream
) -> None:
    called, may_answer = held(upstream)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask, openai) for _ in range(8)]
        assert called.wait(20)
        may_answer.set()
        found = [breakdown(answer.result())["cached"] for answer in answers]
    assert sorted(found) == [False] + [True] * 7
    assert len(upstream.seen) == 1


def test_a_caller_who_leaves_passes_the_question_on(
    served: Served, openai: OpenAI, upstream: Upstream
) -> None:
    called, may_answer = held(upstream)
    body = {"model": "up/a", "messages": MESSAGES, "cache_enabled": True}
    url = f"{served.url}/api/chat/completions"

    async def leave() -> None:
        async with httpx.AsyncClient() as client:
            call = asyncio.create_task(client.post(url, json=body, timeout=20))
            assert await asyncio.to_thread(called.wait, 20)
            call.cancel()
            await asyncio.wait([call])

    asyncio.run(leave())
    may_answer.set()
    assert ask(openai).choices[0].message.content == "hello"
    assert breakdown(ask(openai))["cached"] is True


def test_a_file_that_is_not_ours_costs_no_request(
    gateway: Gateway, served: Served, upstream: Upstream
) -> None:
    gateway.home.mkdir(exist_ok=True)
    (gateway.home / "cache.db").write_bytes(b"not a database, but long enough " * 9)
    body = {"model": "up/a", "messages": MESSAGES, "cache_enabled": True}
    for _ in range(2):
        answer = httpx.post(f"{served.url}/api/chat/completions", json=body)
        assert answer.status_code == 200
        assert "cache cannot be used" in answer.headers["x-respan-lab-warnings"]
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("ttl", [0, -1, "60", True, [60]])
def test_a_lifetime_is_a_number_above_0(
    openai: OpenAI, upstream: Upstream, ttl: Any
) -> None:
    with pytest.raises(BadRequestError) as caught:
        ask(openai, respan={"cache_ttl": ttl})
    assert caught.value.param == "cache_ttl"
    assert upstream.seen == []


@pytest.mark.parametrize(
    "options", [True, "x", {"cache_by_customer": "yes"}, {"omit_log": 1}]
)
def test_options_have_their_types(
    openai: OpenAI, upstream: Upstream, options: Any
) -> None:
    with pytest.raises(BadRequestError) as caught:
        ask(openai, respan={"cache_options": options})
    assert caught.value.param is not None
    assert caught.value.param.startswith("cache_options")
    assert upstream.seen == []


def test_an_unknown_option_is_warned_about(openai: OpenAI) -> None:
    answer = ask(openai, respan={"cache_options": {"omit_logs": True}})
    assert "omit_logs" in json.dumps(breakdown(answer)["warnings"])


def test_without_cache_enabled_the_other_fields_are_warned_about(
    openai: OpenAI,
) -> None:
    answer = ask(openai, respan={"cache_enabled": False, "cache_ttl": 60})
    assert "cache_ttl" in json.dumps(breakdown(answer)["warnings"])


def test_a_hit_names_its_provider_in_the_headers(
    served: Served, upstream: Upstream
) -> None:
    body = {"model": "up/a", "messages": MESSAGES, "cache_enabled": True}
    url = f"{served.url}/api/chat/completions"
    cold, hit = (httpx.post(url, json=body) for _ in range(2))
    assert len(upstream.seen) == 1
    assert hit.json() == cold.json()
    assert hit.headers["x-respan-provider"] == "up"
    assert hit.headers["x-respan-log-id"] != cold.headers["x-respan-log-id"]


@pytest.mark.parametrize(("omits", "n_rows"), [(False, 2), (True, 1)])
def test_a_hit_has_a_log_row_of_its_own_unless_it_is_to_have_none(
    served: Served, openai: OpenAI, omits: bool, n_rows: int
) -> None:
    for _ in range(2):
        ask(openai, respan={"cache_options": {"omit_log": omits}})
    listed = httpx.post(f"{served.url}/api/request-logs/list/", json={}).json()
    rows = listed["results"]
    assert len(rows) == n_rows
    assert [row["cache_bit"] for row in rows] == [True, False][-n_rows:]
    assert len({row["cache_key"] for row in rows}) == 1
    if n_rows == 2:
        assert rows[0]["model"] == "respan/cache"
        assert rows[0]["cost"] == 0
