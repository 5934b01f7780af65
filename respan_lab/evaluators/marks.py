"""What a function can say of itself, as attributes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

__all__ = [
    "Evaluator",
    "is_quick",
    "lower_is_better",
    "made",
    "maker",
    "makes",
    "quick",
]

Evaluator: TypeAlias = Callable[..., Any]
Function = TypeVar("Function", bound=Evaluator)


def quick(function: Function) -> Function:
    """Mark an evaluator that is over in no time, and so needs no thread.

    Example:
        >>> is_quick(quick(lambda output: True)), is_quick(print)
        (True, False)
    """
    vars(function)["is_quick"] = True
    return function


def is_quick(function: Evaluator) -> bool:
    """Whether it is marked as `quick`."""
    return bool(getattr(function, "is_quick", False))


def maker(function: Function) -> Function:
    """Mark a function that is no evaluator: called with settings, it gives one.

    Example:
        >>> makes(maker(lambda tolerance=0: None)), makes(print)
        (True, False)
    """
    vars(function)["makes_an_evaluator"] = True
    return function


def makes(function: Evaluator) -> bool:
    """Whether it is marked as a `maker`."""
    return bool(getattr(function, "makes_an_evaluator", False))


def made(
    name: str, function: Function, *, slow: bool = False, lower_is_better: bool = False
) -> Function:
    """Give what a maker made its name and its marks.

    Args:
        name: Its column is ``score_<name>``.
        function: The evaluator.
        slow: Whether one answer may take long, so that it needs a thread.
        lower_is_better: Whether a small score is a good one.

    Example:
        >>> made("short", lambda output: len(output) < 9).__name__
        'short'
    """
    function.__name__ = function.__qualname__ = name
    vars(function).update(is_quick=not slow, lower_is_better=lower_is_better)
    return function


def lower_is_better(evaluators: Mapping[str, Evaluator]) -> list[str]:
    """Give the names of the evaluators whose small scores are good ones.

    Args:
        evaluators: By name. One says so of itself: ``function.lower_is_better = True``.
            Of one that gives a dict, it holds for every part.

    Example:
        >>> def blunders(output): return output.count("!")
        >>> blunders.lower_is_better = True
        >>> lower_is_better({"blunders": blunders, "upper": str.isupper})
        ['blunders']
    """
    return [
        name
        for name, function in evaluators.items()
        if getattr(function, "lower_is_better", False) is True
    ]
