"""One choice of an answer, and the calls to tools in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .text import clean, clean_tree

if TYPE_CHECKING:
    import pydantic

__all__ = ["Choice", "ToolCall", "named", "read_choices", "shortened"]


class ToolCall(NamedTuple):
    """A call to a tool that the model asks for.

    Attributes:
        id: The call's id, to be sent back with the tool's answer; None if it has none.
        name: The tool's name.
        arguments: The arguments as sent, usually JSON; the model may have written
            anything.
    """

    id: str | None
    name: str
    arguments: str

    @property
    def parsed(self) -> Any:
        """The arguments decoded; None if they are not JSON.

        Example:
            >>> ToolCall("c1", "weather", '{"city": "Oslo"}').parsed
            {'city': 'Oslo'}
        """
        try:
            return json.loads(self.arguments)
        except (ValueError, RecursionError):
            return None


class Choice:
    """One of the ``n`` answers to a request.

    Attributes:
        index: Its place, from 0.
        message: The message as sent, extras included.
        finish_reason: Why it ended: ``stop``, ``length``, ``tool_calls``,
            ``content_filter`` or the provider's own; None if not said.
    """

    __slots__ = (
        "_logprobs",
        "_output_type",
        "_parse_error",
        "_parsed",
        "_text",
        "finish_reason",
        "index",
        "message",
    )

    def __init__(
        self,
        raw: dict[str, Any],
        *,
        index: int,
        output_type: type[pydantic.BaseModel] | None = None,
    ) -> None:
        message = raw.get("message")
        number, reason, logprobs = map(raw.get, ("index", "finish_reason", "logprobs"))
        self.index: int = number if type(number) is int else index
        self.message: dict[str, Any] = (
            clean_tree(message) if type(message) is dict else {}
        )
        self.finish_reason: str | None = named(reason)
        self._logprobs: dict[str, Any] | None = (
            logprobs if type(logprobs) is dict else None
        )
        self._output_type = output_type
        self._text: str | None = None
        self._parsed: Any = None
        self._parse_error: str | None = None

    def __repr__(self) -> str:
        return f"Choice(index={self.index}, text={shortened(self.text)})"

    @property
    def text(self) -> str:
        """The answer's text, its parts joined; ``""`` for a pure tool call."""
        if self._text is None:
            self._text = _text(self.message.get("content"))
        return self._text

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls to tools the model asks for, in order; often none."""
        calls = self.message.get("tool_calls")
        found = [_tool_call(call) for call in calls] if type(calls) is list else []
        old = self.message.get("function_call")
        if not found and type(old) is dict:
            found = [_tool_call({"function": old})]
        return [call for call in found if call is not None]

    @property
    def logprobs(self) -> dict[str, Any] | None:
        """As sent: ``content`` and ``refusal`` lists; None if not asked for."""
        self._logprobs = clean_tree(self._logprobs)
        return self._logprobs

    @property
    def refusal(self) -> str | None:
        """What the model says instead of answering; None if it did not refuse."""
        refusal = self.message.get("refusal")
        return refusal if type(refusal) is str and refusal else None

    @property
    def parsed(self) -> Any:
        """The answer as the pydantic class asked for; None if it does not fit.

        None too if no class was asked for.
        """
        self._parse()
        return self._parsed

    @property
    def parse_error(self) -> str | None:
        """Why the answer does not fit the class asked for; None if it does."""
        self._parse()
        return self._parse_error

    def _parse(self) -> None:
        done = self._parsed is not None or self._parse_error is not None
        if self._output_type is None or done:
            return
        try:
            self._parsed = self._output_type.model_validate_json(self.text)
        except Exception as error:  # the user's checks may raise anything
            self._parse_error = clean(f"{type(error).__name__}: {error}")


def read_choices(
    raw: dict[str, Any], output_type: type[pydantic.BaseModel] | None
) -> list[Choice]:
    """Read an answer's choices; at least one.

    Without any, an object with a role is the message itself.

    Example:
        >>> read_choices({"role": "assistant", "content": "Hi"}, None)
        [Choice(index=0, text='Hi')]
    """
    listed = raw.get("choices")
    found = listed if type(listed) is list else []
    found = [each for each in found if type(each) is dict]
    if not found:
        found = [{"message": raw} if "role" in raw else {}]
    return [
        Choice(each, index=i, output_type=output_type) for i, each in enumerate(found)
    ]


def named(value: Any) -> str | None:
    """Take a name; None if it is empty or no text.

    Example:
        >>> named("gpt-4o"), named(""), named(7)
        ('gpt-4o', None, None)
    """
    return clean(value) if type(value) is str and value else None


def shortened(text: str, limit: int = 60) -> str:
    """Quote a text for a repr, escaped and cut.

    Example:
        >>> shortened("a" * 80, 5)
        "'aaaa…'"
    """
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def _text(content: Any) -> str:
    if type(content) is str:
        return content
    if type(content) is not list:
        return ""
    return "".join(map(_part_text, content))


def _part_text(part: Any) -> str:
    if type(part) is str:
        return part
    text = part.get("text") if type(part) is dict else None
    return text if type(text) is str else ""


def _tool_call(call: Any) -> ToolCall | None:
    if type(call) is not dict:
        return None
    function = call.get("function") or call.get("custom")
    if type(function) is not dict:
        return None
    arguments = function.get("arguments", function.get("input"))
    if type(arguments) is not str:  # some servers send the object itself
        arguments = "" if arguments is None else json.dumps(arguments)
    id, name = call.get("id"), function.get("name")
    return ToolCall(
        id if type(id) is str else None, name if type(name) is str else "", arguments
    )
