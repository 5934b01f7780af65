"""What a run would take: the estimate, and how it holds up."""

from __future__ import annotations

import asyncio
import json
import math
import random
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import respan_lab as lab
from respan_lab.experiment.estimating.estimate import Seen, clipped, project, t_quantile
from respan_lab.experiment.estimating.estimate_score import score_estimate

QUIET = {"progress": False}
LIMIT = {"max_tokens": 100}
DATA = [{"x": "word " * (1 + i)} for i in range(60)]
ASK = "Tell me about {{ x }} please"


@pytest.fixture
def client(tmp_path: Path) -> lab.Client:
    gateway = lab.Gateway(seed=1, sim_time_scale=0, home=tmp_path)
    return lab.Client(gateway=gateway)


class Refusing(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.method} {request.url} was sent")


def _calls(store: Path) -> int:
    connection = sqlite3.connect(store)
    with connection:
        found = connection.execute("SELECT count(*) FROM calls").fetchone()[0]
    connection.close()
    return int(found)


def test_nothing_is_sent_and_no_ledger_made(tmp_path: Path) -> None:
    client = lab.Client("k", transport=Refusing())
    store = tmp_path / "new" / "ledger.db"
    experiment = lab.Experiment(ASK, ["gpt-4o-mini", "nobody/knows-it"], DATA)
    frame = experiment.estimate(client, store=store)
    assert frame.columns.tolist() == [
        *["model", "calls", "answered", "prompt_tokens", "completion_tokens"],
        *["tokens", "cost", "cost_low", "cost_high", "priced", "basis"],
    ]
    assert frame["calls"].tolist() == [60, 60]
    assert frame["priced"].tolist() == [True, False]
    assert frame["cost"].isna().tolist() == [False, True]
    assert frame["cost_low"].isna().tolist() == [False, True]
    assert frame["cost_high"].isna().all()  # nothing limits an answer
    assert (frame["tokens"] == frame.prompt_tokens + frame.completion_tokens).all()
    assert set(frame["basis"]) == {"bounds"}
    assert not store.parent.exists()


def test_a_price_of_ones_own_makes_a_cost() -> None:
    client = lab.Client("k", transport=Refusing())
    prices = {"mine": {"input": 1, "output": 2}}
    experiment = lab.Experiment("four" * 10, "mine", params={"max_tokens": 5})
    row = experiment.estimate(client, prices=prices, retries=0).iloc[0]
    assert (row.prompt_tokens, row.completion_tokens) == (11, 5)
    assert row.cost == pytest.approx((11 + 2 * 5) / 1e6)
    assert row.cost_low == pytest.approx((11 + 2 * 1) / 1e6)
    assert row.cost_high == pytest.approx((40 + 16 + 2 * 5) / 1e6)


def test_the_bound_is_a_budget_that_has_room_for_all(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, ["sim/small", "sim/large"], DATA, params=LIMIT)
    frame = experiment.estimate(client)
    assert not frame["cost_high"].isna().any()
    assert (frame["cost_low"] < frame["cost"]).all()
    results = experiment.run(client, budget=float(frame["cost_high"].sum()), **QUIET)
    assert (results.df["status"] == "ok").all()
    assert frame["cost_low"].sum() <= (results.cost or 0) <= frame["cost_high"].sum()


def test_the_shares_of_a_weighted_list_count() -> None:
    client = lab.Client("k", transport=Refusing())
    entries = [{"model": "a", "weight": 3}, {"model": "b", "weight": 1}]
    target = lab.Target(load_balance_models=entries)
    prices = {"a": {"input": 0, "output": 1}, "b": {"input": 0, "output": 5}}
    experiment = lab.Experiment("Hi", target, params={"max_tokens": 100})
    row = experiment.estimate(client, prices=prices).iloc[0]
    assert row.cost == pytest.approx(100 * 2 / 1e6)
    assert row.cost_low == pytest.approx(1 / 1e6)
    del prices["b"]
    assert not experiment.estimate(client, prices=prices)["priced"].any()


def test_a_pilot_asks_so_many_and_pays_for_none_twice(client: lab.Client) -> None:
    models, prompts = ["sim/small", "sim/large"], {"p": ASK, "q": "Sum up {{ x }}"}
    experiment = lab.Experiment(prompts, models, DATA)
    frame = experiment.estimate(client, pilot=10)
    assert _calls(client.home / "ledger.db") == 4 * 10
    assert frame["prompt"].tolist() == ["p", "q", "p", "q"]
    assert frame["calls"].tolist() == [50] * 4
    assert frame["answered"].tolist() == [10] * 4
    assert set(frame["basis"]) == {"pilot"}
    again = experiment.estimate(client, pilot=10)
    assert _calls(client.home / "ledger.db") == 4 * 10
    assert set(again["basis"]) == {"past runs"}
    assert again["cost"].tolist() == frame["cost"].tolist()
    experiment.estimate(client, pilot=12)  # two more of each
    assert _calls(client.home / "ledger.db") == 4 * 12
    results = experiment.run(client, **QUIET)
    assert _calls(client.home / "ledger.db") == len(experiment)
    assert results.df["from_ledger"].sum() == 4 * 12
    assert experiment.estimate(client)["calls"].tolist() == [0] * 4


