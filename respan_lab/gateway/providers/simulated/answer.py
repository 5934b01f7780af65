"""The wire form of simulated answers: tokens, objects and events."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .work import at, spend

__all__ = ["Answer", "Choice", "count_prompt", "tokens_of"]

_TOKEN = re.compile(r"\s?(?:\w{1,5}|[^\w\s])|\s")
_PER_MESSAGE = 4
_PER_PICTURE = 85
_CUTTING = 7  # steps of work for a character that is cut into tokens


def tokens_of(text: str) -> list[str]:
    """Cut a text into pieces like a model's tokens; joined they are the text.

    >>> tokens_of("Where is it?")
    ['Where', ' is', ' it', '?']
    """
    return _TOKEN.findall(text)


def count_prompt(body: Mapping[str, Any]) -> int:
    """Count the tokens of a request's messages and tools."""
    at("messages")
    total = 0
    for message in body.get("messages") or ():
        content = message.get("content")
        parts = content if isinstance(content, list) else [content]
        total += _PER_MESSAGE + sum(_count(part) for part in parts)
    at("tools")
    tools = body.get("tools")
    return total + (_count(json.dumps(tools)) if tools else 0)


def _count(part: Any) -> int:
    if isinstance(part, Mapping):
        if "text" not in part:
            return _PER_PICTURE
        part = part["text"]
    if not isinstance(part, str):
        return 0
    spend(len(part) * _CUTTING)
    return len(tokens_of(part))


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of an answer.

    Attributes:
        tokens: The text, or the arguments of the tool call.
        finish_reason: `stop`, `length` or `tool_calls`.
        tool: The id and name of the tool called; None for a text.
        logprobs: One entry a token; None if not asked for.
    """

    tokens: Sequence[str]
    finish_reason: str
    tool: tuple[str, str] | None = None
    logprobs: Sequence[Mapping[str, Any]] | None = None

    @classmethod
    def of(
        cls,
        text: str,
        body: Mapping[str, Any],
        *,
        tool: tuple[str, str] | None = None,
        random: random.Random,
    ) -> Choice:
        """Cut what was written by `stop` and `max_tokens`, and add what was asked.

        Args:
            text: What was written.
            body: The request.
            tool: As in the class.
            random: Makes up the log-probabilities.
        """
        tokens = tokens_of(text if tool else _stopped(text, body.get("stop")))
        most = body.get("max_completion_tokens") or body.get("max_tokens")
        reason = "tool_calls" if tool else "stop"
        if isinstance(most, int) and len(tokens) > most:
            tokens, reason = tokens[:most], "length"
        logprobs = None
        if body.get("logprobs") and tool is None:
            logprobs = [_logprob(token, body, random) for token in tokens]
        return cls(tokens, reason, tool, logprobs)

    def message(self) -> dict[str, Any]:
        """Give the whole message."""
        text = "".join(self.tokens)
        if self.tool is None:
            return {"role": "assistant", "content": text}
        call = _tool_call(self.tool, text)
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def deltas(self) -> Iterator[tuple[dict[str, Any], Any]]:
        """Give the deltas of a stream with their log-probabilities, one a token."""
        for index, token in enumerate(self.tokens):
            logprobs = None
            if self.logprobs is not None:
                logprobs = {"content": [self.logprobs[index]], "refusal": None}
            yield self._delta(token), logprobs

    def head(self) -> dict[str, Any]:
        """Give the delta that a stream begins with, before any token."""
        if self.tool is None:
            return {"role": "assistant", "content": ""}
        call = {"index": 0, **_tool_call(self.tool, "")}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def _delta(self, token: str) -> dict[str, Any]:
        if self.tool is None:
            return {"content": token}
        return {"tool_calls": [{"index": 0, "function": {"arguments": token}}]}


def _stopped(text: str, stop: Any) -> str:
    marks = [stop] if isinstance(stop, str) else stop or ()
    at("stop")
    spend(len(marks) * (20 + len(text) // 10))
    found = [text.find(mark) for mark in marks if mark and mark in text]
    return text[: min(found)] if found else text


def _tool_call(tool: tuple[str, str], arguments: str) -> dict[str, Any]:
    function = {"name": tool[1], "arguments": arguments}
    return {"id": tool[0], "type": "function", "function": function}


def _logprob(
    token: str, body: Mapping[str, Any], random: random.Random
) -> dict[str, Any]:
    entry = {
        "token": token,
        "logprob": round(-random.expovariate(4), 6),
        "bytes": list(token.encode()),
    }
    has_alternatives = bool(body.get("top_logprobs"))
    return {**entry, "top_logprobs": [entry] if has_alternatives else []}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, ready for the wire.

    Attributes:
        id: The answer's id.
        model: The slug that answers.
        choices: At least one.
        prompt_tokens: Tokens of the request.
    """

    id: str
    model: str
    choices: Sequence[Choice]
    prompt_tokens: int

    @property
    def completion_tokens(self) -> int:
        """Tokens of all choices together."""
        return sum(len(choice.tokens) for choice in self.choices)

    def payload(self) -> dict[str, Any]:
        """Give the `chat.completion` object."""
        choices = [
            {
                "index": index,
                "message": choice.message(),
                "logprobs": None
                if choice.logprobs is None
                else {"content": list(choice.logprobs), "refusal": None},
                "finish_reason": choice.finish_reason,
            }
            for index, choice in enumerate(self.choices)
        ]
        return {**self._frame("chat.completion", choices), "usage": self._usage()}

    def events(self) -> Iterator[tuple[int, bytes]]:
        """Give a stream's events, each with the number of the token it brings.

        Events with the number 0 come with the one after them; the last ones come with
        the last token.
        """
        for index, choice in enumerate(self.choices):
            yield 0, self._event(_streamed(index, choice.head()))
        last = 0
        for index, choice in enumerate(self.choices):
            for delta, logprobs in choice.deltas():
                last += 1
                yield last, self._event(_streamed(index, delta, logprobs=logprobs))
            end = _streamed(index, {}, finish_reason=choice.finish_reason)
            yield last, self._event(end)
        frame = self._frame("chat.completion.chunk", [])
        yield last, _event({**frame, "usage": self._usage()})
        yield last, b"data: [DONE]\n\n"

    def _event(self, choice: Mapping[str, Any]) -> bytes:
        return _event(self._frame("chat.completion.chunk", [choice]))

    def _frame(self, kind: str, choices: Sequence[Any]) -> dict[str, Any]:
        created = int(time.time())
        return {
            "id": self.id,
            "object": kind,
            "created": created,
            "model": self.model,
            "choices": choices,
        }

    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }


def _streamed(
    index: int,
    delta: Mapping[str, Any],
    *,
    finish_reason: str | None = None,
    logprobs: Any = None,
) -> dict[str, Any]:
    return {
        "index": index,
        "delta": delta,
        "logprobs": logprobs,
        "finish_reason": finish_reason,
    }


def _event(payload: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"
