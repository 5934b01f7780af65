"""Answers judged after the run: through a client, into the run's ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from stubs.http_stub import Reply, Request
from stubs.model_stub import ModelStub, plain

import respan_lab as lab
from respan_lab.results.asides import with_judges

PRICES = {"input": 1.0, "output": 10.0}


class Bench:
    """A gateway with models that answer by rule, and judges that are counted."""

    def __init__(self, home: Path) -> None:
        self.seen: list[dict[str, Any]] = []
        functions = {"judge": self.judge, "a": self.answer, "b": self.other}
        self.client = lab.Client(
            gateway=lab.Gateway(
                home=home,
                sim_time_scale=0,
                providers={"sim": functions},
                prices={f"sim/{name}": PRICES for name in functions},
            )
        )

    def judge(self, messages: Any, **params: Any) -> str:
        data = json.loads(messages[-1]["content"])
        self.seen.append(data)
        return json.dumps({"reason": "since", "verdict": data["answer"] == "a 1"})

    def answer(self, messages: Any, **params: Any) -> str:
        return f"a {messages[-1]['content']}"

    def other(self, messages: Any, **params: Any) -> str:
        return f"b {messages[-1]['content']}"

    def run(self, n: int = 3, **more: Any) -> lab.Results:
        data = [{"i": i} for i in range(n)]
        return lab.compare(
            "{{ i }}", "sim/a", data, client=self.client, progress=False, **more
        )

    def right(self, **more: Any) -> Any:
        return lab.judge("sim/judge", "Right?", client=self.client, **more)

    def logged(self, model: str) -> float:
        logs = self.client.logs(limit=1000)
        return float(logs.loc[logs["model"] == model, "cost"].sum())


def test_answers_are_judged_after_the_run_and_its_cost_stays(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.run()
    judged = r.score(bench.right())
    assert judged.df["score_judge"].tolist() == [False, True, False]
    assert judged.df["note_judge"].tolist() == ["since"] * 3
    assert judged.cost == r.cost
    told = judged.manifest["judges"]["judge"]
    assert told["calls"] == 3
    assert told["cost"] == pytest.approx(bench.logged("judge"), abs=1e-12)
    assert "for judging" in repr(judged).splitlines()[0]
    assert "judges" not in r.manifest or not r.manifest["judges"]


def test_judging_again_pays_nothing_and_forgets_no_cost(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    once = bench.run().score(bench.right())
    twice = once.score(bench.right())
    assert len(bench.seen) == 3
    before, after = (one.manifest["judges"]["judge"] for one in (once, twice))
    assert after["cost"] == before["cost"]
    assert (after["calls"], after["from_ledger"]) == (3, 3)


def test_a_verdict_of_the_run_counts_after_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.run(evaluators=lab.judge("sim/judge", "Right?"))
    again = r.score({"anew": bench.right()})
    assert len(bench.seen) == 3
    assert again.df["score_anew"].equals(again.df["score_judge"])
    loaded = lab.Results.load(r.manifest["ledger"]["path"])
    loaded.score(bench.right())
    assert len(bench.seen) == 3


def test_a_frame_without_a_ledger_goes_by_that_of_the_client(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    frame = pd.DataFrame({"output": ["a 1", "a 2", None], "var_i": [1, 2, 3]})
    frame["model"], frame["item"] = "m", range(3)
    for _ in range(2):
        scored = frame.lab.score(bench.right())
        assert scored["score_judge"].tolist()[:2] == [True, False]
        assert pd.isna(scored["score_judge"][2])
    assert bench.seen == [
        {"variables": {"i": 1}, "answer": "a 1"},
        {"variables": {"i": 2}, "answer": "a 2"},
    ]
    assert (tmp_path / "ledger.db").is_file()


def test_a_judge_of_another_gateway_says_what_to_give(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.run()
    with pytest.raises(lab.ConfigError, match="give it the client of the run"):
        r.score(lab.judge("sim/judge", "Right?"))
    with pytest.raises(lab.ConfigError, match="sim/jugde"):
        r.score(lab.judge("sim/jugde", "Right?", client=bench.client))
    assert bench.seen == []


def test_runs_put_together_are_judged_and_their_costs_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    judged = [bench.run(n, evaluators=lab.judge("sim/judge", "?")) for n in (2, 3)]
    both = lab.concat(judged, names=["monday", "today"])
    assert "for judging" in repr(both).splitlines()[0]
    scored = both.score({"right": bench.right()})
    assert scored.df["score_right"].tolist() == [False, True, False, True, False]
    assert scored.manifest["judges"]["right"]["calls"] == 3


def test_what_is_no_verdict_is_counted_as_it_is_now(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    r = bench.run()
    vague = lab.judge("sim/a", "Right?", client=bench.client)  # it answers otherwise
    judged = r.score(vague)
    assert judged.manifest["judges"]["judge"]["unreadable"] == 3
    assert "3 verdicts that cannot be read" in repr(judged).splitlines()[0]
    assert judged.score(vague).manifest["judges"]["judge"]["unreadable"] == 3
    clear = judged.score(bench.right())
    assert clear.manifest["judges"]["judge"]["unreadable"] == 0
    assert "cannot be read" not in repr(clear)


SCRIPT = """
import sys
import respan_lab as lab
url, store = sys.argv[1:]
r = lab.Results.load(store)
judge = lab.judge("m/judge", "Right?", client=lab.Client(base_url=url))
r.score(judge)
"""


def said_so(request: Request, text: str, before: int) -> Reply | None:
    if json.loads(request.body)["model"] != "m/judge":
        return None
    return plain('{"reason": "so", "verdict": true}')


@pytest.mark.filterwarnings("ignore:this machine was up to")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_what_was_in_flight_is_not_asked_again_unless_told_to(
    tmp_path: Path, sent: signal.Signals
) -> None:
    store = tmp_path / "ledger.db"
    with ModelStub(fault=said_so) as stub:
        client = lab.Client(base_url=stub.url)
        data = [{"i": i} for i in range(6)]
        how: dict[str, Any] = {"store": store, "stream": False, "progress": False}
        r = lab.compare("{{ i }}", "m/a", data, client=client, **how)
        client.close()  # the stub waits until all are gone
        stub.forget()
        stub.hold(after=4)
        command = [sys.executable, "-c", SCRIPT, stub.url, str(store)]
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ)
        try:
            stub.wait_for(lambda: len(stub.arrivals) == 6)
            child.send_signal(sent)
            child.wait(60)
        finally:
            child.kill()
            child.wait()
        stub.wait_until_alone()
        stub.release()
        stub.forget()
        judge = lab.judge("m/judge", "Right?", client=client)
        judged = r.score(judge)
        assert stub.arrivals == []
        in_doubt = judged.df["note_judge"].str.contains("may have been billed")
        assert 2 <= in_doubt.sum() <= 6  # an answer may not have been read either
        assert (judged.df["score_judge"].isna() == in_doubt).all()
        again = judged.score(judge, maybe_billed="resend")
        assert len(stub.arrivals) == in_doubt.sum()
    assert again.df["score_judge"].tolist() == [True] * 6
    with pytest.raises(lab.ConfigError, match="'report'"):
        r.score(judge, maybe_billed="ask")  # type: ignore[arg-type]


def test_costs_of_judges_are_added_up_and_unknown_ones_stay_unknown() -> None:
    one = {"model": "m", "calls": 2, "cost": None, "unpriced": 2}
    two = {"model": "m", "calls": 1, "cost": 0.5, "unpriced": 0}
    assert with_judges({}, {"j": one})["judges"] == {"j": one}
    both = with_judges({"judges": {"j": one, "k": two}}, {"j": two})["judges"]
    assert both["j"] == {"model": "m", "calls": 3, "cost": 0.5, "unpriced": 2}
    assert both["k"] == two
    assert (
        with_judges({"judges": {"j": one}}, {"j": one})["judges"]["j"]["cost"] is None
    )