def test_an_estimate_is_scored_by_its_run(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, ["sim/small", "sim/large"], DATA)
    frame = experiment.estimate(client, pilot=20)
    score = score_estimate(frame, experiment.run(client, **QUIET).df)
    assert [target["model"] for target in score["targets"]] == [
        "sim/small",
        "sim/large",
    ]
    assert [target["inside"] for target in score["targets"]] == [True, True]
    assert score["total"]["inside"] is True
    assert score["total"]["actual_calls"] == 80
    assert score["total"]["ratio"] == pytest.approx(1, abs=0.3)
    assert json.loads(json.dumps(score)) == score  # fit for a manifest


@pytest.mark.parametrize("first", ["max_tokens", "temperature"])
@pytest.mark.parametrize(("pilot", "asked"), [(1, 2), (5, 6)])
def test_a_pilot_sees_each_limit_as_often(
    client: lab.Client, first: str, pilot: int, asked: int
) -> None:
    grid = {"temperature": lab.grid(0, 1), "max_tokens": lab.grid(3, 30)}
    params = {first: grid[first], **grid}
    experiment = lab.Experiment(ASK, "sim/small", DATA, params=params, repeat=2)
    frame = experiment.estimate(client, pilot=pilot)
    assert frame["answered"].tolist() == [asked]
    assert frame["basis"].tolist() == ["pilot"]
    assert frame["calls"].tolist() == [len(experiment) - asked]
    again = experiment.estimate(client, pilot=pilot)
    assert again["answered"].tolist() == [asked]


def test_a_run_of_other_data_is_scaled_by_bytes(client: lab.Client) -> None:
    first = lab.Experiment({"old": ASK}, "sim/small", DATA, name="old").run(
        client, **QUIET
    )
    other = [{"x": "other " * (1 + i)} for i in range(200)]
    experiment = lab.Experiment({"new": ASK}, "sim/small", other)
    row = experiment.estimate(client).iloc[0]
    assert (row.calls, row.answered, row.basis) == (200, 0, "past runs")
    seen = first.df
    prompts = [ASK.replace("{{ x }}", d["x"]) for d in (*DATA, *other)]
    sizes = [len(text.encode()) + len("user") for text in prompts]
    rate = seen["prompt_tokens"].sum() / sum(sizes[:60])
    assert row.prompt_tokens == round(rate * sum(sizes[60:]))
    assert row.completion_tokens == round(seen["completion_tokens"].mean() * 200)
    assert row.cost_low < row.cost < row.cost_high


def test_another_limit_makes_another_call(client: lab.Client) -> None:
    lab.Experiment(ASK, "sim/small", DATA, params={"max_tokens": 3}).run(
        client, **QUIET
    )
    experiment = lab.Experiment(ASK, "sim/small", DATA, params={"max_tokens": 30})
    assert experiment.estimate(client)["basis"].tolist() == ["bounds"]


def test_prompts_of_the_size_stand_in_until_there_are_the_same(
    client: lab.Client,
) -> None:
    lab.Experiment("Describe {{ x }} to me", "sim/small", DATA, params=LIMIT).run(
        client, **QUIET
    )
    like = lab.Experiment(ASK, "sim/small", DATA, params=LIMIT)
    row = like.estimate(client).iloc[0]
    assert row.basis == "past runs"
    wide = (row.cost_low, row.cost_high)
    lab.Experiment("Now, {{ x }}, say more", "sim/small", DATA, params=LIMIT).run(
        client, **QUIET
    )
    assert like.estimate(client).iloc[0].basis == "past runs"
    like.run(client, **QUIET)
    same = like.estimate(client, fresh=True).iloc[0]
    assert wide[0] < same.cost_low < same.cost_high < wide[1]
    long = lab.Experiment(ASK * 20, "sim/small", DATA, params=LIMIT)
    assert long.estimate(client)["basis"].tolist() == ["bounds"]


