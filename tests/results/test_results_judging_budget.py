"""What judges may spend after the run: a limit that is never passed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

import respan_lab as lab

PRICES = {"m": {"input": 10.0, "output": 100.0}}


class Gateway(httpx.AsyncBaseTransport):
    """Judges everything alike, with a usage of its own choice; knows no prices."""

    def __init__(self, usage: Any = None, says: str = '{"verdict": true}') -> None:
        self.usage = usage or (lambda body: (1, 1))
        self.says = says
        self.bodies: list[dict[str, Any]] = []
        self.peak = self.in_flight = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        body = json.loads(request.content)
        self.bodies.append(body)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        for _ in range(20):  # so that others are in flight as well
            await asyncio.sleep(0)
        self.in_flight -= 1
        prompt, completion = self.usage(body)
        usage = {"prompt_tokens": prompt, "completion_tokens": completion}
        message = {"role": "assistant", "content": self.says}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer = {"model": "m", "choices": [choice], "usage": usage}
        return httpx.Response(200, json=answer)


def dollars_of(bodies: list[dict[str, Any]], usage: Any) -> float:
    """What it all cost, by the prices and what was billed."""
    return sum(i * 10e-6 + o * 100e-6 for i, o in map(usage, bodies))


def worst_of(body: dict[str, Any]) -> float:
    """The rule for a bound, written once more: bytes, fixed additions, 3 attempts."""
    prompt = sum(len(m["content"].encode()) + 16 for m in body["messages"]) + 1024
    prompt += len(json.dumps(body["response_format"], separators=(",", ":")))
    return float(3 * (prompt * 10e-6 + body["max_tokens"] * 100e-6))


def at_the_bound(body: dict[str, Any]) -> tuple[int, int]:
    """The dearest usage that a single attempt may have."""
    prompt = sum(len(m["content"].encode()) + 16 for m in body["messages"]) + 1024
    prompt += len(json.dumps(body["response_format"], separators=(",", ":")))
    return prompt, body["max_tokens"]


class Bench:
    def __init__(self, home: Path, usage: Any = None, **more: Any) -> None:
        self.gateway = Gateway(usage, **more)
        self.client = lab.Client("k", transport=self.gateway)
        self.path = str(home / "ledger.db")
        self.how: dict[str, Any] = {"client": self.client, "max_tokens": 10}

    def results(self, n: int = 40) -> lab.Results:
        """Answers of two models, no two alike; their ledger is a new one."""
        if not Path(self.path).exists():
            client = lab.Client("k", transport=Gateway(says="x"))
            lab.compare("1", "m", client=client, store=self.path, progress=False)
        rows = [
            {"model": name, "item": i, "status": "ok", "output": f"{name} {i}"}
            for i in range(n)
            for name in "ab"
        ]
        from respan_lab.results import build_frame

        frame = build_frame(rows, models=["a", "b"], prompts=[])
        return lab.Results(frame, {"ledger": {"path": self.path}})

    def judge(self, **more: Any) -> Any:
        return lab.judge("m", "Right?", **{**self.how, **more})

    def pairs(self, **more: Any) -> Any:
        return lab.pairwise_judge("m", "Nicer?", **{**self.how, **more})


def test_a_budget_is_never_passed_and_the_rest_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, at_the_bound)
    r = bench.results()
    with pytest.warns(UserWarning, match=r"calls were not sent: the budget of \$0.5"):
        judged = r.score(bench.judge(), budget=0.5, prices=PRICES)
    sent = bench.gateway.bodies
    billed = dollars_of(sent, at_the_bound)
    assert 0.5 - 3 * billed / len(sent) < billed <= 0.5
    assert bench.gateway.peak > 1
    told = judged.manifest["judging"]
    assert told["spent"] == pytest.approx(billed)
    assert told["unsent"] == 80 - len(sent) > 0
    assert told["breaches"] == []
    each = judged.manifest["judges"]["judge"]
    assert (each["calls"], each["unsent"]) == (len(sent), told["unsent"])
    assert each["cost"] == pytest.approx(billed)
    missing = judged.df["score_judge"].isna()
    assert missing.sum() == told["unsent"]
    assert judged.df["note_judge"][missing].str.startswith("BudgetError").all()
    # The rest, as another budget then pays for it.
    again = judged.score(bench.judge(), budget=100.0, prices=PRICES)
    rest = sent[len(sent) - told["unsent"] :]
    assert told["unsent_cost"] == pytest.approx(sum(map(worst_of, rest)))
    assert again.df["score_judge"].all()
    assert again.manifest["judging"]["unsent"] == 0
    assert again.manifest["judges"]["judge"]["unsent"] == 0
    assert again.manifest["judges"]["judge"]["unsent_cost"] == 0
    assert again.manifest["judges"]["judge"]["calls"] == 80
    assert len(sent) == 80


def test_what_is_settled_low_leaves_room_for_all(tmp_path: Path) -> None:
    bench = Bench(tmp_path)  # each answer costs a hundredth of its worst case
    judged = bench.results().score(bench.judge(), budget=0.5, prices=PRICES)
    assert judged.df["score_judge"].all()
    assert sum(map(worst_of, bench.gateway.bodies)) > 0.5
    assert judged.manifest["judging"]["spent"] == pytest.approx(80 * 110e-6)


def test_a_price_nobody_knows_is_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    r = bench.results(2)
    with pytest.raises(lab.ConfigError, match="no price is known for 'm'"):
        r.score(bench.judge(), budget=1.0)
    with pytest.raises(lab.ConfigError, match="no price is known for 'm'"):
        r.pairwise(bench.pairs(), budget=1.0)
    with pytest.raises(lab.ConfigError, match="max_tokens"):
        r.score(bench.judge(max_tokens=None), budget=1.0, prices=PRICES)
    with pytest.raises(lab.BudgetError, match="budget=0"):
        r.score(bench.judge(), budget=0, prices=PRICES)
    with pytest.raises(lab.ConfigError, match="prices"):
        r.score(bench.judge(), prices={"m": {"inputs": 1}})
    assert bench.gateway.bodies == []
    assumed = r.score(bench.judge(), budget=1.0, assume_price=PRICES["m"])
    assert assumed.df["score_judge"].all()
    # What it has cost nobody knows: its worst case stays counted.
    told = assumed.manifest["judging"]
    assert told["spent"] == 0
    worst = sum(map(worst_of, bench.gateway.bodies))
    assert told["maybe_billed"] == pytest.approx(worst)


def test_prices_alone_price_what_the_gateway_does_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.results(1)
    assert r.score(bench.judge()).manifest["judges"]["judge"]["cost"] is None
    other = bench.judge(name="other", temperature=1)
    priced = r.score(other, prices=PRICES)
    told = priced.manifest["judges"]["other"]
    assert told["cost"] == pytest.approx(2 * 110e-6)
    assert priced.manifest["judging"] is None


def test_verdicts_that_are_there_cost_no_budget(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.results(3)
    r.score(bench.judge())
    again = r.score(bench.judge(), budget=1e-9, prices=PRICES)
    assert again.df["score_judge"].all()
    assert len(bench.gateway.bodies) == 6


def test_the_same_question_without_room_counts_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.results(2)
    r = lab.Results(r.df.assign(output="alike"), r.manifest)
    with pytest.warns(UserWarning, match="1 call was not sent"):
        judged = r.score(bench.judge(), budget=1e-6, prices=PRICES)
    told = judged.manifest["judges"]["judge"]
    assert told["unsent"] == 4  # scores that are missing
    assert judged.manifest["judging"]["unsent"] == 1
    worst = judged.manifest["judging"]["unsent_cost"]
    r.score(bench.judge())
    assert worst == pytest.approx(worst_of(bench.gateway.bodies[0]))


def test_a_price_of_the_judges_own_gateway_counts(tmp_path: Path) -> None:
    def verdict(messages: Any, **params: Any) -> str:
        return '{"verdict": true}'

    gateway = lab.Gateway(
        home=tmp_path / "other",
        sim_time_scale=0,
        providers={"sim": {"judge": verdict}},
        prices={"sim/judge": PRICES["m"]},
    )
    client = lab.Client(gateway=gateway)
    judge = lab.judge("sim/judge", "Right?", client=client, max_tokens=30)
    bench = Bench(tmp_path)
    data = [{"i": i} for i in range(3)]
    r = lab.compare(
        "{{ i }}",
        "m",
        data,
        client=bench.client,
        evaluators=judge,
        budget=1.0,
        prices=PRICES,
        params={"max_tokens": 10},
        store=bench.path,
        stream=False,
        progress=False,
    )
    billed = float(client.logs(limit=10)["cost"].sum())
    assert r.manifest["judges"]["judge"]["cost"] == pytest.approx(billed)
    spent = r.manifest["budget"]["spent"]
    assert spent == pytest.approx(billed + r.cost)


def test_pairs_without_room_have_no_verdict(tmp_path: Path) -> None:
    says = '{"reason": "so", "winner": "tie"}'
    bench = Bench(tmp_path, at_the_bound, says=says)
    r = bench.results(12)
    with pytest.warns(UserWarning, match="calls were not sent"):
        votes = r.pairwise(bench.pairs(), budget=0.25, prices=PRICES)
    sent = bench.gateway.bodies
    billed = dollars_of(sent, at_the_bound)
    assert 0 < billed <= 0.25
    told = votes.attrs["judging"]
    assert told["spent"] == pytest.approx(billed)
    assert told["unsent"] + len(sent) == 24
    unjudged = votes["winner"].isna()
    assert unjudged.any()
    assert votes["reason"][unjudged].str.contains("BudgetError").all()
    whole = r.pairwise(bench.pairs(), budget=100.0, prices=PRICES)
    assert (whole["winner"] == "tie").all()
    assert len(sent) == 24
    rest = sum(map(worst_of, sent[24 - told["unsent"] :]))
    assert told["unsent_cost"] == pytest.approx(rest)


def test_any_frame_has_the_limit_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    frame = pd.DataFrame({"model": "m", "item": [1, 2], "output": ["a", "b"]})
    with pytest.warns(UserWarning, match="2 calls were not sent"):
        scored = frame.lab.score(bench.judge(), budget=1e-6, prices=PRICES)
    assert scored["score_judge"].isna().all()
    assert bench.gateway.bodies == []
