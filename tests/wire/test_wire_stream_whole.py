"""Any answer, cut up any way, is the same answer when put together again."""

from __future__ import annotations

import copy
import random

from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import StreamError
from respan_lab.wire import StreamAssembler

TEXT = st.text(max_size=20)
WORD = st.text("abcdef", min_size=1, max_size=6)

CALLS = st.builds(
    lambda id, name, arguments: {
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    id=st.uuids().map(str),
    name=WORD,
    arguments=TEXT,
)
TOKENS = st.builds(
    lambda token, logprob: {"token": token, "logprob": logprob, "top_logprobs": []},
    token=TEXT,
    logprob=st.floats(-9, 0),
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": TEXT},
    optional={
        "reasoning_content": TEXT,
        "refusal": TEXT,
        "tool_calls": st.lists(CALLS, min_size=1, max_size=3),
        "vendor_extra": st.dictionaries(WORD, TEXT, max_size=2),
        "annotations": st.lists(st.dictionaries(WORD, TEXT), min_size=1, max_size=2),
    },
)
CHOICES = st.fixed_dictionaries(
    {"message": MESSAGES, "finish_reason": st.sampled_from(["stop", "length"])},
    optional={
        "logprobs": st.fixed_dictionaries(
            {"content": st.lists(TOKENS, min_size=1, max_size=4)}
        )
    },
)
ANSWERS = st.fixed_dictionaries(
    {
        "id": WORD,
        "object": st.just("chat.completion"),
        "created": st.integers(1, 2**31),
        "model": WORD,
        "choices": st.lists(CHOICES, min_size=1, max_size=3).map(
            lambda choices: [{"index": i, **each} for i, each in enumerate(choices)]
        ),
    },
    optional={
        "usage": st.just({"prompt_tokens": 3, "completion_tokens": 4}),
        "request_breakdown": st.just({"cost": 0.5, "cached": False}),
        "system_fingerprint": WORD,
        "vendor": st.dictionaries(WORD, TEXT, min_size=1),
    },
)


def cut_text(text: str, draw: random.Random) -> list[str]:
    edges = sorted(draw.randrange(len(text) + 1) for _ in range(draw.randrange(4)))
    return [text[a:b] for a, b in zip([0, *edges], [*edges, len(text)], strict=True)]


def cut_message(message: dict, draw: random.Random) -> list[dict]:
    deltas: list[dict] = [{"role": "assistant", "content": ""}]
    for key, value in message.items():
        if key == "tool_calls":
            for i, call in enumerate(value):
                function = call["function"]
                head = {**call, "index": i, "function": {**function, "arguments": ""}}
                deltas.append({key: [head]})
                for piece in cut_text(function["arguments"], draw):
                    part = {"index": i, "function": {"arguments": piece}}
                    deltas.append({key: [part]})
        elif isinstance(value, str) and key != "role":
            deltas += [{key: piece} for piece in cut_text(value, draw)]
        elif key != "role":
            deltas.append({key: value})
    return deltas


def cut_answer(answer: dict, draw: random.Random) -> list[dict]:
    """The payloads of a stream that says the same, choices shuffled into each other."""
    top = {
        key: value
        for key, value in answer.items()
        if key not in ("choices", "usage", "request_breakdown")
    }
    top["object"] = "chat.completion.chunk"
    queues = []
    for choice in answer["choices"]:
        bare = {"index": choice["index"], "finish_reason": None}
        queue = [{**bare, "delta": d} for d in cut_message(choice["message"], draw)]
        queue += [
            {**bare, "delta": {}, "logprobs": {"content": [token]}}
            for token in choice.get("logprobs", {}).get("content", [])
        ]
        queue.append({**bare, "delta": {}, "finish_reason": choice["finish_reason"]})
        queues.append(queue)
    payloads = []
    while queues:
        queue = draw.choice(queues)
        payloads.append({**top, "usage": None, "choices": [queue.pop(0)]})
        queues = [each for each in queues if each]
    if "usage" in answer:
        payloads.append({**top, "choices": [], "usage": answer["usage"]})
    if "request_breakdown" in answer:
        payloads.append(breakdown_chunk(answer["request_breakdown"]))
    return payloads


def breakdown_chunk(breakdown: dict) -> dict:
    return {
        "id": "request_breakdown",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "extra_parameter",
        "usage": {},
        "choices": [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": None},
                "message": {"role": "assistant", "content": None},
                "finish_reason": "stop",
                "request_breakdown": breakdown,
            }
        ],
    }


@given(ANSWERS, st.integers(0, 2**16))
def test_a_stream_put_together_is_the_plain_answer(answer: dict, seed: int) -> None:
    payloads = cut_answer(answer, random.Random(seed))
    before = copy.deepcopy(payloads)
    stream = StreamAssembler()
    for payload in payloads:
        stream.feed(payload)
    assert stream.result() == answer
    assert stream.has_finished
    assert payloads == before


@given(ANSWERS, st.integers(0, 2**16))
def test_the_chunks_texts_are_the_answers_text(answer: dict, seed: int) -> None:
    stream = StreamAssembler()
    texts = {choice["index"]: "" for choice in answer["choices"]}
    for payload in cut_answer(answer, random.Random(seed)):
        piece = stream.feed(payload)
        if piece is not None:
            texts[piece.choice] += piece.text
            assert piece.raw is payload
    assert list(texts.values()) == [c["message"]["content"] for c in answer["choices"]]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "index", "message", "content", "tool_calls"]
                    + ["function", "arguments", "usage", "id", "logprobs", "error"]
                ),
                inner,
            )
        ),
        max_leaves=25,
    )
)
def test_nonsense_is_a_stream_error_at_worst(payload) -> None:
    stream = StreamAssembler()
    for _ in range(2):
        try:
            stream.feed(payload)
        except StreamError:
            break
    assert stream.result()["object"] == "chat.completion"
