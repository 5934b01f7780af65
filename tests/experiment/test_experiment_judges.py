"""Judges in a run: the same gateway, ledger and budget, and their cost apart."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from stubs.http_stub import HangUp, Reply, Request
from stubs.model_stub import ModelStub, plain

import respan_lab as lab
from respan_lab.experiment.judges import JudgePlaces
from respan_lab.experiment.pacing.gates import Gates
from respan_lab.experiment.pacing.pace import Pace
from respan_lab.experiment.pacing.rate import Rate
from respan_lab.experiment.pacing.turns import Turns

PRICES = {"input": 1.0, "output": 10.0}
ASKED = {"params": {"max_tokens": 60}, "progress": False}


class Bench:
    """A gateway with a judge that is a function, and what that was asked.

    The answers are `answer <i>`, of as many models as are wanted.
    """

    def __init__(self, home: Path, says: Callable[[dict[str, Any]], Any]) -> None:
        self.seen: list[tuple[list[dict[str, Any]], dict[str, Any]]] = []
        self.says = says
        functions = {"judge": self.judge, "a": self.answer, "b": self.answer}
        self.answers = 0
        self.gateway = lab.Gateway(
            home=home,
            sim_time_scale=0,
            providers={"sim": functions},
            prices={f"sim/{name}": PRICES for name in functions},
        )
        self.client = lab.Client(gateway=self.gateway)

    async def judge(self, messages: Any, **params: Any) -> str:
        self.seen.append((messages, params))
        said = self.says(json.loads(messages[-1]["content"]))
        if asyncio.iscoroutine(said):
            said = await said
        return said if isinstance(said, str) else json.dumps(said)

    async def answer(self, messages: Any, **params: Any) -> str:
        self.answers += 1
        return f"answer {messages[-1]['content']}"

    def compare(self, n: int = 4, models: Any = "sim/a", **more: Any) -> lab.Results:
        data = [{"i": i, "expected": str(i)} for i in range(n)]
        told = {"evaluators": lab.judge("sim/judge", "Is it right?"), **ASKED, **more}
        return lab.compare("{{ i }}", models, data, client=self.client, **told)

    def logged(self, model: str) -> float:
        logs = self.client.logs(limit=1000)
        return float(logs.loc[logs["model"] == model, "cost"].sum())


def even(data: dict[str, Any]) -> dict[str, Any]:
    number = int(data["answer"].split()[-1])
    return {"reason": f"since {number}", "verdict": number % 2 == 0}


def test_a_verdict_is_a_score_and_its_reason_a_note(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    frame = bench.compare().df
    assert frame["score_judge"].tolist() == [True, False, True, False]
    assert frame["note_judge"].tolist() == [f"since {i}" for i in range(4)]
    assert str(frame["score_judge"].dtype) == "boolean"


def test_the_judge_sees_rubric_question_reference_and_answer(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    bench.compare(1)
    [((system, user), params)] = bench.seen
    assert "Is it right?" in system["content"]
    assert json.loads(user["content"]) == {
        "question": [{"role": "user", "content": "0"}],
        "expected": "0",
        "answer": "answer 0",
    }
    assert params["temperature"] == 0
    assert params["max_tokens"] > 0
    assert params["response_format"]["type"] == "json_schema"


def test_what_judging_costs_is_told_apart_and_is_all_that_was_billed(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, even)
    r = bench.compare(5, budget=1.0)
    told = r.manifest["judges"]["judge"]
    assert told["calls"] == 5 == len(bench.seen)
    assert told["cost"] == pytest.approx(bench.logged("judge"), abs=1e-12)
    assert r.cost == pytest.approx(bench.logged("a"), abs=1e-12)
    spent = r.manifest["budget"]["spent"]
    assert spent == pytest.approx(r.cost + told["cost"], abs=1e-7)
    in_and_out = told["prompt_tokens"] * 1e-6 + told["completion_tokens"] * 1e-5
    assert told["cost"] == pytest.approx(in_and_out)
    assert "for judging" in repr(r).splitlines()[0]


def test_a_run_again_asks_nothing_of_the_judge(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    first = bench.compare()
    again = bench.compare(budget=1e-9)  # there is nothing to pay for
    assert len(bench.seen) == 4
    assert bench.answers == 4
    told = again.manifest["judges"]["judge"]
    assert (told["calls"], told["from_ledger"], told["cost"]) == (0, 4, 0.0)
    for name in ("score_judge", "note_judge"):
        assert again.df[name].equals(first.df[name])
    assert "for judging" not in repr(again).splitlines()[0]


def test_another_rubric_is_another_question(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    bench.compare()
    bench.compare(evaluators=lab.judge("sim/judge", "Is it polite?"))
    assert len(bench.seen) == 8
    assert bench.answers == 4


def test_the_same_answer_twice_is_judged_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    r = bench.compare(3, ["sim/a", "sim/b"])
    assert len(bench.seen) == 3
    told = r.manifest["judges"]["judge"]
    assert (told["calls"], told["from_ledger"]) == (3, 3)
    assert r.df["score_judge"].notna().all()


def test_fresh_asks_the_judge_again_but_each_thing_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    bench.compare(3, ["sim/a", "sim/b"])
    bench.compare(3, ["sim/a", "sim/b"], fresh=True)
    assert len(bench.seen) == 6


def test_a_replay_has_the_verdicts_and_sends_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    store = tmp_path / "recording.db"
    first = bench.compare(store=store, mode="record")
    r = bench.compare(store=store, mode="replay")
    assert r.df["score_judge"].equals(first.df["score_judge"])
    other = lab.judge("sim/judge", "Another rubric")
    missing = bench.compare(store=store, mode="replay", evaluators=other)
    assert missing.df["score_judge"].isna().all()
    assert missing.df["note_judge"].str.contains("recording has no answer").all()
    assert len(bench.seen) == 4


def test_a_failing_judge_is_a_missing_score_and_a_note(tmp_path: Path) -> None:
    def crash(data: dict[str, Any]) -> Any:
        raise RuntimeError("no mood")

    r = Bench(tmp_path, crash).compare(2, retries=0)
    assert r.df["score_judge"].isna().all()
    assert r.df["note_judge"].str.contains("no mood").all()
    assert (r.df["status"] == "ok").all()
    assert r.manifest["judges"]["judge"]["errors"] == 2


def test_an_unreadable_verdict_is_kept_and_not_paid_for_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda data: "I like it!")
    r = bench.compare(2)
    assert r.df["score_judge"].isna().all()
    assert r.df["note_judge"].str.startswith("no verdict").all()
    assert r.manifest["judges"]["judge"]["cost"] > 0
    assert r.manifest["judges"]["judge"]["unreadable"] == 2
    assert "2 verdicts that cannot be read" in repr(r).splitlines()[0]
    again = bench.compare(2)
    assert again.manifest["judges"]["judge"]["unreadable"] == 2
    assert len(bench.seen) == 2


def test_a_verdict_that_is_read_and_one_that_fails_are_not_unreadable(
    tmp_path: Path,
) -> None:
    def mixed(data: dict[str, Any]) -> Any:
        number = int(data["answer"].split()[-1])
        if number == 0:
            raise RuntimeError("no mood")
        return even(data) if number < 3 else "It depends."

    told = Bench(tmp_path, mixed).compare(5, retries=0).manifest["judges"]["judge"]
    assert (told["calls"], told["errors"], told["unreadable"]) == (5, 1, 2)


def test_an_unknown_judge_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    with pytest.raises(lab.ConfigError, match="sim/judge"):
        bench.compare(evaluators=lab.judge("sim/jugde", "Right?"))
    assert bench.answers == 0


def test_two_judges_are_told_apart_by_their_names(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    judges = {
        "kind": lab.judge("sim/judge", "Kind?"),
        "right": lab.judge("sim/judge", "Right?"),
    }
    r = bench.compare(2, evaluators=judges)
    told = r.manifest["judges"]
    assert {name: one["calls"] for name, one in told.items()} == {"kind": 2, "right": 2}


def test_a_judge_inside_a_function_asks_through_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    judge = lab.judge("sim/judge", "Right?", name="inner")

    async def twice(output: str) -> bool:
        score, _ = await judge(output)
        return bool(score)

    r = bench.compare(2, evaluators=twice, budget=1.0)
    assert r.df["score_twice"].tolist() == [True, False]
    assert r.manifest["judges"]["inner"]["calls"] == 2


def test_what_a_function_said_is_not_taken_for_what_another_says(
    tmp_path: Path,
) -> None:
    """All have the same source; what they close over makes them others."""

    def no(data: dict[str, Any]) -> dict[str, Any]:
        return {"reason": "no", "verdict": False}

    first, edited, same = (Bench(tmp_path, says) for says in (even, no, even))
    assert first.compare().df["score_judge"].tolist() == [True, False, True, False]
    assert edited.compare().df["score_judge"].tolist() == [False] * 4
    assert same.compare().df["score_judge"].tolist() == [True, False, True, False]
    assert [one.answers for one in (first, edited, same)] == [4, 4, 4]
    assert [len(one.seen) for one in (first, edited, same)] == [4, 4, 4]
    same.compare()  # by the same gateway nothing is asked again
    assert (same.answers, len(same.seen)) == (4, 4)


# Money.


def test_a_budget_needs_a_price_and_a_limit(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    unpriced = lab.Gateway(
        home=tmp_path / "2",
        providers={"sim": {"judge": bench.judge, "a": bench.answer}},
        prices={"sim/a": PRICES},
        sim_time_scale=0,
    )
    asked: dict[str, Any] = {**ASKED, "client": lab.Client(gateway=unpriced)}
    judge = lab.judge("sim/judge", "Right?")
    with pytest.raises(lab.ConfigError, match="no price is known for 'sim/judge'"):
        lab.compare("1", "sim/a", evaluators=judge, budget=1.0, **asked)
    endless = lab.judge("sim/judge", "Right?", max_tokens=None)
    with pytest.raises(lab.ConfigError, match="max_tokens"):
        bench.compare(evaluators=endless, budget=1.0)
    assert bench.answers == 0


@pytest.mark.parametrize("at_once", [1, 3, 32])
def test_no_budget_is_overspent_with_judges_in_flight(
    tmp_path: Path, at_once: int
) -> None:
    """What the gateway has billed never passes the budget, whatever is in flight."""

    async def slow(data: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        return even(data)

    bench = Bench(tmp_path, slow)
    with pytest.warns(UserWarning, match="budget"):
        r = bench.compare(40, budget=0.045, max_concurrency=at_once)
    billed = bench.logged("a") + bench.logged("judge")
    assert billed <= 0.045
    told = r.manifest["judges"]["judge"]
    assert billed == pytest.approx((r.cost or 0.0) + told["cost"], abs=1e-12)
    assert told["unsent"] + told["calls"] == (r.df["status"] == "ok").sum()
    assert not r.manifest["budget"]["breaches"]


def test_a_verdict_without_room_is_a_note_and_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, even)
    # Room for every answer (60 tokens each), and for no verdict (1,024 tokens).
    with pytest.warns(UserWarning, match=r"no room for verdicts \(3 of judge\)"):
        r = bench.compare(3, budget=0.009, retries=0)
    assert (r.df["status"] == "ok").all()
    assert r.df["score_judge"].isna().all()
    assert r.df["note_judge"].str.startswith("BudgetError").all()
    assert r.manifest["judges"]["judge"]["unsent"] == 3
    assert bench.seen == []
    assert bench.compare(3, budget=1.0).df["score_judge"].notna().all()


# Pace.


@pytest.mark.parametrize("at_once", [1, 4])
def test_calls_in_flight_are_never_more_than_allowed(
    tmp_path: Path, at_once: int
) -> None:
    in_flight, peak = 0, 0

    async def counted() -> None:
        nonlocal in_flight, peak
        in_flight += 1
        peak = max(peak, in_flight)
        for _ in range(5):
            await asyncio.sleep(0)
        in_flight -= 1

    async def judged(data: dict[str, Any]) -> Any:
        await counted()
        return even(data)

    bench = Bench(tmp_path, judged)
    plain = bench.answer

    async def answer(messages: Any, **params: Any) -> str:
        await counted()
        return await plain(messages, **params)

    bench.gateway = lab.Gateway(
        home=tmp_path / "2",
        providers={"sim": {"judge": bench.judge, "a": answer}},
        sim_time_scale=0,
    )
    bench.client = lab.Client(gateway=bench.gateway)
    bench.compare(30, max_concurrency=at_once)
    assert 1 <= peak <= at_once
    # Again with other verdicts: all answers are there, and only judges are asked.
    peak = 0
    other = lab.judge("sim/judge", "Another rubric")
    bench.compare(30, max_concurrency=at_once, evaluators=other)
    assert 1 <= peak <= at_once
    assert len(bench.seen) == 60


def test_a_judge_counts_for_the_rate() -> None:
    rate = Rate(requests_per_minute=61, tokens_per_minute=61_000, clock=lambda: 0.0)
    pace = Pace(Turns([], {}, workers=0, most=2), rate)
    places = JudgePlaces(cast(Any, SimpleNamespace(pace=pace)), lambda _: Gates({}))
    question = lab.judge("m/judge", "Right?", max_tokens=1000).question({})
    body = {"messages": question.messages, **question.params}

    async def call() -> None:
        async with places.place(question) as place:
            sending = await place.ready(body)
            sending.dropped()

    assert rate.delay() == 0.0
    asyncio.run(call())
    assert rate.delay() > 0.9  # one request a second, and it was taken
    assert len(pace.turns.limits) == 1


def test_a_judge_that_is_refused_for_now_is_asked_again(tmp_path: Path) -> None:
    def fault(request: Request, text: str, before: int) -> Reply | None:
        reply = judged(request, text, before)
        if reply is not None and not before:
            return Reply(b"{}", status=429, headers={"retry-after": "0"})
        return reply

    with ModelStub(fault=fault) as stub:
        r = lab.compare(
            "{{ i }}",
            "m/a",
            [{"i": i} for i in range(3)],
            client=lab.Client(base_url=stub.url),
            evaluators=lab.judge("m/judge", "Right?"),
            stream=False,
            progress=False,
        )
    assert r.df["score_judge"].tolist() == [True] * 3
    assert r.manifest["pacing"]["limits"]["m"]["throttles"] == 3
    assert (r.df["attempts"] == 1).all()  # the judge's are not the answer's


def test_two_runs_at_once_ask_the_judge_once(tmp_path: Path) -> None:
    """They ask other models, which give the same answers to the same questions."""

    async def slow(data: dict[str, Any]) -> Any:
        for _ in range(20):
            await asyncio.sleep(0)
        return even(data)

    bench = Bench(tmp_path, slow)
    data = [{"i": i} for i in range(12)]
    judge = lab.judge("sim/judge", "Right?")

    async def both() -> list[lab.Results]:
        runs = [
            lab.acompare(
                "{{ i }}",
                model,
                data,
                client=bench.client,
                evaluators=judge,
                progress=False,
            )
            for model in ("sim/a", "sim/b")
        ]
        return list(await asyncio.gather(*runs))

    one, two = asyncio.run(both())
    assert len(bench.seen) == 12
    assert one.df["score_judge"].equals(two.df["score_judge"])
    told = [each.manifest["judges"]["judge"] for each in (one, two)]
    assert sum(each["calls"] for each in told) == 12
    assert sum(each["from_ledger"] for each in told) == 12


# Interrupts and kills.

SCRIPT = """
import json, sys
import respan_lab as lab
url, store = sys.argv[1:]
r = lab.compare("{{ i }}", "m/a", [{"i": i} for i in range(8)], progress=False,
    evaluators=lab.judge("m/judge", "Right?"), client=lab.Client(base_url=url),
    max_concurrency=2, store=store, stream=False)
