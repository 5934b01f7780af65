"""Ours, as it is meant to be used: an experiment that ends in a frame."""

from __future__ import annotations

from typing import Any

from crowd import MODEL, Stopwatch, Task, prompt, report, task

import respan_lab as lab


def run(client: lab.Client, given: Task, numbers: range) -> lab.Results:
    data = [{"text": prompt(number)} for number in numbers]
    return lab.compare(
        "{{ text }}",
        MODEL,
        data,
        client=client,
        max_concurrency=given.in_flight,
        stream=given.stream,
        progress=False,
    )


def measured(given: Task) -> dict[str, Any]:
    client = lab.Client(base_url=given.url)
    if given.warm_up:
        run(client, given, range(-given.warm_up, 0))
    watch = Stopwatch()
    frame = run(client, given, range(given.calls)).df
    return {
        **watch.read(),
        "answered": int(((frame.output != "") & (frame.total_tokens > 0)).sum()),
        "priced": int((frame.cost > 0).sum()),
        "clocked": [],
        "latencies": frame.latency.dropna().tolist(),
        "queue_times": frame.queue_time.dropna().tolist(),
    }


if __name__ == "__main__":
    report(measured(task()), "respan-lab", "aiohttp")
