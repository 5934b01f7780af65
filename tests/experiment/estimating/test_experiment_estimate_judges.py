"""What judges will take: their rows of an estimate, and how those hold up."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.experiment.estimating.estimate_score import score_estimate

PRICES = {"input": 1.0, "output": 10.0}
ASK = {"params": {"max_tokens": 60}}
QUIET = {"progress": False}


class Bench:
    """Models that answer by rule, and a judge; counts what each was asked."""

    def __init__(self, home: Path) -> None:
        self.judged: list[list[dict[str, Any]]] = []
        self.answers = 0
        functions = {"judge": self.judge, "a": self.answer, "b": self.answer}
        gateway = lab.Gateway(
            home=home,
            sim_time_scale=0,
            providers={"sim": functions},
            prices={f"sim/{name}": PRICES for name in functions},
        )
        self.client = lab.Client(gateway=gateway)

    def judge(self, messages: Any, **params: Any) -> str:
        self.judged.append(messages)
        answer = json.loads(messages[-1]["content"])["answer"]
        reason = "because of it " * (1 + len(answer) % 4)
        return json.dumps({"reason": reason, "verdict": True})

    def answer(self, messages: Any, **params: Any) -> str:
        self.answers += 1
        return f"answer {messages[-1]['content']}"

    def experiment(
        self, items: range = range(12), models: Any = "sim/a", **more: Any
    ) -> lab.Experiment:
        data = [{"i": f"{i} " * (1 + i % 5)} for i in items]
        told = {"evaluators": right(), **ASK, **more}
        return lab.Experiment("Tell of {{ i }}", models, data, **told)


def right(rubric: str = "Right?") -> Any:
    return lab.judge("sim/judge", rubric, name="right", max_tokens=200)


def of_judge(frame: pd.DataFrame) -> Any:
    return frame[frame["judge"] == "right"].iloc[0]


def asked_bytes(messages: list[dict[str, Any]], form: dict[str, Any]) -> int:
    """What a judge's request says, counted from what has arrived."""
    said = sum(len(one["content"].encode()) + len(one["role"]) for one in messages)
    return said + len(json.dumps(form))


class Refusing(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.method} {request.url} was sent")


def test_a_judge_has_a_row_and_nothing_is_sent(tmp_path: Path) -> None:
    client = lab.Client("k", transport=Refusing())
    experiment = Bench(tmp_path / "gateway").experiment(models=["sim/a", "sim/b"])
    prices = dict.fromkeys(("sim/a", "sim/b", "sim/judge"), PRICES)
    frame = experiment.estimate(client, store=tmp_path / "none.db", prices=prices)
    assert frame["judge"].fillna("").tolist() == ["", "", "right"]
    assert frame["model"].tolist() == ["sim/a", "sim/b", "sim/judge"]
    row = of_judge(frame)
    assert (row.calls, row.answered, row.basis) == (24, 0, "bounds")
    assert row.completion_tokens == 24 * 200  # its limit is below the guess
    assert row.cost == pytest.approx((row.prompt_tokens + 10 * 24 * 200) / 1e6)
    assert 0 < row.cost_low < row.cost
    assert pd.isna(row.cost_high)  # an answer may be of any size
    assert "for judging" in frame.total


def test_without_a_judge_there_is_no_such_column(tmp_path: Path) -> None:
    client = lab.Client("k", transport=Refusing())
    experiment = Bench(tmp_path).experiment(evaluators="exact_match")
    frame = experiment.estimate(client, store=tmp_path / "none.db")
    assert "judge" not in frame
    assert len(frame) == 1


def test_a_guess_is_of_what_will_be_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    experiment = bench.experiment()
    row = of_judge(experiment.estimate(bench.client))
    experiment.run(bench.client, **QUIET)
    form = right().params["response_format"]
    # Before any answer is there each is taken for its limit of 60 tokens, 240 bytes.
    guessed = [
        asked_bytes(messages, form)
        - len(json.loads(messages[-1]["content"])["answer"])
        + 240
        for messages in bench.judged
    ]
    assert row.prompt_tokens == sum(math.ceil(size / 4) for size in guessed)


def test_what_is_judged_is_not_reckoned_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.experiment().run(bench.client, **QUIET)
    row = of_judge(bench.experiment().estimate(bench.client))
    assert (row.calls, row.answered, row.cost) == (0, 12, 0.0)
    again = of_judge(bench.experiment().estimate(bench.client, fresh=True))
    assert (again.calls, again.answered) == (12, 0)
    replay = of_judge(bench.experiment().estimate(bench.client, mode="replay"))
    assert replay.calls == 0


