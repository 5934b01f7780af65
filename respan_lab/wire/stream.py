"""A streamed answer, put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import StreamError
from .choice import shortened
from .failure import error_message, redact
from .fragments import Fragments, grow, grown
from .pace import REASONING
from .text import clean

__all__ = ["Chunk", "StreamAssembler"]

_BREAKDOWN = "request_breakdown"
_COMMON = {"index", "delta", "finish_reason", "logprobs"}


class Chunk:
    """One piece of a streamed answer.

    Attributes:
        text: The piece of the answer's text; ``""`` if it carries none.
        delta: The delta as sent: role, content, tool calls, reasoning text.
        raw: The whole payload as sent.
        has_content: Whether it carries content, reasoning text or tool arguments;
            what tokens are counted and timed by.
        choice: Index of the choice it belongs to, from 0.
    """

    __slots__ = ("choice", "delta", "has_content", "raw", "text")

    def __init__(
        self, raw: dict[str, Any], *, delta: dict[str, Any], choice: int
    ) -> None:
        content = delta.get("content")
        self.text = clean(content) if type(content) is str else ""
        self.delta = delta
        self.raw = raw
        self.has_content = bool(self.text) or _carries_more(delta)
        self.choice = choice

    def __repr__(self) -> str:
        return f"Chunk({self.text!r})"


def _carries_more(delta: dict[str, Any]) -> bool:
    """Whether anything but plain content text is in it."""
    if any(delta.get(key) for key in REASONING) or delta.get("refusal"):
        return True
    content = delta.get("content")
    if type(content) is list and content:
        return True
    return any(_arguments(call) for call in _calls(delta))


def _calls(delta: dict[str, Any]) -> list[Any]:
    calls = delta.get("tool_calls")
    old = delta.get("function_call")
    return [*(calls if type(calls) is list else ()), *([{"function": old}] * bool(old))]


def _arguments(call: Any) -> Any:
    if type(call) is not dict:
        return None
    function = call.get("function")
    custom = call.get("custom")
    return (type(function) is dict and function.get("arguments")) or (
        type(custom) is dict and custom.get("input")
    )


class StreamAssembler:
    """Puts the payloads of a stream together into one ``chat.completion``.

    The breakdown's own chunk gives nothing but the breakdown: its id, model,
    ``finish_reason`` and empty usage are not the answer's.

    Args:
        secrets: Gives texts never to be shown in an error; asked only when there is
            one, since to look for them takes longer than to read a chunk.

    Example:
        >>> stream = StreamAssembler()
        >>> delta = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
        >>> stream.feed({"id": "c1", "model": "m", "choices": [delta]})
        Chunk('Hi')
        >>> stream.result()["choices"][0]["message"]["content"]
        'Hi'
    """

    __slots__ = ("_breakdown", "_choices", "_is_done", "_secrets", "_top", "_usage")

    def __init__(self, *, secrets: Callable[[], Sequence[str]] = tuple) -> None:
        self._secrets = secrets
        self._top: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._usage: Any = None
        self._breakdown: Any = None
        self._is_done = False

    def feed(self, payload: Any, *, event: str | None = None) -> Chunk | None:
        """Take the next payload.

        Args:
            payload: The decoded JSON of one event.
            event: The event's name; None if it has none.

        Returns:
            The chunk; None for a payload that has only a breakdown or usage. A
            payload with several choices gives the first.

        Raises:
            StreamError: If the payload reports an error, or is not an object.
        """
        if type(payload) is not dict or payload.get("error") or event == "error":
            raise self._error(payload)
        breakdown = payload.get(_BREAKDOWN)
        if breakdown:
            self._breakdown = breakdown
        choices = payload.get("choices")
        if payload.get("id") == _BREAKDOWN:
            self._take_breakdown(choices)
            return None
        self._take_top(payload)
        return self._take_choices(payload, choices) if choices else None

    def mark_done(self) -> None:
        """Note that the stream said ``[DONE]``; more payloads may still follow."""
        self._is_done = True

    @property
    def has_finished(self) -> bool:
        """Whether the answer is whole: ``[DONE]`` came, or every choice ended."""
        return self._is_done or (
            bool(self._choices)
            and all(each.get("finish_reason") for each in self._choices.values())
        )

    def result(self) -> dict[str, Any]:
        """Give the answer so far as a ``chat.completion`` object.

        Returns:
            What a plain call would have returned: unknown fields kept, the breakdown
            at the top level, ``usage`` and ``request_breakdown`` only if they came.
        """
        whole: dict[str, Any] = {**grown(self._top), "object": "chat.completion"}
        whole["choices"] = [_choice(self._choices[i]) for i in sorted(self._choices)]
        if self._usage is not None:
            whole["usage"] = self._usage
        if self._breakdown is not None:
            whole[_BREAKDOWN] = grown(self._breakdown)
        return whole

    def _error(self, payload: Any) -> StreamError:
        error = payload.get("error") if type(payload) is dict else None
        said = error_message({"error": error} if error else payload)
        said = said or f"it says {shortened(str(error or payload))}"
        return StreamError(redact(f"the stream broke off: {said}", self._secrets()))

    def _take_top(self, payload: dict[str, Any]) -> None:
        top = self._top
        for key, value in payload.items():
            if key == "choices" or key == _BREAKDOWN:
                continue
            if key == "usage":
                if value:
                    self._usage = value
            elif value not in (None, "") or key not in top:
                top[key] = value

    def _take_choices(self, payload: dict[str, Any], choices: Any) -> Chunk | None:
        first: Chunk | None = None
        for position, choice in enumerate(choices if type(choices) is list else ()):
            if type(choice) is not dict:
                continue
            index = choice.get("index")
            index = index if type(index) is int else position
            delta = self._more_text(index, choice) or self._take_choice(index, choice)
            if first is None:
                first = Chunk(payload, delta=delta, choice=index)
        return first

    def _more_text(self, index: int, choice: dict[str, Any]) -> dict[str, Any] | None:
        """Take the commonest delta, a piece of text and no more, in the quickest way.

        Returns:
            The delta; None if it has to be looked at with care.
        """
        delta, so_far = choice.get("delta"), self._choices.get(index)
        if so_far is None or type(delta) is not dict or len(delta) != 1:
            return None
        if not choice.keys() <= _COMMON or choice.get("finish_reason") is not None:
            return None
        if "logprobs" in choice and (choice["logprobs"] or "logprobs" not in so_far):
            return None
        pieces, text = so_far["message"].get("content"), delta.get("content")
        if type(pieces) is not Fragments or type(text) is not str:
            return None
        pieces.append(text)
        return delta

    def _take_choice(self, index: int, choice: dict[str, Any]) -> dict[str, Any]:
        so_far = self._choices.get(index)
        if so_far is None:
            so_far = self._choices[index] = {"index": index, "message": {}}
        delta: dict[str, Any] = {}
        for key, value in choice.items():
            if key == "delta" or key == "message":  # a whole message: some send it last
                if type(value) is dict and (key == "delta" or not so_far["message"]):
                    delta = value
                    grow(so_far["message"], value)
            elif key == _BREAKDOWN:
                self._breakdown = value or self._breakdown
            elif key == "logprobs":
                grow(so_far, {key: value})
            elif key != "index" and (value is not None or key not in so_far):
                so_far[key] = value
        return delta

    def _take_breakdown(self, choices: Any) -> None:
        for choice in choices if type(choices) is list else ():
            if type(choice) is dict and choice.get(_BREAKDOWN):
                self._breakdown = choice[_BREAKDOWN]


def _choice(so_far: dict[str, Any]) -> dict[str, Any]:
    choice: dict[str, Any] = grown(so_far)
    calls = choice["message"].get("tool_calls")
    for call in calls if type(calls) is list else ():
        if type(call) is dict:
            call.pop("index", None)  # a plain answer's calls have none
    choice["message"].setdefault("role", "assistant")
    choice["message"].setdefault("content", None)
    choice.setdefault("finish_reason", None)
    return choice