"""


def judged(request: Request, text: str, before: int) -> Reply | None:
    body = json.loads(request.body)
    if body["model"] != "m/judge":
        return None
    return plain('{"reason": "so", "verdict": true}')


@pytest.mark.filterwarnings("ignore:this machine was up to")
@pytest.mark.parametrize(
    ("sent", "after"),
    [
        (signal.SIGINT, 5),
        (signal.SIGKILL, 5),
        *(
            pytest.param(sent, after, marks=pytest.mark.deep)
            for sent in (signal.SIGINT, signal.SIGKILL)
            for after in (1, 2, 3, 8, 9, 11)
        ),
    ],
)
def test_a_verdict_in_flight_at_the_end_is_not_asked_again(
    tmp_path: Path, sent: signal.Signals, after: int
) -> None:
    store = tmp_path / "ledger.db"
    with ModelStub(fault=judged) as stub:
        stub.hold(after=after)
        command = [sys.executable, "-c", SCRIPT, stub.url, str(store)]
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ)
        try:
            stub.wait_for(lambda: len(stub.arrivals) == after + 2)
            child.send_signal(sent)
            child.wait(60)
        finally:
            child.kill()
            child.wait()
        stub.wait_until_alone()
        stub.release()
        first = [each.key for each in stub.forget()]
        data = [{"i": i} for i in range(8)]
        judge = lab.judge("m/judge", "Right?")
        asked: dict[str, Any] = {"evaluators": judge, "store": store, "stream": False}
        client = lab.Client(base_url=stub.url)
        r = lab.compare("{{ i }}", "m/a", data, client=client, progress=False, **asked)
        second = [each.key for each in stub.forget()]
        again = lab.compare(
            "{{ i }}", "m/a", data, client=client, progress=False, **asked
        )
        assert stub.arrivals == []
    assert len(set(first)) == after + 2
    assert not set(first) & set(second)  # nothing is paid for twice
    in_doubt = r.df["note_judge"].str.contains("may have been billed").fillna(False)
    unsure = int(in_doubt.sum() + (r.df["status"] == "maybe_billed").sum())
    assert unsure >= 2  # what was in flight; an answer may not have been read either
    assert (r.df["score_judge"].notna() == ((r.df["status"] == "ok") & ~in_doubt)).all()
    assert again.df["score_judge"].equals(r.df["score_judge"])
    assert again.df["note_judge"].equals(r.df["note_judge"])


def test_what_may_have_been_billed_is_sent_again_when_asked_for(tmp_path: Path) -> None:
    hangs = True

    def fault(request: Request, text: str, before: int) -> Reply | None:
        reply = judged(request, text, before)
        if reply is not None and hangs:
            raise HangUp
        return reply

    with ModelStub(fault=fault) as stub:
        how: dict[str, Any] = {"stream": False, "progress": False}
        how |= {"evaluators": lab.judge("m/judge", "Right?")}
        client = lab.Client(base_url=stub.url)
        first = lab.compare("1", "m/a", client=client, **how)
        assert first.manifest["judges"]["judge"]["errors"] == 1
        hangs = False
        still = lab.compare("1", "m/a", client=client, **how)
        sent = lab.compare("1", "m/a", client=client, maybe_billed="resend", **how)
    assert still.df["score_judge"].isna().all()
    assert "may have been billed" in still.df["note_judge"][0]
    assert sent.df["score_judge"].tolist() == [True]


def test_a_judge_that_fails_alike_each_time_is_asked_no_more(tmp_path: Path) -> None:
    def fault(request: Request, text: str, before: int) -> Reply | None:
        if json.loads(request.body)["model"] != "m/judge":
            return None
        return Reply(b'{"error": {"message": "no such form"}}', status=400)

    with ModelStub(fault=fault) as stub:
        r = lab.compare(
            "{{ i }}",
            "m/a",
            [{"i": i} for i in range(30)],
            client=lab.Client(base_url=stub.url),
            evaluators=lab.judge("m/judge", "Right?"),
            max_concurrency=1,
            stream=False,
            progress=False,
        )
        assert len(stub.arrivals) == 30 + 5
    assert (r.df["status"] == "ok").all()
    assert r.df["note_judge"].str.contains("given up").sum() == 25
    assert r.manifest["judges"]["judge"]["calls"] == 5