def test_a_killed_run_counts_by_its_cells(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, "sim/small", DATA)
    said = experiment.estimate(client, pilot=10)
    connection = sqlite3.connect(client.home / "ledger.db")
    with connection:
        connection.execute("UPDATE runs SET manifest = NULL, finished_at = NULL")
    connection.close()
    again = experiment.estimate(client)
    assert again["basis"].tolist() == ["past runs"]
    assert again["cost_high"].tolist() == said["cost_high"].tolist()


def test_maybe_billed_calls_are_not_sent_unless_asked_for(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, "sim/small", DATA)
    experiment.estimate(client, pilot=10)
    connection = sqlite3.connect(client.home / "ledger.db")
    with connection:
        connection.execute("UPDATE calls SET state = 'maybe_billed' WHERE id <= 3")
    connection.close()
    assert experiment.estimate(client)["calls"].tolist() == [50]
    resent = experiment.estimate(client, maybe_billed="resend")
    assert resent["calls"].tolist() == [53]
    assert resent["answered"].tolist() == [7]


def test_what_is_asked_again_is_reckoned_again(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, "sim/small", DATA)
    experiment.run(client, **QUIET)
    assert experiment.estimate(client, fresh=True)["calls"].tolist() == [60]
    assert experiment.estimate(client, mode="record")["calls"].tolist() == [60]
    replayed = lab.Experiment(ASK, "sim/large", DATA).estimate(
        client, pilot=5, mode="replay"
    )
    assert replayed["calls"].tolist() == [0]
    assert replayed["cost_high"].tolist() == [0.0]


def test_saved_prompts_by_id(client: lab.Client) -> None:
    made = client.prompts.create("Greeting")
    client.prompts.add_version(made, "Say hello to {{ x }}", model="sim/small")
    client.prompts.commit(made)
    client.prompts.deploy(made, 1)
    target = lab.Target(prompt=made)
    experiment = lab.Experiment(None, target, DATA)
    assert experiment.estimate(client)["basis"].tolist() == ["bounds"]
    frame = experiment.estimate(client, pilot=10)
    assert frame["answered"].tolist() == [10]
    results = experiment.run(client, **QUIET)
    score = score_estimate(frame, results.df)
    assert score["targets"][0]["ratio"] == pytest.approx(1, abs=0.3)


def test_awaited(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, "sim/small", DATA)
    awaited = asyncio.run(experiment.aestimate(client, pilot=5))
    assert awaited["answered"].tolist() == [5]
    assert experiment.estimate(client)["cost"].tolist() == awaited["cost"].tolist()


def test_a_call_on_its_way_is_not_sent_again(client: lab.Client) -> None:
    experiment = lab.Experiment(ASK, "sim/small", DATA)
    experiment.estimate(client, pilot=10)
    connection = sqlite3.connect(client.home / "ledger.db")
    with connection:  # as a killed process leaves it
        connection.execute("UPDATE calls SET state = 'sent' WHERE id <= 3")
    connection.close()
    assert experiment.estimate(client)["calls"].tolist() == [50]
    results = experiment.run(client, **QUIET)
    assert (~results.df["from_ledger"]).sum() == 50


