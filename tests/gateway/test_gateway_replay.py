"""What was kept, given again: plain or as a stream, however it came at first."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.caching.replay import chunks, replay
from respan_lab.gateway.store.cache import Entry
from respan_lab.wire import SSEDecoder, StreamAssembler

TEXT = st.text(max_size=30) | st.text(" \n\tab", max_size=60)
WORD = st.text("abcdef", min_size=1, max_size=6)
EXTRAS = st.dictionaries(WORD, TEXT | st.none() | st.integers(), max_size=2)

FUNCTIONS = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": WORD, "arguments": TEXT}),
    },
    optional={"extra_content": EXTRAS},
)
CUSTOM = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "type": st.just("custom"),
        "custom": st.fixed_dictionaries({"name": WORD, "input": TEXT}),
    }
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": TEXT | st.none()},
    optional={
        "reasoning_content": TEXT,
        "reasoning": TEXT | st.none(),
        "refusal": TEXT | st.none(),
        "tool_calls": st.lists(FUNCTIONS | CUSTOM, max_size=3) | st.none(),
        "function_call": st.fixed_dictionaries({"name": WORD, "arguments": TEXT}),
        "annotations": st.lists(st.dictionaries(WORD, TEXT), max_size=2),
        "audio": st.fixed_dictionaries({"id": WORD, "data": TEXT}) | st.none(),
        "vendor_extra": EXTRAS,
    },
)
TOKENS = st.fixed_dictionaries(
    {"token": TEXT, "logprob": st.floats(-9, 0), "bytes": st.lists(st.integers(0, 9))}
)
CHOICES = st.fixed_dictionaries(
    {
        "message": MESSAGES,
        "finish_reason": st.sampled_from(["stop", "length", "tool_calls"]),
    },
    optional={
        "logprobs": st.none()
        | st.fixed_dictionaries(
            {"content": st.none() | st.lists(TOKENS), "refusal": st.none()}
        ),
        "stop_reason": st.none() | WORD,
    },
)
ANSWERS = st.fixed_dictionaries(
    {
        "id": WORD,
        "object": st.just("chat.completion"),
        "created": st.integers(0, 2**31),
        "model": WORD,
        "choices": st.lists(CHOICES, min_size=1, max_size=3).map(
            lambda choices: [{"index": i, **each} for i, each in enumerate(choices)]
        ),
    },
    optional={
        "usage": st.just({"prompt_tokens": 3, "completion_tokens": 4}),
        "system_fingerprint": WORD | st.none(),
        "service_tier": WORD,
        "citations": st.lists(TEXT),
        "vendor": EXTRAS,
    },
)


def together(payloads: Any) -> dict[str, Any]:
    stream = StreamAssembler()
    for payload in payloads:
        stream.feed(payload)
    assert stream.has_finished
    return stream.result()


@given(ANSWERS)
def test_a_replayed_stream_says_what_was_kept(answer: dict[str, Any]) -> None:
    before = copy.deepcopy(answer)
    assert together(chunks(answer, wants_usage=True)) == answer
    assert answer == before


@given(ANSWERS)
def test_usage_comes_last_and_only_if_asked_for(answer: dict[str, Any]) -> None:
    bare = list(chunks(answer, wants_usage=False))
    assert all("usage" not in each and each["choices"] for each in bare)
    *others, last = chunks(answer, wants_usage=True)
    if "usage" in answer:
        assert len(others) == len(bare)
        assert all(each["usage"] is None for each in others)
        assert last["choices"] == []
        assert last["usage"] == answer["usage"]
    else:
        assert [*others, last] == bare


@given(ANSWERS)
def test_every_choice_opens_with_its_role_and_ends_once(answer: dict[str, Any]) -> None:
    found: dict[int, list[dict[str, Any]]] = {}
    for chunk in chunks(answer, wants_usage=False):
        assert chunk["object"] == "chat.completion.chunk"
        assert (chunk["id"], chunk["model"]) == (answer["id"], answer["model"])
        (choice,) = chunk["choices"]
        found.setdefault(choice["index"], []).append(choice)
    for choice in answer["choices"]:
        first, *middle, last = found[choice["index"]]
        assert first["delta"]["role"] == "assistant"
        assert all(each["finish_reason"] is None for each in (first, *middle))
        assert all("role" not in each["delta"] for each in (*middle, last))
        assert last["finish_reason"] == choice["finish_reason"]
        assert last["delta"] == {}


def one(message: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c", "model": "m", "choices": [choice]}


def deltas(message: dict[str, Any]) -> list[dict[str, Any]]:
    found = chunks(one({"role": "assistant", **message}), wants_usage=False)
    return [chunk["choices"][0]["delta"] for chunk in found]


def test_a_text_is_cut_between_words() -> None:
    said = [each["content"] for each in deltas({"content": "in  three words\n"})[1:-1]]
    assert said == ["in", "  three", " words", "\n"]


def test_a_long_text_comes_in_few_pieces() -> None:
    text = " ".join(f"word{i}" for i in range(1000))
    said = [each["content"] for each in deltas({"content": text})[1:-1]]
    assert len(said) == 32
    assert "".join(said) == text


def test_reasoning_comes_before_the_answer() -> None:
    found = deltas({"content": "so", "reasoning_content": "hm"})
    assert [list(each) for each in found[1:-1]] == [["reasoning_content"], ["content"]]


def test_a_tool_call_names_itself_before_its_arguments() -> None:
    function = {"name": "look", "arguments": '{"at": "it"}'}
    call = {"id": "t1", "type": "function", "function": function}
    first, head, *rest, _ = deltas({"content": None, "tool_calls": [call]})
    assert first == {"role": "assistant", "content": None}
    assert head["tool_calls"] == [
        {**call, "index": 0, "function": {"name": "look", "arguments": ""}}
    ]
    pieces = [each["tool_calls"][0] for each in rest]
    assert [each["index"] for each in pieces] == [0, 0]
    assert (
        "".join(each["function"]["arguments"] for each in pieces)
        == (function["arguments"])
    )


def test_a_choice_without_an_index_has_that_of_its_place() -> None:
    answer = one({"role": "assistant", "content": "a"})
    del answer["choices"][0]["index"]
    assert together(chunks(answer, wants_usage=False))["choices"][0]["index"] == 0


def entry(completion: dict[str, Any]) -> Entry:
    return Entry(
        key="k",
        completion=completion,
        messages=None,
        model="m",
        provider="up",
        candidate="up/a",
        cost=None,
        latency=None,
        created=0,
        expires=1,
    )


async def content(completion: dict[str, Any], is_stream: bool) -> bytes:
    answer = replay(entry(completion), is_stream=is_stream)
    assert answer.status_code == 200
    return b"".join([chunk async for chunk in answer.body])


@pytest.mark.parametrize("text", ["two words", "caf\u00e9 \ud83d alone"])
def test_the_same_entry_is_given_plain_and_streamed(text: str) -> None:
    answer = one({"role": "assistant", "content": text})
    answer |= {"object": "chat.completion", "usage": {"prompt_tokens": 1}}
    plain = asyncio.run(content(answer, is_stream=False))
    assert json.loads(plain.decode("utf-8", "surrogatepass")) == answer
    events = SSEDecoder().feed(asyncio.run(content(answer, is_stream=True)))
    assert events[-1].data == "[DONE]"
    found = together(json.loads(event.data) for event in events[:-1])
    assert found["id"] == answer["id"]
    assert found["usage"] == answer["usage"]
