"""What a simulated model writes for a request: text, JSON by a schema, a tool call."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .lexicon import best_option
from .reading import Reading
from .schema import fill
from .work import RefusedError, at, weigh
from .writer import Writer

__all__ = ["Written", "write"]

_DESCRIBING = 2  # steps of work for a character of a tool
_EXAMPLE = 2 / 3  # of the slips are left when the prompt shows a worked example


class Written(NamedTuple):
    """What was written.

    Attributes:
        text: The answer's text, or the arguments of the tool call.
        tool: The id and name of the tool called; None for a text.
    """

    text: str
    tool: tuple[str, str] | None = None


def write(
    body: Mapping[str, Any],
    reading: Reading,
    *,
    quality: float,
    random: random.Random,
) -> Written:
    """Write one choice.

    Args:
        body: The request.
        reading: What its messages say.
        quality: Share of answers that are right, without a worked example.
        random: Decides what is left open, slips included.

    Raises:
        RefusedError: The request asks for a tool that it does not offer, by a schema
            that is none, or for too much work.
    """
    slips = (1 - quality) * (_EXAMPLE if reading.has_example else 1)
    is_right = random.random() >= slips
    writer = Writer(reading, is_right=is_right, random=random)
    if (tool := _forced_tool(body, reading)) is not None:
        arguments = _filled(tool.get("parameters") or {"type": "object"}, writer)
        call_id = f"call_{random.getrandbits(96):024x}"
        return Written(json.dumps(arguments), (call_id, str(tool["name"])))
    at("response_format" if body.get("response_format") else "messages")
    return Written(_text(body.get("response_format"), writer))


def _text(response_format: Any, writer: Writer) -> str:
    asked = response_format if isinstance(response_format, Mapping) else {}
    if asked.get("type") == "json_schema":
        schema = (asked.get("json_schema") or {}).get("schema") or {}
        return json.dumps(_filled(schema, writer), ensure_ascii=False)
    return writer.answer(as_json=asked.get("type") == "json_object")


def _filled(schema: Any, writer: Writer) -> Any:
    try:
        return fill(schema, writer)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise RefusedError(f"the schema cannot be read: {error}") from None


def _forced_tool(body: Mapping[str, Any], reading: Reading) -> Mapping[str, Any] | None:
    """Give the tool that must be called; None if the model is free."""
    choice = body.get("tool_choice")
    if choice != "required" and not isinstance(choice, Mapping):
        return None
    at("tools")
    weigh(body.get("tools"), per_character=_DESCRIBING)
    offered = _offered(body.get("tools") or ())
    if not offered:
        raise RefusedError("tool_choice asks for a tool, and there are no tools")
    if isinstance(choice, Mapping):
        name = _function(choice).get("name")
        if not isinstance(name, str) or name not in offered:
            raise RefusedError(
                f"tool_choice names {name!r}; the tools are {', '.join(offered)}"
            )
        return offered[name]
    described = {
        f"{name.replace('_', ' ')} {tool.get('description') or ''}": tool
        for name, tool in offered.items()
    }
    best = best_option(list(described), reading.subject)
    return described[best or next(iter(described))]


def _offered(tools: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for place, tool in enumerate(tools):
        function = _function(tool)
        if not isinstance(function.get("name"), str):
            raise RefusedError(f"tools[{place}].function needs a name, which is a text")
        found[function["name"]] = function
    return found


def _function(tool: Any) -> Mapping[str, Any]:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    return function if isinstance(function, Mapping) else {}
