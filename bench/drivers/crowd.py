"""So many callers at once, timed as a user would; every driver runs this loop.

A driver is started with one argument, a `Task` as JSON, in an environment of its own,
and prints one line of JSON. This file imports nothing but the standard library.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import resource
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter
from typing import Any, NamedTuple

MODEL = "gpt-4o-mini"
"""Asked of everyone: each contender that knows prices knows this model's."""
PRICE = {"input": 0.15, "output": 0.6}
"""Of that model, in dollars per million tokens, for who has to be told."""


class Task(NamedTuple):
    """What a driver has to do.

    Attributes:
        url: The stub's address.
        calls: How many calls are measured.
        in_flight: How many callers there are.
        warm_up: Calls made before the clocks start.
        stream: Whether answers are streamed.
    """

    url: str
    calls: int
    in_flight: int
    warm_up: int
    stream: bool


class Answer(NamedTuple):
    """What the caller looked at.

    Attributes:
        text: The answer's.
        tokens: Prompt and completion tokens together.
        cost: Dollars; None if the contender tells none.
        latency: Seconds, as the contender reports them; None if it reports none.
        queue_time: Seconds before that, as the contender reports them.
    """

    text: str
    tokens: int
    cost: float | None = None
    latency: float | None = None
    queue_time: float | None = None


Ask = Callable[[str], Awaitable[Answer]]
Connect = Callable[[Task], AbstractAsyncContextManager[Ask]]


class Stopwatch:
    """Wall time, and this process's CPU time in all threads."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), _cpu()

    def read(self) -> dict[str, float]:
        """Seconds since it was made."""
        return {"wall": perf_counter() - self._wall, "cpu": _cpu() - self._cpu}


def task() -> Task:
    """The task this process was started with."""
    return Task(**json.loads(sys.argv[1]))


def prompt(number: int) -> str:
    """A short question, a different one for each number."""
    return f"Customer {number} writes: where is my parcel? " + "Please look. " * (
        number % 5
    )


def compete(connect: Connect, *packages: str) -> None:
    """Run the task with one caller's function and print what was measured.

    Args:
        connect: Makes the function from the task, and closes what it needed.
        packages: Whose versions are told.
    """
    report(asyncio.run(_compete(connect, task())), *packages)


def report(measured: dict[str, Any], *packages: str) -> None:
    """Print the line the driver's parent waits for."""
    versions = {name: importlib.metadata.version(name) for name in packages}
    print(json.dumps({**measured, "versions": versions}))


async def _compete(connect: Connect, given: Task) -> dict[str, Any]:
    async with connect(given) as ask:
        await _crowd(ask, range(-given.warm_up, 0), given.in_flight)
        watch = Stopwatch()
        answers, clocked = await _crowd(ask, range(given.calls), given.in_flight)
        spent = watch.read()
    return {
        **spent,
        "answered": sum(1 for a in answers if a.text and a.tokens > 0),
        "priced": sum(1 for a in answers if a.cost),
        "clocked": clocked,
        "latencies": [a.latency for a in answers if a.latency is not None] or clocked,
        "queue_times": [a.queue_time for a in answers if a.queue_time is not None],
    }


async def _crowd(
    ask: Ask, numbers: range, in_flight: int
) -> tuple[list[Answer], list[float]]:
    """Ask every number, so many at a time; the user's clock is around the await."""
    answers, clocked = [], []
    turns = iter(numbers)

    async def caller() -> None:
        for number in turns:
            started = perf_counter()
            answer = await ask(prompt(number))
            clocked.append(perf_counter() - started)
            answers.append(answer)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return answers, clocked


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
