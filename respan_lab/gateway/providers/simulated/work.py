"""How much work one request may make a simulated model do, counted over all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["MAX_WORK", "RefusedError", "Work", "at", "measure", "spend", "weigh"]

# A step is some 10 ns on a slow machine. All requests share one thread, so this is
# about how long one of them may keep the others from it.
MAX_WORK = 20_000_000
_ITEM = 50  # steps for a value of any kind: it is visited, and copied into JSON
_ESCAPED = 6  # characters that one beyond ASCII becomes in JSON


class RefusedError(Exception):
    """The request cannot be answered; the message is for the caller."""


class Work:
    """What one request has used so far.

    Attributes:
        field: The request's field that the work is done for.
        done: Steps so far.
    """

    __slots__ = ("done", "field")

    def __init__(self) -> None:
        self.field = "messages"
        self.done = 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Count what is spent in a block, in which nothing is awaited."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)


_CURRENT: ContextVar[Work | None] = ContextVar("respan_lab_sim_work", default=None)


def at(field: str) -> None:
    """Name the request's field that the following work is done for."""
    if (work := _CURRENT.get()) is not None:
        work.field = field


def spend(n: int) -> None:
    """Count steps, before they are done; outside a request nothing is counted.

    Raises:
        RefusedError: The request has used more than `MAX_WORK`.

    Example:
        >>> with Work().going_on():
        ...     at("stop")
        ...     spend(MAX_WORK + 1)
        Traceback (most recent call last):
        respan_lab.gateway.providers.simulated.work.RefusedError: `stop` takes more ...
    """
    work = _CURRENT.get()
    if work is None:
        return
    work.done += n
    if work.done > MAX_WORK:
        raise RefusedError(
            f"`{work.field}` takes more work than the {MAX_WORK} steps that a "
            "simulated model does for one request, over all its fields and choices: "
            "shorten it"
        )


def weigh(value: Any, *, per_character: int = 1) -> None:
    """Count the steps of going through a JSON value once.

    Args:
        value: The value.
        per_character: Steps for a character of its texts.
    """
    left = [value]
    while left:
        each = left.pop()
        spend(_ITEM)
        if isinstance(each, str):
            spend(len(each) * per_character * (1 if each.isascii() else _ESCAPED))
        elif isinstance(each, Mapping):
            left += [*each, *each.values()]
        elif isinstance(each, list):
            left += each
        elif isinstance(each, int):
            spend(each.bit_length())  # digits are written in more than linear time


def measure(value: Mapping[str, Any]) -> int:
    """Give the length of a mapping and of what is directly in it.

    >>> measure({"enum": ["a", "b"], "title": "abc", "minimum": 3})
    8
    """
    inner = (len(each) for each in value.values() if isinstance(each, Sized))
    return len(value) + sum(inner)
