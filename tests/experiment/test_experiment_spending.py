"""A budget in dollars, kept by a run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

import respan_lab as lab
from respan_lab.errors import BudgetError, ConfigError

PRICES = {"m": {"input": 10.0, "output": 100.0}}
QUIET: dict[str, Any] = {"progress": False, "stream": False}


class Gateway(httpx.AsyncBaseTransport):
    """Answers with a usage of its own choice; counts what it was asked."""

    def __init__(self, usage: Any) -> None:
        self.usage = usage
        self.asked = 0
        self.peak = self.in_flight = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        body = json.loads(request.content)
        self.asked += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        for _ in range(20):  # so that others are in flight as well
            await asyncio.sleep(0)
        self.in_flight -= 1
        prompt, completion = self.usage(body)
        usage = {"prompt_tokens": prompt, "completion_tokens": completion}
        message = {"role": "assistant", "content": "x"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer = {"model": "m", "choices": [choice], "usage": usage}
        return httpx.Response(200, json=answer)

    def run(self, n: int = 200, **how: Any) -> lab.Results:
        return lab.compare(
            "{{ i }}",
            "m",
            [{"i": i} for i in range(n)],
            client=lab.Client("k", transport=self),
            params={"max_tokens": 10},
            **{"prices": PRICES, "retries": 0, "max_concurrency": 64, **QUIET, **how},
        )


def _at_the_bound(body: dict[str, Any]) -> tuple[int, int]:
    said = sum(len(each["content"].encode()) for each in body["messages"])
    return said + 16 * len(body["messages"]), 10


def test_usage_at_the_bound_never_passes_the_budget() -> None:
    gateway = Gateway(_at_the_bound)
    with pytest.warns(UserWarning, match=r"cells were not sent: the budget of \$0.050"):
        results = gateway.run(budget=0.05)
    assert 0.045 < results.cost <= 0.05
    assert gateway.peak > 1
    counts = results.df["status"].value_counts()
    assert counts["ok"] == gateway.asked
    assert counts["skipped"] == 200 - gateway.asked
    assert set(results.df.loc[results.df["status"] == "skipped", "error_type"]) == {
        "budget"
    }
    told = results.manifest["budget"]
    assert told["spent"] == pytest.approx(results.cost)
    assert told["unsent"] == 200 - gateway.asked
    assert told["unsent_cost"] > 0


def test_cheap_answers_leave_room_for_more() -> None:
    gateway = Gateway(lambda body: (1, 1))
    results = gateway.run(budget=0.05)
    assert (results.df["status"] == "ok").all()
    assert results.cost == pytest.approx(200 * 110e-6)


def test_reports_above_the_bound_stop_the_run() -> None:
    gateway = Gateway(lambda body: tuple(10 * n for n in _at_the_bound(body)))
    with pytest.warns(UserWarning, match="a call cost"):
        results = gateway.run(budget=0.5)
    worst = 10 * 0.00125
    assert results.cost <= 0.5 + 64 * worst
    told = results.manifest["budget"]
    assert gateway.asked <= 2 * 64
    assert told["breaches"]
    assert told["breaches"][0]["cost"] > told["breaches"][0]["bound"]
    assert (results.df["status"] == "skipped").sum() == 200 - gateway.asked


def test_the_next_run_goes_on_where_the_budget_ended() -> None:
    gateway = Gateway(_at_the_bound)
    with pytest.warns(UserWarning, match="not sent"):
        gateway.run(40, budget=0.02)
    first = gateway.asked
    results = gateway.run(40, budget=0.05)
    assert (results.df["status"] == "ok").all()
    assert gateway.asked == 40
    assert results.df["from_ledger"].sum() == first
    # What came from the ledger is no new spending.
    assert results.manifest["budget"]["spent"] < results.cost


def test_a_budget_needs_max_tokens_and_a_price() -> None:
    gateway = Gateway(_at_the_bound)
    client = lab.Client("k", transport=gateway)
    with pytest.raises(ConfigError, match="max_tokens"):
        lab.compare("Hi", "m", client=client, budget=1.0, prices=PRICES, **QUIET)
    with pytest.raises(ConfigError, match="assume_price"):
        gateway.run(1, budget=1.0, prices=None)
    with pytest.raises(BudgetError, match="above 0"):
        gateway.run(1, budget=0)
    assert gateway.asked == 0
    assumed = {"input": 1.0, "output": 1.0}
    results = gateway.run(1, budget=1.0, prices=None, assume_price=assumed)
    assert results.manifest["budget"]["spent"] == 0.0
    assert results.manifest["budget"]["maybe_billed"] > 0  # its price is not known


def test_an_image_needs_a_bound_that_is_told() -> None:
    gateway = Gateway(lambda _: (1000, 10))
    experiment = lab.Experiment(
        [{"role": "user", "content": ["What is this?", "{{ x }}"]}],
        ["m"],
        [{"x": lab.image("https://example.org/a.png")}],
        params={"max_tokens": 10},
    )

    def asked(**how: Any) -> lab.Results:
        client = lab.Client("k", transport=gateway)
        return experiment.run(client, prices=PRICES, **QUIET, **how)

    with pytest.raises(ConfigError, match="image_tokens="):
        asked(budget=1.0)
    with pytest.raises(ConfigError, match="image_tokens=0"):
        asked(budget=1.0, image_tokens=0)
    assert gateway.asked == 0
    results = asked(budget=1.0, image_tokens=1500)
    assert results.manifest["budget"]["breaches"] == []
    assert results.manifest["budget"]["spent"] == results.cost


def test_a_rate_of_calls_is_kept_and_a_bad_one_refused() -> None:
    gateway = Gateway(_at_the_bound)
    with pytest.raises(ConfigError, match="requests_per_minute"):
        gateway.run(1, requests_per_minute=0)
    assert gateway.asked == 0
    results = gateway.run(3, requests_per_minute=6000)
    assert (results.df["status"] == "ok").all()
