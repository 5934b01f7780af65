"""Evaluators run on one answer; what they return becomes columns."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from ..transport import run
from ..wire import clean
from .binding import EVALUATORS, Evaluator, bind

__all__ = ["ascore", "score"]

_MAX_NOTE = 500
_OWN = tuple(EVALUATORS.values())


def score(
    evaluators: Mapping[str, Evaluator], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Score one answer; the blocking form of `ascore`.

    Example:
        >>> from respan_lab.evaluators import contains, score
        >>> score({"contains": contains}, {"output": "yes, ok", "expected": "ok"})
        {'score_contains': True, 'note_contains': None}
    """
    return run(ascore(evaluators, context))


async def ascore(
    evaluators: Mapping[str, Evaluator], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Score one answer with every evaluator.

    A user's own plain function runs in a thread, so that a slow one holds up nothing
    else; it may run for several answers at once.

    Args:
        evaluators: Name to function, as `check_evaluators` gives them.
        context: ``output``, ``expected``, ``parsed``, ``tool_calls``, ``variables``,
            ``row``, ``completion``; what is absent is None.

    Returns:
        ``score_<name>`` (bool, float, or None: missing) and ``note_<name>`` (None
        without); ``score_<name>_<part>`` for each part of a mapping. An evaluator
        that fails gives a missing score and a note that says why.
    """
    columns: dict[str, Any] = {}
    for name, function in evaluators.items():
        columns |= await _outcome(name, function, context=context)
    return columns


async def _outcome(
    name: str, function: Evaluator, *, context: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        return _columns(name, await _call(function, context))
    except Exception as error:
        note = f"{type(error).__name__}: {error}"
        return {f"score_{name}": None, f"note_{name}": _note(note)}


async def _call(function: Evaluator, context: Mapping[str, Any]) -> Any:
    bound = bind(function, context)
    if any(function is own for own in _OWN) or _is_async(function):
        result = function(*bound.args, **bound.kwargs)
    else:
        result = await asyncio.to_thread(function, *bound.args, **bound.kwargs)
    return await result if inspect.isawaitable(result) else result


def _is_async(function: Evaluator) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  # an object's async __call__
    )


def _columns(name: str, result: object) -> dict[str, Any]:
    if not isinstance(result, Mapping):
        value, note = _scored(result)
        return {f"score_{name}": value, f"note_{name}": note}
    columns: dict[str, Any] = {}
    for part, one in result.items():
        columns[f"score_{name}_{part}"], note = _scored(one)
        if note is not None:
            columns[f"note_{name}_{part}"] = note
    return {**columns, f"note_{name}": None}


def _scored(result: object) -> tuple[bool | float | None, str | None]:
    if isinstance(result, tuple):
        if len(result) != 2 or not isinstance(result[1], str | None):
            raise TypeError(f"returned {result!r:.80}; a tuple is (score, note)")
        return _score(result[0]), _note(result[1])
    return _score(result), None


def _score(value: Any) -> bool | float | None:
    if value is None or type(value).__name__ == "NAType":
        return None
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    if not isinstance(value, Real):
        raise TypeError(
            f"returned {value!r:.80}; allowed: a bool, a number, None, "
            "(score, note), or a dict of those"
        )
    number = float(value)
    if math.isinf(number):
        raise ValueError(f"returned {number}; a score is finite, None is missing")
    return None if math.isnan(number) else number


def _note(text: str | None) -> str | None:
    return None if text is None else clean(text[:_MAX_NOTE])
