"""Arguments bound by name: an evaluator takes what it wants of what there is."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from .marks import Evaluator

__all__ = ["ARGUMENTS", "Bound", "Call", "bind"]

ARGUMENTS = (
    "output",
    "expected",
    "parsed",
    "tool_calls",
    "variables",
    "row",
    "completion",
)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Call(NamedTuple):
    """What a function is called with."""

    args: list[Any]
    kwargs: dict[str, Any]


class Bound:
    """An evaluator whose signature was read once, for all answers.

    Args:
        function: The evaluator.

    Attributes:
        wants: Which of ``ARGUMENTS`` it takes.
    """

    def __init__(self, function: Evaluator) -> None:
        self.function = function
        parameters = inspect.signature(function).parameters
        named = [one for one in parameters.values() if one.kind not in _VARIADIC]
        taken = [one for one in named if one.name in ARGUMENTS]
        # What is positional only is given even if the function has a default, since
        # the next one may not have.
        self._positional = [one for one in named if one.kind is one.POSITIONAL_ONLY]
        self._keyword = [one for one in taken if one.kind is not one.POSITIONAL_ONLY]
        takes_rest = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        self._rest = [n for n in ARGUMENTS if takes_rest and n not in parameters]
        self.wants = frozenset([*(one.name for one in taken), *self._rest])

    def call(self, context: Mapping[str, Any]) -> Call:
        """Give what to call it with.

        Args:
            context: Any of ``ARGUMENTS``; what it lacks is None, unless the function
                has a default of its own.
        """
        kwargs = {n: context.get(n) for n in self._rest}
        for one in self._keyword:
            if one.name in context or one.default is one.empty:
                kwargs[one.name] = context.get(one.name)
        return Call([_value(one, context) for one in self._positional], kwargs)

    def __call__(self, context: Mapping[str, Any]) -> Any:
        """Call it with what it wants of the context."""
        args, kwargs = self.call(context)
        return self.function(*args, **kwargs)


def bind(function: Evaluator, context: Mapping[str, Any]) -> Call:
    """Pick an evaluator's arguments out of the context, by name.

    Args:
        function: The evaluator.
        context: Any of ``ARGUMENTS``; what it lacks is None, unless the function has
            a default of its own.

    Example:
        >>> bind(lambda output, limit=3: None, {"output": "Hi", "expected": "hi"})
        Call(args=[], kwargs={'output': 'Hi'})
    """
    return Bound(function).call(context)


def _value(one: inspect.Parameter, context: Mapping[str, Any]) -> Any:
    default = None if one.default is one.empty else one.default
    return context.get(one.name, default)
