"""Evaluators by name, and their arguments bound by name before anything is sent."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from ..errors import ConfigError
from .structure import field_match
from .text import contains, exact_match

__all__ = ["ARGUMENTS", "EVALUATORS", "Evaluator", "bind", "check_evaluators"]

Evaluator: TypeAlias = Callable[..., Any]
Evaluators: TypeAlias = (
    str | Evaluator | Iterable[str | Evaluator] | Mapping[str, Evaluator]
)

ARGUMENTS = (
    "output",
    "expected",
    "parsed",
    "tool_calls",
    "variables",
    "row",
    "completion",
)
EVALUATORS: Mapping[str, Evaluator] = {
    "contains": contains,
    "exact_match": exact_match,
    "field_match": field_match,
}


def check_evaluators(evaluators: Evaluators) -> dict[str, Evaluator]:
    """Give the evaluators by name, each known to be callable with what there is.

    Args:
        evaluators: A function, the name of one of ours, a list of those, or a dict
            name -> function. The name becomes the column ``score_<name>``.

    Raises:
        ConfigError: If a name is unknown or used twice, a function has no name of its
            own, or it needs an argument that is not one of ``ARGUMENTS``.

    Example:
        >>> list(check_evaluators(["exact_match", contains]))
        ['exact_match', 'contains']
    """
    checked: dict[str, Evaluator] = {}
    for name, function in _named(evaluators):
        if name in checked:
            raise ConfigError(
                f"two evaluators are named {name!r}; give them as a dict "
                "name -> function, with names of your own"
            )
        _check_arguments(name, function)
        checked[name] = function
    return checked


def bind(function: Evaluator, context: Mapping[str, Any]) -> inspect.BoundArguments:
    """Pick an evaluator's arguments out of the context, by name.

    Args:
        function: The evaluator.
        context: Any of ``ARGUMENTS``; what it lacks is None, unless the function has
            a default of its own.
    """
    signature = inspect.signature(function)
    bound = signature.bind_partial()
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = [one for one in ARGUMENTS if one not in signature.parameters]
            bound.arguments[name] = {one: context.get(one) for one in rest}
        elif name in context:
            bound.arguments[name] = context[name]
        elif parameter.default is parameter.empty and name in ARGUMENTS:
            bound.arguments[name] = None
    return bound


def _named(evaluators: Evaluators) -> Iterable[tuple[str, Evaluator]]:
    if isinstance(evaluators, Mapping):
        return [(str(name), _found(one)) for name, one in evaluators.items()]
    if isinstance(evaluators, str) or callable(evaluators):
        evaluators = [evaluators]
    return [(_name(one), _found(one)) for one in evaluators]


def _name(evaluator: str | Evaluator) -> str:
    name = evaluator if isinstance(evaluator, str) else _own_name(evaluator)
    if not name or name == "<lambda>":
        raise ConfigError(
            f"{evaluator!r} has no name; give it as a dict, "
            'evaluators={"my_score": function}'
        )
    return name


def _own_name(evaluator: Evaluator) -> str:
    return str(getattr(evaluator, "__name__", ""))


def _found(evaluator: str | Evaluator) -> Evaluator:
    if callable(evaluator):
        return evaluator
    if evaluator in EVALUATORS:
        return EVALUATORS[evaluator]
    near = get_close_matches(str(evaluator), EVALUATORS, n=1)
    hint = f"; nearest: {near[0]!r}" if near else ""
    raise ConfigError(
        f"evaluator {evaluator!r} is not known{hint}; allowed: a function, or one of "
        f"{', '.join(map(repr, EVALUATORS))}"
    )


def _check_arguments(name: str, function: Evaluator) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ConfigError(
            f"evaluator {name!r}: the arguments of {function!r} cannot be read; wrap "
            "it in a function of your own"
        ) from None
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for one in parameters:
        if one.name in ARGUMENTS or one.kind in variadic:
            continue
        if one.default is one.empty:
            raise ConfigError(
                f"evaluator {name!r} needs an argument {one.name!r}; allowed: "
                f"{', '.join(ARGUMENTS)}, or one with a default"
            )
