"""A run that is killed, and those after it: no answer is paid for twice."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from stubs.http_stub import HangUp, Reply, Request
from stubs.model_stub import Arrival, ModelStub

import respan_lab as lab

# The stub answers so fast that any machine is too slow to time it.
pytestmark = pytest.mark.filterwarnings("ignore:this machine was up to")

SCRIPT = """
import json, sys
import respan_lab as lab
how = json.loads(sys.argv[1])
data = [{"i": i} for i in range(how["items"])]
lab.Experiment("Number {{ i }}", ["a/x", "b/y"], data).run(
    lab.Client(base_url=how["url"]), store=how["store"], progress=False,
    max_concurrency=how["at_once"], stream=how["stream"])
"""


class Drawn(NamedTuple):
    """One way to be killed."""

    cells: int
    after: int  # how many requests the stub has seen
    holds: int  # that many of the last answers are kept back
    at_once: int
    stream: bool

    @classmethod
    def by(cls, seed: int, cells: int) -> Drawn:
        rng = random.Random(seed)
        at_once = rng.choice([1, 4, 32])
        after = rng.randint(1, cells - 1)
        holds = rng.choice([0, rng.randint(1, at_once)])
        return cls(cells, after, min(holds, after), at_once, rng.random() < 0.7)


def killed(stub: ModelStub, store: Path, drawn: Drawn) -> list[Arrival]:
    """Run in another process, and kill it; gives all that had arrived."""
    how = {
        "url": stub.url,
        "store": str(store),
        "items": drawn.cells // 2,
        "at_once": drawn.at_once,
        "stream": drawn.stream,
    }
    if drawn.holds:
        stub.hold(after=drawn.after - drawn.holds)
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(how)], env=os.environ
    )
    try:
        stub.wait_for(lambda: len(stub.arrivals) >= drawn.after)
    finally:
        child.kill()
        child.wait()
    stub.wait_until_alone()  # what was in the socket has arrived as well
    stub.release()
    return stub.forget()


def run(stub: ModelStub, store: Path, drawn: Drawn, **options: Any) -> pd.DataFrame:
    data = [{"i": i} for i in range(drawn.cells // 2)]
    experiment = lab.Experiment("Number {{ i }}", ["a/x", "b/y"], data)
    client = lab.Client(base_url=stub.url)
    how = {"progress": False, "stream": drawn.stream, **options}
    return experiment.run(client, store=store, **how).df


def states(store: Path) -> dict[str, set[str]]:
    """The keys in the ledger by their calls' state."""
    found: dict[str, set[str]] = {
        state: set() for state in ("ok", "sent", "error", "maybe_billed")
    }
    with sqlite3.connect(store) as connection:
        for key, state in connection.execute("SELECT key, state FROM calls"):
            found[state].add(key)
    connection.close()
    return found


def check(folder: Path, drawn: Drawn) -> None:
    store = folder / "ledger.db"
    with ModelStub(service=0.002) as stub:
        first = killed(stub, store, drawn)
        written = states(store)
        check_first(first, written, drawn)
        frame = run(stub, store, drawn)
        check_report(frame, first, stub.forget(), written)
        frame = run(stub, store, drawn, maybe_billed="resend")
        check_resend(frame, first, stub.forget(), written)
        run(stub, store, drawn)
        assert stub.arrivals == []


def check_first(
    first: list[Arrival], written: dict[str, set[str]], drawn: Drawn
) -> None:
    assert len(keys(first)) == len(first)
    assert not written["error"] | written["maybe_billed"]
    assert keys(first) <= written["ok"] | written["sent"]  # nothing without an intent
    assert written["ok"] <= keys(first)
    assert not written["ok"] & written["sent"]
    assert len(written["sent"]) <= drawn.at_once


def check_report(
    frame: pd.DataFrame,
    first: list[Arrival],
    second: list[Arrival],
    written: dict[str, set[str]],
) -> None:
    unsure = set(frame.loc[frame["status"] == "maybe_billed", "key"])
    assert unsure == written["sent"]  # so all that arrived and has no answer is in it
    assert keys(first) - written["ok"] <= unsure
    rest = frame[~frame["key"].isin(unsure)]
    assert (rest["status"] == "ok").all()
    assert (rest["output"] == "re: Number " + rest["var_i"].astype(str)).all()
    assert set(rest.loc[rest["from_ledger"], "key"]) == written["ok"]
    sent = [a.key for a in [*first, *second] if a.key not in unsure]
    assert sorted(sent) == sorted(rest["key"])  # each of them once
    assert not keys(second) & unsure


def check_resend(
    frame: pd.DataFrame,
    first: list[Arrival],
    third: list[Arrival],
    written: dict[str, set[str]],
) -> None:
    assert (frame["status"] == "ok").all()
    assert sorted(a.key for a in third) == sorted(written["sent"])
    before = {a.key: a.idempotency for a in first}
    for again in third:
        assert again.idempotency
        assert again.idempotency == before.get(again.key, again.idempotency)


def ill(request: Request, text: str, before: int) -> Reply | None:
    """Refuse some, for a moment some others, and hang up on some."""
    last = int(text.rpartition(" ")[2]) % 10
    if last == 5:
        raise HangUp
    code = 400 if last == 3 else 503 if last == 4 and before == 0 else None
    return code and Reply(b"{}", status=code)


def check_among_faults(folder: Path, drawn: Drawn) -> None:
    store = folder / "ledger.db"
    with ModelStub(service=0.002, fault=ill) as stub:
        first = killed(stub, store, drawn)
        stub.fault = None
        written = states(store)
        assert keys(first) <= set().union(*written.values())
        assert all(int(a.text[-1]) == 3 for a in first if a.key in written["error"])
        assert all(
            int(a.text[-1]) == 5 for a in first if a.key in written["maybe_billed"]
        )
        frame = run(stub, store, drawn)
        second = stub.forget()
        unsure = written["maybe_billed"] | written["sent"]
        assert set(frame.loc[frame["status"] == "maybe_billed", "key"]) == unsure
        assert set(frame["status"]) <= {"ok", "maybe_billed"}
        again = sorted(set(frame["key"]) - unsure - written["ok"])
        assert sorted(a.key for a in second) == again
        frame = run(stub, store, drawn, maybe_billed="resend")
        assert (frame["status"] == "ok").all()
        assert sorted(a.key for a in stub.arrivals) == sorted(unsure)
        names: dict[str, set[str | None]] = {}
        for each in [*first, *second, *stub.arrivals]:
            names.setdefault(each.key, set()).add(each.idempotency)
        assert {len(each) for each in names.values()} == {1}


def keys(arrivals: Iterable[Arrival]) -> set[str]:
    return {arrival.key for arrival in arrivals}


@pytest.mark.parametrize("seed", [5, 6, 11])
def test_a_killed_run_pays_nothing_twice(seed: int, tmp_path: Path) -> None:
    check(tmp_path, Drawn.by(seed, 300))


def test_a_killed_run_among_faults_pays_nothing_twice(tmp_path: Path) -> None:
    check_among_faults(tmp_path, Drawn(300, 150, 0, 32, True))


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(200, 210))
def test_a_run_killed_anywhere_among_faults(seed: int, tmp_path: Path) -> None:
    check_among_faults(tmp_path, Drawn.by(seed, 300))


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 150))
def test_a_run_killed_anywhere_pays_nothing_twice(seed: int, tmp_path: Path) -> None:
    check(tmp_path, Drawn.by(seed, 600))
