"""Inspect AI: a task of samples, its log on disk, as `eval` does it.

What it tells of a sample is read from the log it gives: text, usage, the call's time.
"""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import Any

import inspect_ai
from crowd import MODEL, Stopwatch, Task, prompt, report, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog
from inspect_ai.solver import generate


def run(given: Task, numbers: range, folder: str) -> EvalLog:
    samples = [Sample(input=prompt(number), id=number) for number in numbers]
    [log] = inspect_ai.eval(
        inspect_ai.Task(dataset=MemoryDataset(samples), solver=generate()),
        model=f"openai-api/stub/{MODEL}",
        max_connections=given.in_flight,
        max_samples=given.in_flight,
        adaptive_connections=False,
        max_retries=0,
        display="none",
        log_dir=folder,
    )
    return log


def answered(log: EvalLog) -> int:
    return sum(
        bool(sample.output.completion)
        and any(usage.total_tokens > 0 for usage in sample.model_usage.values())
        for sample in log.samples or ()
    )


def latencies(log: EvalLog) -> list[float]:
    return [
        (event.completed - event.timestamp).total_seconds()
        for sample in log.samples or ()
        for event in sample.events
        if isinstance(event, ModelEvent) and event.completed
    ]


def measured(given: Task, folder: str) -> dict[str, Any]:
    os.environ["STUB_API_KEY"] = "none"
    os.environ["STUB_BASE_URL"] = f"{given.url}/v1"
    if given.warm_up:
        run(given, range(-given.warm_up, 0), f"{folder}/warm-up")
    watch = Stopwatch()
    log = run(given, range(given.calls), f"{folder}/log")
    return {
        **watch.read(),
        "answered": answered(log),
        "priced": 0,
        "clocked": [],
        "latencies": latencies(log),
        "queue_times": [],
    }


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        report(measured(task(), folder), "inspect-ai", "openai")
