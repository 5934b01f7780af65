"""Scores for answers that call tools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .structure import is_same
from .text import is_missing

__all__ = ["tool_called"]

Outcome = tuple[bool | None, str | None]


class _Call(NamedTuple):
    name: str
    arguments: Mapping[str, Any] | None  # as expected: None asks for any


@maker
def tool_called(
    name: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    *,
    extra_arguments: bool = False,
    extra_calls: bool = False,
    ordered: bool = False,
) -> Evaluator:
    """Make an evaluator that says whether the answer calls the right tools.

    The rules, unless a setting says otherwise: every expected call is made, each once,
    in any order, and no other; a call has just the expected arguments, compared as by
    `field_match` (texts without case and blanks around them, numbers by value, lists
    in order). A call whose arguments are no JSON object fits no expected arguments.

    Args:
        name: The tool to be called; None takes the expected value of each item.
        arguments: Its arguments; None asks for the name alone.
        extra_arguments: Whether a call may have further arguments.
        extra_calls: Whether there may be further calls.
        ordered: Whether the calls must be in the order of the expected ones.

    Returns:
        A function of ``tool_calls`` and ``expected``: a mapping
        ``{"name": ..., "arguments": {...}}``, a list of such, a tool's name, or JSON
        text of one of those. Without ``arguments`` the name alone counts; an empty
        list means that no tool is to be called. It gives True or False, and a note of
        what was called instead; None without a reference or an answer.

    Raises:
        ConfigError: If there are arguments without a name. An expected value of
            another form is a ValueError.

    Example:
        >>> calls = [{"name": "weather", "arguments": '{"city": "Oslo", "days": 2}'}]
        >>> tool_called()(calls, {"name": "weather", "arguments": {"city": "Oslo"}})
        (False, 'called weather({"city": "Oslo", "days": 2})')
        >>> tool_called("weather", {"city": "oslo"}, extra_arguments=True)(calls)
        (True, None)
    """
    if name is not None and (not isinstance(name, str) or not name):
        raise ConfigError(f"name={name!r:.80}: use a tool's name, a text")
    if arguments is not None and not isinstance(arguments, Mapping):
        raise ConfigError(
            f"arguments={arguments!r:.80}: use a dict of values by name, or None"
        )
    if name is None and arguments is not None:
        raise ConfigError("arguments need a name: tool_called(name, arguments)")

    def fits(call: _Call, wanted: _Call) -> bool:
        return _fits(call, wanted, extra_arguments=extra_arguments)

    def score(tool_calls: Any, expected: object = None) -> Outcome:
        wanted = [_Call(name, arguments)] if name is not None else _wanted(expected)
        calls = _calls(tool_calls)
        if wanted is None or calls is None:
            return None, None
        pairs = [[fits(call, one) for call in calls] for one in wanted]
        is_right = (extra_calls or len(calls) <= len(wanted)) and (
            _in_order(pairs) if ordered else _in_any_order(pairs)
        )
        return (True, None) if is_right else (False, _said(calls))

    return made("tool_called", score)


def _wanted(expected: object) -> list[_Call] | None:
    if isinstance(expected, str) and expected.lstrip()[:1] in ("{", "["):
        expected = _parsed(expected)
    if not isinstance(expected, Mapping | list | tuple) and is_missing(expected):
        return None
    several = expected if isinstance(expected, list | tuple) else [expected]
    return [_one(each) for each in several]


def _parsed(text: str) -> Any:
    """Read JSON that is expected; what is none stays a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _one(expected: object) -> _Call:
    if isinstance(expected, str) and expected and expected[0] not in "{[":
        return _Call(expected, None)
    if isinstance(expected, Mapping) and isinstance(expected.get("name"), str):
        arguments = expected.get("arguments")
        if isinstance(arguments, str):
            arguments = _parsed(arguments)
        if arguments is None or isinstance(arguments, Mapping):
            return _Call(expected["name"], arguments)
    raise ValueError(
        f"expected is {expected!r:.80}; tool_called needs a tool's name, "
        '{"name": ..., "arguments": {...}}, or a list of those'
    )


def _calls(tool_calls: Any) -> list[_Call] | None:
    """Read the calls of an answer, or of the frame's JSON; None if there are none."""
    if isinstance(tool_calls, str):
        tool_calls = json.loads(tool_calls)
    if not isinstance(tool_calls, Sequence):
        return None
    return [_call(each) for each in tool_calls]


def _call(call: Any) -> _Call:
    mapping = isinstance(call, Mapping)
    name = call.get("name") if mapping else call.name
    arguments = call.get("arguments") if mapping else call.arguments
    return _Call(name or "", _read(arguments))


def _read(arguments: Any) -> Mapping[str, Any] | None:
    try:
        found = json.loads(arguments or "{}") if _is_text(arguments) else arguments
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _fits(call: _Call, wanted: _Call, *, extra_arguments: bool) -> bool:
    if call.name != wanted.name or wanted.arguments is None:
        return call.name == wanted.name
    if call.arguments is None:
        return False
    if not extra_arguments and call.arguments.keys() != wanted.arguments.keys():
        return False
    return all(
        name in call.arguments and is_same(call.arguments[name], value)
        for name, value in wanted.arguments.items()
    )


def _in_order(pairs: Iterable[Sequence[bool]]) -> bool:
    """Whether each expected call fits one that comes after that of the one before."""
    at = 0
    for fits in pairs:
        while at < len(fits) and not fits[at]:
            at += 1
        if at == len(fits):
            return False
        at += 1
    return True


def _in_any_order(pairs: Sequence[Sequence[bool]]) -> bool:
    """Whether each expected call can have a call of its own (augmenting paths)."""
    owner: dict[int, int] = {}

    def has_one(one: int, seen: set[int]) -> bool:
        for at, fits in enumerate(pairs[one]):
            if fits and at not in seen:
                seen.add(at)
                if at not in owner or has_one(owner[at], seen):
                    owner[at] = one
                    return True
        return False

    return all(has_one(one, set()) for one in range(len(pairs)))


def _said(calls: Sequence[_Call]) -> str:
    if not calls:
        return "called nothing"
    texts = [f"{call.name}({_arguments(call)})" for call in calls[:5]]
    return f"called {', '.join(texts)}"


def _arguments(call: _Call) -> str:
    if call.arguments is None:
        return "no JSON object"
    return json.dumps(call.arguments, ensure_ascii=False, default=str)
