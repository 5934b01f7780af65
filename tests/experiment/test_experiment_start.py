"""A run in the background: looked at, waited for, stopped, gone on with."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

import respan_lab as lab
from respan_lab.errors import ConfigError


class Model:
    """A simulated model that answers some, and holds the rest back until told."""

    def __init__(self, n_free: int) -> None:
        self.n_free = n_free
        self.asked = 0
        self.held = threading.Semaphore(0)
        self.is_free = threading.Event()

    async def answer(self, messages: Any, **params: Any) -> str:
        self.asked += 1
        if self.asked > self.n_free:
            self.held.release()
            while not self.is_free.is_set():
                await asyncio.sleep(0.001)  # until the test says so
        return "done"

    def start(self, n: int = 12, **how: Any) -> Any:
        gateway = lab.Gateway(
            seed=1, sim_time_scale=0, providers={"sim": {"f": self.answer}}
        )
        data = [{"i": i} for i in range(n)]
        experiment = lab.Experiment("{{ i }}", "sim/f", data)
        self.client = lab.Client(gateway=gateway)
        how = {"max_concurrency": 2, "progress": False, **how}
        return experiment, experiment.start(self.client, **how)


def test_it_can_be_looked_at_while_it_runs() -> None:
    model = Model(4)
    _, handle = model.start()
    for _ in range(2):
        assert model.held.acquire(timeout=30)
    assert handle.is_running
    so_far = handle.results.df["status"].value_counts().to_dict()
    assert so_far["ok"] == handle.progress.done == 4
    assert so_far["maybe_billed"] == 2
    assert so_far["skipped"] == 6
    assert "4 of 12 cells" in repr(handle)
    with pytest.raises(TimeoutError, match="4 of 12"):
        handle.wait(0.01)
    model.is_free.set()
    results = handle.wait()
    assert (results.df["status"] == "ok").all()
    assert not handle.is_running
    assert results.manifest["run_id"] == handle.run_id


def test_stopping_keeps_what_came_and_the_next_run_goes_on() -> None:
    model = Model(4)
    experiment, handle = model.start()
    for _ in range(2):
        assert model.held.acquire(timeout=30)
    stopped = handle.stop().df["status"].value_counts().to_dict()
    assert (stopped["ok"], stopped["skipped"], stopped["maybe_billed"]) == (4, 6, 2)
    assert len(handle.wait()) == 12  # a second look changes nothing
    model.is_free.set()
    results = experiment.run(model.client, progress=False, maybe_billed="resend")
    assert (results.df["status"] == "ok").all()
    assert results.df["from_ledger"].sum() == 4
    assert model.asked == 4 + 2 + 8


def test_what_cannot_begin_says_so() -> None:
    gateway = lab.Gateway(seed=1, sim_time_scale=0)
    experiment = lab.Experiment("Hi", "sim/nobody")
    handle = experiment.start(lab.Client(gateway=gateway), progress=False)
    with pytest.raises(ConfigError, match="sim/nobody"):
        handle.wait()
    with pytest.raises(ConfigError, match="sim/nobody"):
        _ = handle.results
    with pytest.raises(ConfigError, match="retries"):
        experiment.start(lab.Client(gateway=gateway), retries=-1)


class Silent(httpx.AsyncBaseTransport):
    """A transport of the user's own, which knows nothing of our clock."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        self.asked.release()
        await asyncio.Event().wait()
        raise AssertionError("it is stopped before")


def test_what_a_transport_of_the_users_had_may_have_been_sent() -> None:
    transport = Silent()
    experiment = lab.Experiment("{{ i }}", "m", [{"i": i} for i in range(5)])
    client = lab.Client("k", transport=transport)
    handle = experiment.start(client, max_concurrency=2, progress=False)
    for _ in range(2):
        assert transport.asked.acquire(timeout=30)
    counts = handle.stop().df["status"].value_counts().to_dict()
    assert (counts["maybe_billed"], counts["skipped"]) == (2, 3)
