"""The gateway over a real socket, driven by OpenAI's own SDK."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from gateway_upstream import Reply, Upstream, completion, delta, say
from openai import OpenAI

MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]


def test_a_plain_answer(openai: OpenAI, upstream: Upstream) -> None:
    answer = openai.chat.completions.create(
        model="up/a", messages=MESSAGES, temperature=0
    )
    assert answer.choices[0].message.content == "hello"
    assert answer.model == "up-1"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 14
    assert upstream.seen[0].path == "/v1/chat/completions"
    assert upstream.seen[0].body == {
        "model": "a",
        "messages": MESSAGES,
        "temperature": 0,
    }


def test_a_streamed_answer(openai: OpenAI, upstream: Upstream) -> None:
    upstream.answer = say("he", "ll", "o")
    chunks = list(
        openai.chat.completions.create(model="up/a", messages=MESSAGES, stream=True)
    )
    texts = [chunk.choices[0].delta.content for chunk in chunks]
    assert texts == ["he", "ll", "o", None]
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_stream_is_not_held_back(openai: OpenAI, upstream: Upstream) -> None:
    has_arrived = asyncio.Event()
    loops = []

    async def answer(reply: Reply) -> None:
        loops.append(asyncio.get_running_loop())
        await reply.events(delta("first"))
        await has_arrived.wait()  # what comes next exists only after the first was read
        await reply.event(delta("last", finish="stop"))
        await reply.event("[DONE]")

    upstream.answer = answer
    stream = iter(
        openai.chat.completions.create(model="up/a", messages=MESSAGES, stream=True)
    )
    assert next(stream).choices[0].delta.content == "first"
    loops[0].call_soon_threadsafe(has_arrived.set)
    assert [chunk.choices[0].delta.content for chunk in stream] == ["last"]


def test_usage_is_asked_for_and_hidden(openai: OpenAI, upstream: Upstream) -> None:
    chunks = list(
        openai.chat.completions.create(model="up/a", messages=MESSAGES, stream=True)
    )
    assert upstream.seen[0].body["stream_options"] == {"include_usage": True}
    assert all(chunk.choices for chunk in chunks)


def test_usage_is_shown_to_who_asked(openai: OpenAI) -> None:
    *_, last = openai.chat.completions.create(
        model="up/a",
        messages=MESSAGES,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 4


def test_the_breakdown_of_a_plain_answer(openai: OpenAI) -> None:
    answer = openai.chat.completions.create(
        model="up/a",
        messages=MESSAGES,
        extra_body={"request_breakdown": True, "metadata": {"k": "v"}},
    )
    found: Any = answer.model_extra["request_breakdown"]  # type: ignore[index]
    assert found["prompt_tokens"] == 10
    assert found["completion_tokens"] == 4
    assert found["cost"] == pytest.approx((10 * 1 + 4 * 5) / 1e6)
    assert found["model"] == "up-1"
    assert found["provider"] == "up"
    assert found["candidate"] == "up/a"
    assert found["cached"] is False
    assert found["stream"] is False
    assert found["prompt_messages"] == MESSAGES
    assert found["completion_message"]["content"] == "hello"
    assert found["full_request"]["model"] == "up/a"
    assert found["metadata"] == {"k": "v"}
    assert found["timestamp"].endswith("Z")
    assert 0 < found["routing_time"] < found["latency"]
    assert found["queue_time"] == 0


def test_the_breakdown_of_a_stream_is_its_last_chunk(openai: OpenAI) -> None:
    *chunks, last = openai.chat.completions.create(
        model="up/a",
        messages=MESSAGES,
        stream=True,
        extra_body={"request_breakdown": True},
    )
    assert all(chunk.id == "c1" for chunk in chunks)
    raw = last.to_dict()
    assert raw["id"] == "request_breakdown"
    assert raw["model"] == "extra_parameter"
    assert raw["usage"] == {}
    choice: Any = raw["choices"][0]  # type: ignore[index]
    assert choice["finish_reason"] == "stop"
    assert choice["delta"] == {"content": None, "role": "assistant"}
    found = choice["request_breakdown"]
    assert found["completion_message"]["content"] == "hello"
    assert found["completion_tokens"] == 4
    assert 0 < found["time_to_first_token"] <= found["latency"]


def test_every_answer_has_its_ids(openai: OpenAI) -> None:
    raw = openai.chat.completions.with_raw_response
    plain = raw.create(model="up/a", messages=MESSAGES)
    again = raw.create(model="up/a", messages=MESSAGES, stream=True)
    ids = {answer.headers["x-respan-log-id"] for answer in (plain, again)}
    assert len(ids) == 2
    assert plain.headers["x-respan-gateway-request-id"]
    assert plain.headers["x-respan-provider"] == "up"
    assert "x-respan-lab-queue-time" not in plain.headers
    assert "x-respan-lab-warnings" not in plain.headers
    assert again.headers["content-type"].startswith("text/event-stream")


def test_nothing_of_respans_reaches_the_provider(
    openai: OpenAI, upstream: Upstream
) -> None:
    raw = openai.chat.completions.with_raw_response.create(
        model="up/a",
        messages=MESSAGES,
        seed=3,
        extra_body={
            "request_breakdown": True,
            "cache_enabled": False,
            "customer_identifier": "someone",
            "metadata": {"k": "v"},
            "respan_params": {"span_name": "s"},
            "typo_field": 1,
        },
        extra_headers={"X-Respan-Beta": "token-breakdown-2026-03-26"},
    )
    seen = upstream.seen[0]
    assert seen.body == {"model": "a", "messages": MESSAGES, "seed": 3}
    assert not [name for name in seen.headers if "respan" in name]
    assert seen.headers["authorization"] == "Bearer sk-upstream-secret"
    warnings = json.loads(raw.headers["x-respan-lab-warnings"])
    named = [warning.split()[0].strip("'") for warning in warnings]
    assert named == ["typo_field"]


def test_an_unknown_field_is_forwarded_to_who_asks(
    openai: OpenAI, upstream: Upstream
) -> None:
    openai.chat.completions.create(
        model="up/a",
        messages=MESSAGES,
        extra_body={"top_k": 40},
        extra_headers={"X-Respan-Lab-Forward": "top_k, min_p"},
    )
    assert upstream.seen[0].body["top_k"] == 40


def test_what_is_not_honoured_is_refused(openai: OpenAI, upstream: Upstream) -> None:
    with pytest.raises(openai_error(400), match="mock_response"):
        openai.chat.completions.create(
            model="up/a", messages=MESSAGES, extra_body={"mock_response": "hello"}
        )
    assert upstream.seen == []


def test_an_unknown_model_names_the_nearest(openai: OpenAI) -> None:
    with pytest.raises(openai_error(404), match="nearest are up/"):
        openai.chat.completions.create(model="up/aa", messages=MESSAGES)


def test_tool_calls_and_unknown_fields_survive(
    openai: OpenAI, upstream: Upstream
) -> None:
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}

    async def answer(reply: Reply) -> None:
        payload = completion(service_extra={"kept": True})
        payload["choices"][0]["message"] = {
            "role": "assistant",
            "content": None,
            "tool_calls": [call],
        }
        await reply.json(payload)

    upstream.answer = answer
    found = openai.chat.completions.create(model="up/a", messages=MESSAGES)
    assert found.choices[0].message.tool_calls[0].id == "t"  # type: ignore[index]
    assert found.model_extra["service_extra"] == {"kept": True}  # type: ignore[index]


def openai_error(status: int) -> type[openai.APIStatusError]:
    return {400: openai.BadRequestError, 404: openai.NotFoundError}[status]