def test_another_programs_file_is_an_error(client: lab.Client, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a ledger, but notes")
    with pytest.raises(lab.LedgerError, match="no ledger"):
        lab.Experiment(ASK, "sim/small", DATA).estimate(client, store=path)
    assert path.read_text() == "not a ledger, but notes"


@pytest.mark.parametrize("pilot", [-1, 1.5, True, None])
def test_a_pilot_is_a_whole_number(client: lab.Client, pilot: Any) -> None:
    with pytest.raises(lab.ConfigError, match="pilot="):
        lab.Experiment(ASK, "sim/small", DATA).estimate(client, pilot=pilot)


def test_an_unknown_option_is_named(client: lab.Client) -> None:
    with pytest.raises(lab.ConfigError, match="'pilots' is no option"):
        lab.Experiment(ASK, "sim/small", DATA).estimate(client, pilots=3)  # type: ignore[call-arg]


def test_what_is_shown_adds_up_and_the_frame_does_not() -> None:
    client = lab.Client("k", transport=Refusing())
    models = ["gpt-4o-mini", "nobody/knows-it"]
    frame = lab.Experiment("Hi", models, params=LIMIT).estimate(client)
    assert len(frame) == 2
    assert repr(frame).splitlines()[-1].startswith("in all 2 calls: $")
    assert "1 row whose price nobody knows" in frame._repr_html_()
    assert type(frame[frame["priced"]]) is pd.DataFrame


def test_a_score_of_what_did_not_come_whole() -> None:
    said = pd.DataFrame(
        {
            "model": ["a", "b", "c"],
            "calls": [2, 2, 1],
            "cost": [2.0, 2.0, None],
            "cost_low": [1.0, 1.0, None],
            "cost_high": [3.0, None, None],
        }
    )
    rows = [
        ("a", "ok", False, 2.0),
        ("a", "ok", False, 2.0),
        ("a", "ok", True, 9.0),  # from the ledger: nobody estimated it
        ("b", "ok", False, 2.0),
        ("b", "skipped", False, None),
        ("c", "ok", False, None),
    ]
    came = pd.DataFrame(rows, columns=["model", "status", "from_ledger", "cost"])
    score = score_estimate(said, came.assign(choice=0))
    a, b, c = score["targets"]
    assert (a["actual_cost"], a["inside"], a["ratio"]) == (4.0, False, 2.0)
    assert (b["actual_cost"], b["inside"], b["ratio"]) == (2.0, None, None)
    assert (c["actual_cost"], c["inside"], c["ratio"]) == (None, None, None)
    total = score["total"]
    assert (total["cost"], total["actual_cost"], total["inside"]) == (None, None, None)


@given(st.integers(1, 5000))
def test_t_quantiles_are_scipys(df: int) -> None:
    assert t_quantile(df) == pytest.approx(stats.t.ppf(0.975, df), rel=2e-6)


_DOLLARS = st.floats(0, 10) | st.none()
SEEN = st.lists(
    st.builds(
        Seen,
        st.integers(0, 9),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        _DOLLARS,
        _DOLLARS,
    ),
    min_size=1,
    max_size=20,
)


@given(SEEN, st.integers(1, 1000), st.integers(0, 10**7), st.integers(1, 1000))
def test_an_interval_is_around_its_figure(
    seen: list[Seen], calls: int, n_bytes: int, clusters: int
) -> None:
    found = project(seen, calls=calls, n_bytes=n_bytes, clusters=clusters)
    assert found.prompt_tokens >= 0
    assert found.completion_tokens >= 0
    known = [one for one in seen if None not in (one.read, one.written)]
    assert (found.cost is not None) == bool(known)
    if len({one.cluster for one in known}) < 2:
        assert found.low is found.high is None
    elif found.high is not None:
        assert 0 <= (found.low or 0) <= (found.cost or 0) <= found.high


@given(st.integers(2, 12), st.integers(1, 100), st.floats(0.01, 10))
def test_calls_that_are_all_alike_leave_no_doubt(
    m: int, calls: int, rate: float
) -> None:
    seen = [Seen(at, 100 * at + 1, (100 * at + 1) / 4, 7, rate * (100 * at + 1), 3.0)
            for at in range(m)]  # fmt: skip
    found = project(seen, calls=calls, n_bytes=1000, clusters=calls)
    assert found.prompt_tokens == pytest.approx(250)
    assert found.completion_tokens == pytest.approx(7 * calls)
    assert found.cost == pytest.approx(rate * 1000 + 3.0 * calls)
    assert found.low == pytest.approx(found.cost, rel=1e-6)
    assert found.high == pytest.approx(found.cost, rel=1e-6)


@given(st.floats(0, 100), st.floats(-9, 200), st.floats(0, 200), st.floats(0, 200))
def test_ends_are_clipped(cost: float, low: float, high: float, most: float) -> None:
    lower, upper = clipped(cost, low, high, most)
    assert lower is not None
    assert upper is not None
    assert 0 <= lower <= cost <= upper
    assert upper <= max(most, cost)


def _coverage(sigma: float, *, populations: int) -> float:
    rng, held = random.Random(7), 0
    for _ in range(populations):
        calls = []
        for item in range(200):
            size = rng.randint(200, 2000)
            prompt = size / 4 * rng.uniform(0.9, 1.1)
            written = rng.lognormvariate(4, sigma)
            calls.append(
                Seen(item, size, prompt, written, prompt * 1e-6, written * 4e-6)
            )
        pilot, rest = calls[:10], calls[10:]
        size = sum(one.n_bytes for one in rest)
        found = project(pilot, calls=190, n_bytes=size, clusters=190)
        truth = math.fsum((one.read or 0) + (one.written or 0) for one in rest)
        held += (found.low or 0) <= truth <= (found.high or 0)
    return held / populations


@pytest.mark.parametrize("sigma", [0.0, 0.3, 0.6, 0.8])
def test_the_interval_of_a_pilot_holds_the_truth(sigma: float) -> None:
    """A pilot of 10 of 200 calls whose answers' lengths are log-normal.

    Measured over 3,000 populations, the 95 % interval held the true cost in 93 %,
    94 %, 92 % and 90 % for a sigma of 0, 0.3, 0.6 and 0.8; beyond, where a few answers
    are many times the others, in less: 87 % at 1.0 and 84 % at 1.2.
    """
    assert _coverage(sigma, populations=500) >= 0.88
