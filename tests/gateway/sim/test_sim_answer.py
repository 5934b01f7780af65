from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.providers.simulated.answer import (
    Answer,
    Choice,
    count_prompt,
    tokens_of,
)
from respan_lab.gateway.providers.simulated.models import MODELS
from respan_lab.gateway.providers.simulated.pace import LONGEST, Pace

TEXT = "The cat sat on the mat."


def choice(text=TEXT, *, tool=None, **body):
    return Choice.of(text, body, tool=tool, random=random.Random(0))


@given(st.text())
def test_tokens_joined_are_the_text(text):
    assert "".join(tokens_of(text)) == text


def test_tokens_are_about_as_long_as_a_models():
    text = "The delivery of my order B-2087 was late again, unfortunately. " * 20
    assert 3 < len(text) / len(tokens_of(text)) < 5


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_long_answer_is_cut(name):
    cut = choice(**{name: 3})
    assert cut.message()["content"] == "The cat sat"
    assert cut.finish_reason == "length"
    assert choice(**{name: 100}).finish_reason == "stop"


@pytest.mark.parametrize("stop", ["on", ["xyz", "on", "mat"], ["", "on"]])
def test_an_answer_stops_before_a_stop_text(stop):
    stopped = choice(stop=stop)
    assert stopped.message()["content"] == "The cat sat "
    assert stopped.finish_reason == "stop"


def test_log_probabilities_have_an_entry_for_each_token():
    plain = choice()
    assert plain.logprobs is None
    entries = choice(logprobs=True, top_logprobs=2).logprobs
    assert [entry["token"] for entry in entries] == list(plain.tokens)
    assert all(entry["logprob"] <= 0 for entry in entries)
    assert bytes(entries[0]["bytes"]).decode() == entries[0]["token"]
    assert entries[0]["top_logprobs"][0]["token"] == entries[0]["token"]
    assert choice(logprobs=True).logprobs[0]["top_logprobs"] == []


def test_tool_calls_have_arguments_and_no_content():
    called = choice('{"order": "B-1"}', tool=("call_1", "look_up"), stop="order")
    assert called.message() == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "look_up", "arguments": '{"order": "B-1"}'},
            }
        ],
    }
    assert called.finish_reason == "tool_calls"


def answer():
    tool = choice('{"a": 1}', tool=("call_1", "look_up"))
    return Answer("id-1", "small", [choice(logprobs=True), tool], prompt_tokens=7)


def test_the_whole_object_and_its_usage():
    payload = answer().payload()
    assert payload["object"] == "chat.completion"
    assert [item["index"] for item in payload["choices"]] == [0, 1]
    assert [item["finish_reason"] for item in payload["choices"]] == [
        "stop",
        "tool_calls",
    ]
    usage = payload["usage"]
    assert usage["prompt_tokens"] == 7
    assert usage["completion_tokens"] == answer().completion_tokens > 10
    assert usage["total_tokens"] == 7 + usage["completion_tokens"]


def test_the_stream_says_the_same_as_the_object():
    events = [event for _, event in answer().events()]
    assert events[-1] == b"data: [DONE]\n\n"
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == answer().payload()["usage"]
    assert {chunk["id"] for chunk in chunks} == {"id-1"}
    first = [chunk for chunk in chunks[:-1] if chunk["choices"][0]["index"] == 0]
    second = [chunk for chunk in chunks[:-1] if chunk["choices"][0]["index"] == 1]
    texts = [chunk["choices"][0]["delta"].get("content", "") for chunk in first]
    assert "".join(texts) == TEXT
    logprobs = [chunk["choices"][0]["logprobs"] for chunk in first]
    assert [entry["content"][0]["token"] for entry in logprobs if entry] == texts[1:-1]
    head, *rest, end = (chunk["choices"][0] for chunk in second)
    assert head["delta"]["tool_calls"][0]["function"]["name"] == "look_up"
    arguments = [part["delta"]["tool_calls"][0]["function"] for part in rest]
    assert "".join(part["arguments"] for part in arguments) == '{"a": 1}'
    assert end["finish_reason"] == "tool_calls"


def test_each_token_of_a_stream_has_its_number():
    numbers = [number for number, _ in answer().events()]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(answer().completion_tokens + 1))


def test_an_empty_answer_is_an_answer():
    empty = Answer("id", "small", [choice("")], prompt_tokens=0)
    assert empty.payload()["choices"][0]["message"]["content"] == ""
    assert [number for number, _ in empty.events()] == [0, 0, 0, 0]


def test_prompt_tokens_grow_with_all_that_is_sent():
    message = {"role": "user", "content": TEXT}
    plain = count_prompt({"messages": [message]})
    picture = {"type": "image_url", "image_url": {"url": "x"}}
    parts = [{"type": "text", "text": TEXT}, picture]
    assert plain == 7 + 4
    assert count_prompt({"messages": [message, message]}) == 2 * plain
    assert count_prompt({"messages": [{"role": "user", "content": parts}]}) > 50
    assert count_prompt({"messages": [message], "tools": [{"a": "b"}]}) > plain
    assert count_prompt({"messages": [{"role": "assistant", "content": None}]}) == 4


@given(
    st.sampled_from(list(MODELS)),
    st.integers(0, 5000),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_times_are_in_order_and_short(name, n_tokens, seed, is_stream):
    pace = Pace.of(MODELS[name], n_tokens, random.Random(seed))
    assert 0 < pace.first <= pace.last <= LONGEST
    assert pace.at(0) == pace.at(1) == pace.first
    if n_tokens > 1:
        assert pace.at(n_tokens) == pytest.approx(pace.last)
    declared = pace.declared(is_stream=is_stream)
    assert declared["latency"] == pace.last
    assert (declared["time_to_first_token"] is None) is (not is_stream or n_tokens == 0)
    assert (declared["tokens_per_second"] is None) is (not is_stream or n_tokens < 5)


def test_the_declared_rate_is_that_of_the_times():
    pace = Pace.of(MODELS["large"], 30, random.Random(0))
    declared = pace.declared(is_stream=True)
    assert declared["time_to_first_token"] == pace.first
    rate = 29 / (pace.last - pace.first)
    assert declared["tokens_per_second"] == pytest.approx(rate)


def test_better_models_are_slower_and_dearer():
    small, medium, large = (MODELS[name] for name in ("small", "medium", "large"))
    for attribute in ("quality", "first_token"):
        values = [getattr(model, attribute) for model in (small, medium, large)]
        assert values == sorted(values)
    assert small.rate > medium.rate > large.rate
    assert small.price.output < medium.price.output < large.price.output
