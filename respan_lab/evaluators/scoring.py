"""Evaluators run on answers; what they return becomes columns."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Iterable, Mapping
from numbers import Real
from typing import Any

from ..transport import run
from ..wire import clean
from .binding import Bound
from .marks import Evaluator, is_quick

__all__ = ["Ready", "ascore", "ready", "score", "scored"]

_MAX_NOTE = 500


class Ready:
    """An evaluator made ready to score many answers.

    Args:
        name: Its column is ``score_<name>``.
        function: The evaluator.

    Attributes:
        wants: Which arguments it takes.
        is_quick: Whether it is over in no time.
        is_async: Whether it is to be awaited.
    """

    def __init__(self, name: str, function: Evaluator) -> None:
        self.name = name
        self.is_quick, self.is_async = is_quick(function), _is_async(function)
        self._bound = Bound(function)
        self.wants = self._bound.wants

    def score_here(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Score an answer in this thread, which is not that of the loop.

        Example:
            >>> short = Ready("short", lambda output: len(output) < 9)
            >>> short.score_here({"output": "Hi"})
            {'score_short': True, 'note_short': None}
        """
        try:
            result = self._bound(context)
            if inspect.isawaitable(result):
                result = run(_awaited(result))
            return _columns(self.name, result)
        except Exception as error:
            return _failed(self.name, error)

    async def score(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Score an answer; what is neither quick nor async runs in a thread."""
        try:
            if self.is_quick or self.is_async:
                result = self._bound(context)
            else:
                result = await asyncio.to_thread(self._bound, context)
            if inspect.isawaitable(result):
                result = await result
            return _columns(self.name, result)
        except Exception as error:
            return _failed(self.name, error)


def ready(evaluators: Mapping[str, Evaluator]) -> list[Ready]:
    """Make evaluators ready, whose arguments are bound then without reading them anew.

    Args:
        evaluators: Name to function, as `check_evaluators` gives them.
    """
    return [Ready(name, function) for name, function in evaluators.items()]


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
    return await scored(ready(evaluators), context)


async def scored(
    evaluators: Iterable[Ready], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Score one answer with evaluators that are ready, as `ascore` does."""
    columns: dict[str, Any] = {}
    for each in evaluators:
        columns |= await each.score(context)
    return columns


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _is_async(function: Evaluator) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  # an object's async __call__
    )


def _failed(name: str, error: Exception) -> dict[str, Any]:
    note = f"{type(error).__name__}: {error}"
    return {f"score_{name}": None, f"note_{name}": _note(note)}


def _columns(name: str, result: object) -> dict[str, Any]:
    if not isinstance(result, Mapping):
        value, note = _scored(result)
        return {f"score_{name}": value, f"note_{name}": note}
    columns: dict[str, Any] = {}
    for part, one in result.items():
        try:
            columns[f"score_{name}_{part}"], note = _scored(one)
        except (TypeError, ValueError) as error:  # the other parts are right
            columns |= _failed(f"{name}_{part}", error)
            continue
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
