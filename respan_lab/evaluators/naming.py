"""Evaluators by name, checked before anything is sent."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from ..errors import ConfigError
from .binding import ARGUMENTS
from .documents import json_schema, json_valid
from .gates import within_cost, within_latency
from .labels import label
from .lengths import length
from .likeness import similarity
from .marks import Evaluator, makes
from .numeric import numeric
from .patterns import regex
from .refusals import refusal
from .structure import field_match
from .text import contains, exact_match
from .tools import tool_called

__all__ = ["EVALUATORS", "Evaluators", "check_evaluators"]

Evaluators: TypeAlias = (
    str | Evaluator | Iterable[str | Evaluator] | Mapping[str, str | Evaluator]
)

EVALUATORS: Mapping[str, Evaluator] = {
    "contains": contains,
    "exact_match": exact_match,
    "field_match": field_match,
    "json_schema": json_schema,
    "json_valid": json_valid,
    "label": label,
    "length": length,
    "numeric": numeric,
    "refusal": refusal,
    "regex": regex,
    "similarity": similarity,
    "tool_called": tool_called,
    "within_cost": within_cost,
    "within_latency": within_latency,
}
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def check_evaluators(evaluators: Evaluators) -> dict[str, Evaluator]:
    """Give the evaluators by name, each known to be callable with what there is.

    Args:
        evaluators: A function, the name of one of ours, a list of those, or a dict
            name -> function. The name becomes the column ``score_<name>``. One of ours
            that takes settings, such as ``numeric``, may be given without any if it
            needs none.

    Raises:
        ConfigError: If a name is unknown or used twice, a function has no name of its
            own, it needs an argument that is not one of ``ARGUMENTS``, or one of ours
            needs a setting.

    Example:
        >>> list(check_evaluators(["exact_match", contains, numeric(tolerance=0.1)]))
        ['exact_match', 'contains', 'numeric']
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


def _named(evaluators: Evaluators) -> Iterable[tuple[str, Evaluator]]:
    if isinstance(evaluators, Mapping):
        return [(str(name), _found(one)) for name, one in evaluators.items()]
    several: Iterable[Any] = [evaluators]
    if isinstance(evaluators, Iterable) and not isinstance(evaluators, str):
        several = [evaluators] if callable(evaluators) else evaluators
    found = [(one, _found(one)) for one in several]
    return [(_name(one), function) for one, function in found]


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
        return _without_settings(evaluator) if makes(evaluator) else evaluator
    if evaluator in EVALUATORS:
        return _found(EVALUATORS[evaluator])
    near = get_close_matches(str(evaluator), EVALUATORS, n=1)
    hint = f"; nearest: {near[0]!r}" if near else ""
    raise ConfigError(
        f"evaluator {evaluator!r} is not known{hint}; allowed: a function, or one of "
        f"{', '.join(map(repr, EVALUATORS))}"
    )


def _without_settings(maker: Evaluator) -> Evaluator:
    parameters = inspect.signature(maker).parameters.values()
    needed = [one.name for one in parameters if one.default is one.empty]
    if needed:
        name = maker.__name__
        raise ConfigError(
            f"evaluator {name!r} needs {', '.join(needed)}: give "
            f"lab.evaluators.{name}({', '.join(needed)})"
        )
    made: Evaluator = maker()
    return made


def _check_arguments(name: str, function: Evaluator) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ConfigError(
            f"evaluator {name!r}: the arguments of {function!r} cannot be read; wrap "
            "it in a function of your own"
        ) from None
    for one in parameters:
        if one.name in ARGUMENTS or one.kind in _VARIADIC:
            continue
        if one.default is one.empty:
            raise ConfigError(
                f"evaluator {name!r} needs an argument {one.name!r}; allowed: "
                f"{', '.join(ARGUMENTS)}, or one with a default"
            )