def test_answers_that_are_there_are_measured_and_alike_ones_judged_once(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    both = ["sim/a", "sim/b"]  # which give the same answers
    bench.experiment(models=both, evaluators=()).run(bench.client, **QUIET)
    experiment = bench.experiment(models=both)
    frame = experiment.estimate(bench.client, retries=0)
    row = of_judge(frame)
    assert (row.calls, row.basis) == (12, "bounds")
    r = experiment.run(bench.client, budget=float(row.cost_high), retries=0, **QUIET)
    assert len(bench.judged) == 12
    form = right().params["response_format"]
    sizes = [asked_bytes(messages, form) for messages in bench.judged]
    assert row.prompt_tokens == sum(math.ceil(size / 4) for size in sizes)
    assert r.df["score_right"].all()  # the upper end is a budget with room for all
    assert row.cost_low <= r.manifest["judges"]["right"]["cost"] <= row.cost_high


def test_verdicts_by_the_same_rubric_tell_of_others(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.experiment(range(40)).run(bench.client, **QUIET)
    experiment = bench.experiment(range(40, 100))
    frame = experiment.estimate(bench.client)
    row = of_judge(frame)
    assert (row.calls, row.basis) == (60, "past runs")
    r = experiment.run(bench.client, **QUIET)
    told = r.manifest["judges"]["right"]
    assert row.cost_low <= told["cost"] <= row.cost_high
    assert row.cost_high / row.cost_low < 1.5
    assert row.tokens == pytest.approx(
        told["prompt_tokens"] + told["completion_tokens"], rel=0.1
    )
    other = bench.experiment(range(40, 100), evaluators=right("Polite?"))
    assert of_judge(other.estimate(bench.client)).basis == "bounds"


def test_the_score_of_an_estimate_counts_its_judges(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    experiment = bench.experiment(range(30), models=["sim/a"])
    frame = experiment.estimate(bench.client)
    r = experiment.run(bench.client, **QUIET)
    score = r.manifest["estimate"]
    judged = r.manifest["judges"]["right"]
    one = next(each for each in score["targets"] if each["judge"] == "right")
    assert one["calls"] == one["actual_calls"] == 30
    assert one["actual_cost"] == pytest.approx(judged["cost"])
    assert one["ratio"] == pytest.approx(judged["cost"] / of_judge(frame).cost)
    assert one["inside"] is True
    total = score["total"]
    assert total["actual_calls"] == 60
    assert total["actual_cost"] == pytest.approx(r.cost + judged["cost"])
    assert total["cost"] == pytest.approx(frame["cost"].sum())
    assert score["left_out"] == {}


def test_judges_nobody_reckoned_with_are_named_with_their_cost(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    inner = lab.judge("sim/judge", "Right?", name="inner")

    async def twice(output: str) -> bool:
        score, _ = await inner(output)
        return bool(score)

    experiment = bench.experiment(evaluators=[twice, right()])
    experiment.estimate(bench.client)
    r = experiment.run(bench.client, **QUIET)
    told = r.manifest["judges"]
    score = r.manifest["estimate"]
    assert score["left_out"] == {"inner": told["inner"]["cost"]}
    own = r.cost + told["right"]["cost"]
    assert score["total"]["actual_cost"] == pytest.approx(own)


def test_a_pilot_is_judged_and_none_is_paid_for_twice(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    experiment = bench.experiment(range(30))
    frame = experiment.estimate(bench.client, pilot=8)
    row = of_judge(frame)
    assert (bench.answers, len(bench.judged)) == (8, 8)
    assert (row.calls, row.answered, row.basis) == (22, 8, "pilot")
    r = experiment.run(bench.client, **QUIET)
    assert (bench.answers, len(bench.judged)) == (30, 30)
    told = r.manifest["judges"]["right"]
    assert (told["calls"], told["from_ledger"]) == (22, 8)
    assert row.cost_low <= told["cost"] <= row.cost_high


def test_a_judge_of_unknown_price_has_none(tmp_path: Path) -> None:
    client = lab.Client("k", transport=Refusing())
    prices = {"sim/a": PRICES}
    store = tmp_path / "none.db"
    frame = Bench(tmp_path).experiment().estimate(client, store=store, prices=prices)
    assert frame["priced"].tolist() == [True, False]
    assert pd.isna(of_judge(frame).cost)
    assert "1 row whose price nobody knows" in frame.total


@pytest.mark.parametrize("unpriced", [0, 1])
def test_a_total_with_an_unpriced_verdict_is_unknown(unpriced: int) -> None:
    ends = {"cost": 0.02, "cost_low": 0.01, "cost_high": 0.04}
    said = pd.DataFrame(
        [
            {"model": "m", "judge": None, "calls": 1, **ends},
            {"model": "m", "judge": "right", "calls": 2, **ends},
        ]
    )
    came = {"model": "m", "status": "ok", "choice": 0, "from_ledger": False}
    results = pd.DataFrame([{**came, "cost": 0.015}])
    told = {"right": {"calls": 2, "cost": 0.03, "unpriced": unpriced}}
    score = score_estimate(said, results, told)
    assert score["total"]["actual_calls"] == 3
    expected = None if unpriced else pytest.approx(0.045)
    assert score["total"]["actual_cost"] == expected
    assert score["total"]["inside"] is (None if unpriced else True)
    assert score["targets"][0]["actual_cost"] == pytest.approx(0.015)
