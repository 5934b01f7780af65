"""Lists that an answer's headers tell, cut to what every client reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .routing.attempts import Attempt

__all__ = ["attempts_told", "warnings_told"]

_LONGEST = 4000  # characters of a header; many clients refuse a line of 8 KiB
_LONGEST_NAME = 100  # characters of a model's name
_LONGEST_WARNING = 2000  # characters of one, as JSON has it


def attempts_told(attempts: Sequence[Attempt]) -> str:
    """Give the last attempts, as a JSON list in ASCII of model and status.

    Args:
        attempts: All of a call, in order.
    """
    tried: list[Any] = [
        [each["model"][:_LONGEST_NAME], each["status_code"] or 200]
        for each in attempts[-20:]
    ]
    while len(json.dumps(tried)) > _LONGEST:
        del tried[0]
    return json.dumps(tried)


def warnings_told(warnings: Sequence[str]) -> str:
    """Give as many warnings as a header should carry, as a JSON list in ASCII.

    Args:
        warnings: All of a call; what is there twice is told once.

    Example:
        >>> warnings_told(["odd", "odd"])
        '["odd"]'
        >>> told = warnings_told([f"{n} {'is odd ' * 99}" for n in range(30)])
        >>> told[-20:]
        ', "... and 25 more"]'
    """
    every = [_cut(warning) for warning in dict.fromkeys(warnings)]
    shown: list[str] = []
    size = len('[, "... and 1000000 more"]')
    for warning in every:
        size += len(json.dumps(warning)) + len(", ")
        if size > _LONGEST:
            break
        shown.append(warning)
    n_left = len(every) - len(shown)
    return json.dumps([*shown, *([f"... and {n_left} more"] if n_left else [])])


def _cut(warning: str) -> str:
    if len(json.dumps(warning)) <= _LONGEST_WARNING:
        return warning
    warning = warning[:_LONGEST_WARNING]
    while len(json.dumps(warning)) > _LONGEST_WARNING:
        warning = warning[: len(warning) * 9 // 10]
    return f"{warning}..."
