"""How much work a rendering may be, counted over all its templates."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from ..errors import PromptError
from .bounds import MAX_STEPS

__all__ = ["MAX_SECONDS", "MAX_WORK", "Work", "count", "current", "working"]

MAX_WORK = 128 * 1024 * 1024  # characters made on the way, in all
_ITEM = 8  # characters that an item of a list counts for: its share of the memory
MAX_SECONDS = 2.0  # of the processor's time

T = TypeVar("T")


class Work:
    """What one rendering has used so far.

    Steps and sizes say the same on every machine, and stop nearly everything. The
    clock stops what is slow in a way that they cannot see.

    Args:
        seconds: Of the processor's time that it may take.
    """

    __slots__ = ("_began", "_cpu_began", "_n_made", "_n_steps", "_seconds")

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self._seconds = seconds
        self._n_steps = 0
        self._n_made = 0
        self._began = math.inf
        self._cpu_began = 0.0

    def start(self) -> None:
        """Start the clock, unless it runs: reading it takes longer than a plain text.

        Until then no time passes.
        """
        if self._began == math.inf:
            self._began = time.perf_counter()
            self._cpu_began = time.thread_time()

    def step(self) -> None:
        """Count a turn of a loop, or a call."""
        self._n_steps += 1
        if self._n_steps > MAX_STEPS:
            raise PromptError(
                f"the template takes more than {MAX_STEPS} steps: loops and calls "
                "together may take that many"
            )
        self.check()

    def made(self, value: T) -> T:
        """Count what an operation has made; give it back."""
        self.check()
        if isinstance(value, str | bytes):
            self.make(len(value))
        elif isinstance(value, list | tuple | dict):
            self.make(len(value) * _ITEM)
        return value

    def make(self, n: int) -> None:
        """Count `n` characters."""
        self._n_made += n
        if self._n_made > MAX_WORK:
            raise PromptError(
                f"the template makes more than {MAX_WORK} characters on its way (an "
                f"item of a list counts as {_ITEM}): do less in its loops, or shorten "
                "the values"
            )

    def check(self) -> None:
        """Stop a rendering that has computed for too long."""
        # Wall time is read in a tenth of the time, and is never the smaller one.
        if time.perf_counter() - self._began <= self._seconds:
            return
        if time.thread_time() - self._cpu_began > self._seconds:
            raise PromptError(
                f"the template computes for more than {self._seconds:g} seconds: do "
                "less in its loops, or shorten the values"
            )


_CURRENT: ContextVar[Work | None] = ContextVar("respan_lab_work", default=None)


def current() -> Work:
    """Give the rendering that is going on; only called from within one."""
    work = _CURRENT.get()
    assert work is not None
    return work


def count(n: int) -> None:
    """Count `n` characters for the rendering that is going on, if there is one."""
    work = _CURRENT.get()
    if work is not None:
        work.make(n)


@contextmanager
def working(seconds: float = MAX_SECONDS) -> Iterator[None]:
    """Count all that is rendered in a block as one; inside another, it is part of it.

    Args:
        seconds: Of the processor's time that it may take.

    Example:
        >>> from respan_lab.prompts.template import template_of
        >>> with working():
        ...     template_of("{{ 1 + 1 }}").render({})
        ['2']
    """
    if _CURRENT.get() is not None:
        yield
        return
    token = _CURRENT.set(Work(seconds))
    try:
        yield
    finally:
        _CURRENT.reset(token)
