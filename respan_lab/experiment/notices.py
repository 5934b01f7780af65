"""What the gateway warned of in a run, told once."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from ..results.wording import count

__all__ = ["notice", "tell"]

_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"
_SHOWN = 3


def notice(told: Mapping[str, int]) -> str:
    """Say what the gateway warned of, in one line.

    Args:
        told: Each warning, and in how many calls it came.

    Example:
        >>> notice({"weight is ignored": 24})
        'the gateway warned: weight is ignored (24 calls)'
    """
    often = sorted(told.items(), key=lambda each: -each[1])
    shown = [f"{text} ({count(n, 'call')})" for text, n in islice(often, _SHOWN)]
    further = len(told) - len(shown)
    if further:
        shown.append(f"and {further:,} more in .manifest['warnings']")
    return f"the gateway warned: {'; '.join(shown)}"


def tell(told: Mapping[str, int]) -> None:
    """Give one Python warning for all of them, at the line that called this package."""
    if told:
        warnings.warn(notice(told), stacklevel=_level())


def _level() -> int:
    """How many frames up the first one is that is not of this package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
