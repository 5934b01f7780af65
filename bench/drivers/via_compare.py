"""Ours, as it is meant to be used: an experiment that ends in a frame.

Its ledger is a new file on disk each time, so nothing has been answered before. With
`SCORED` in the environment every answer is scored, too.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crowd import MODEL, Stopwatch, Task, prompt, report, task

import respan_lab as lab


def run(client: lab.Client, given: Task, numbers: range, store: Path) -> lab.Results:
    data = [{"text": prompt(number), "expected": "a refund"} for number in numbers]
    return lab.compare(
        "{{ text }}",
        MODEL,
        data,
        evaluators="contains" if os.environ.get("SCORED") else (),
        client=client,
        max_concurrency=given.in_flight,
        stream=given.stream,
        store=store,
        progress=False,
    )


def measured(given: Task, folder: Path) -> dict[str, Any]:
    client = lab.Client(base_url=given.url)
    if given.warm_up:
        run(client, given, range(-given.warm_up, 0), folder / "warm-up.db")
    watch = Stopwatch()
    frame = run(client, given, range(given.calls), folder / "ledger.db").df
    return {
        **watch.read(),
        "answered": int(((frame.output != "") & (frame.total_tokens > 0)).sum()),
        "priced": int((frame.cost > 0).sum()),
        "clocked": [],
        "latencies": frame.latency.dropna().tolist(),
        "queue_times": frame.queue_time.dropna().tolist(),
    }


if __name__ == "__main__":
    # A stub that answers at once makes every machine late, and we say so.
    warnings.simplefilter("ignore", UserWarning)
    with TemporaryDirectory() as folder:
        report(measured(task(), Path(folder)), "respan-lab", "aiohttp")
