"""Cells that another run is asking are left until the others are done."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx

import respan_lab as lab


class Gateway(httpx.AsyncBaseTransport):
    """Answers what it was asked; holds the answers back while `is_held` is set."""

    def __init__(self, *, is_held: bool) -> None:
        self.asked: list[str] = []
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()
        if not is_held:
            self.go.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        text = json.loads(request.content)["messages"][0]["content"]
        self.asked.append(text)
        request.extensions["clock"].handed_at = time.perf_counter()  # it is sent
        self.arrived.release()
        while not self.go.is_set():
            await asyncio.sleep(0.001)  # until the test says so
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return httpx.Response(200, json={"model": "m", "choices": [choice]})


def test_a_second_run_does_not_wait_for_what_the_first_is_asking(
    tmp_path: Path,
) -> None:
    experiment = lab.Experiment("{{ i }}", "m", [{"i": i} for i in range(30)])
    how: dict[str, Any] = {
        "store": tmp_path / "ledger.db",
        "progress": False,
        "stream": False,
        "max_concurrency": 3,
    }
    slow, quick = Gateway(is_held=True), Gateway(is_held=False)
    first = experiment.start(lab.Client("k", transport=slow), **how)
    for _ in range(3):
        assert slow.arrived.acquire(timeout=30)
    second = experiment.start(lab.Client("k", transport=quick), **how)
    for _ in range(27):
        assert quick.arrived.acquire(timeout=30)
    assert len(slow.asked) == 3
    slow.go.set()
    frames = [run.wait(60).df for run in (first, second)]
    assert sorted(slow.asked + quick.asked, key=int) == [str(i) for i in range(30)]
    for frame in frames:
        assert frame["output"].tolist() == [str(i) for i in range(30)]
    assert [int(frame["from_ledger"].sum()) for frame in frames] == [27, 3]


def test_what_was_stopped_before_it_was_sent_is_not_maybe_billed(
    tmp_path: Path,
) -> None:
    experiment = lab.Experiment("{{ i }}", "m", [{"i": i} for i in range(40)])
    for n in range(20):  # a stop in the middle of a commit is a matter of luck
        gateway = Gateway(is_held=True)
        handle = experiment.start(
            lab.Client("k", transport=gateway),
            store=tmp_path / f"{n}.db",
            progress=False,
            stream=False,
        )
        assert gateway.arrived.acquire(timeout=30)
        frame = handle.stop().df
        unsure = frame.loc[frame["status"] == "maybe_billed", "item"]
        assert set(map(str, unsure)) == set(gateway.asked)
