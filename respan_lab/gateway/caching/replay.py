"""Step: give an answer that was kept, plain or as a stream, however it came at first.

It keeps its `id` and `created`: it is the answer they belong to, and no other was made.
That it was given before is said by `cached` in the breakdown and in the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..providers import ProviderAnswer

if TYPE_CHECKING:
    from ..store.cache import Entry

__all__ = ["chunks", "replay"]

_MOST_PIECES = 32  # of one text; more would cost time and show nobody more
_WORD = re.compile(r"\s*\S+|\s+\Z")
_TEXTS = ("reasoning_content", "reasoning", "thinking", "content", "refusal")
_IN_EVERY_CHUNK = ("id", "created", "model", "system_fingerprint", "service_tier")
_BESIDE = frozenset({"choices", "usage", "object"})
# Where the text of a tool call grows, by the call's kind.
_GROWING = (("function", "arguments"), ("custom", "input"))


def replay(entry: Entry, *, is_stream: bool) -> ProviderAnswer:
    """Give an answer as its provider would, for the same steps to pass it on.

    Args:
        entry: What was kept.
        is_stream: Whether it is to be streamed; its usage is then always there.

    Returns:
        An answer that needs no closing.
    """
    give = _events if is_stream else _whole
    return ProviderAnswer(200, give(entry.completion))


def chunks(
    completion: Mapping[str, Any], *, wants_usage: bool
) -> Iterator[dict[str, Any]]:
    """Give a completion as the chunks of a stream that says the same.

    Each choice comes as its role, its texts and tool calls in pieces cut between
    words, and its `finish_reason` with what else belongs to the choice.

    Args:
        completion: A `chat.completion` object.
        wants_usage: Whether the last chunk has no choice but the usage, if known.

    Example:
        >>> message = {"role": "assistant", "content": "two words"}
        >>> choice = {"index": 0, "message": message, "finish_reason": "stop"}
        >>> for chunk in chunks({"id": "c", "choices": [choice]}, wants_usage=False):
        ...     print(chunk["choices"][0]["delta"])
        {'role': 'assistant', 'content': ''}
        {'content': 'two'}
        {'content': ' words'}
        {}
    """
    every = {name: completion[name] for name in _IN_EVERY_CHUNK if name in completion}
    every["object"] = "chat.completion.chunk"
    once = {
        name: value
        for name, value in completion.items()
        if name not in every and name not in _BESIDE
    }
    usage = completion.get("usage")
    if wants_usage and usage:
        every["usage"] = None
    for position, choice in enumerate(completion["choices"]):
        for piece in _pieces(choice):
            index = choice.get("index", position)
            yield {**every, **once, "choices": [{"index": index, **piece}]}
            once = {}
    if wants_usage and usage:
        yield {**every, "choices": [], "usage": usage}


async def _whole(completion: Mapping[str, Any]) -> AsyncIterator[bytes]:
    yield json.dumps(completion).encode()


async def _events(completion: Mapping[str, Any]) -> AsyncIterator[bytes]:
    events = [
        b"data: " + json.dumps(chunk).encode() + b"\n\n"
        for chunk in chunks(completion, wants_usage=True)
    ]
    yield b"".join([*events, b"data: [DONE]\n\n"])


def _pieces(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A choice's part of each chunk."""
    for delta in _deltas(choice["message"]):
        yield {"delta": delta, "finish_reason": None}
    rest = {n: v for n, v in choice.items() if n not in ("index", "message")}
    yield {**rest, "delta": {}}


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    texts = [name for name in _TEXTS if isinstance(message.get(name), str)]
    calls = message.get("tool_calls")
    grows = isinstance(calls, list) and all(isinstance(call, dict) for call in calls)
    first = {name: value for name, value in message.items() if name != "tool_calls"}
    if calls and grows:
        yield {**first, **dict.fromkeys(texts, "")}
    else:
        yield {**message, **dict.fromkeys(texts, "")}
    for name in texts:
        for words in _cut(message[name]):
            yield {name: words}
    if calls and grows:
        for index, call in enumerate(calls):
            yield from _call(index, call)


def _call(index: int, call: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    head = {**call, "index": index}
    rest: list[dict[str, Any]] = []
    for kind, name in _GROWING:
        inner = call.get(kind)
        if isinstance(inner, dict) and isinstance(inner.get(name), str):
            head[kind] = {**inner, name: ""}
            rest += [{kind: {name: words}} for words in _cut(inner[name])]
    yield {"tool_calls": [head]}
    for piece in rest:
        yield {"tool_calls": [{"index": index, **piece}]}


def _cut(text: str) -> Iterator[str]:
    words: list[str] = _WORD.findall(text)
    length = -(-len(words) // _MOST_PIECES) or 1
    for at in range(0, len(words), length):
        yield "".join(words[at : at + length])
