"""Experiments against a real embedded gateway, in process and over a socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel

import respan_lab as lab

DATA = Path(__file__).parents[2] / "data" / "support.jsonl"
QUIET = {"progress": False}


class Ticket(BaseModel):
    intent: str
    order: str


def _gateway(seed: int | None = 3, **options: Any) -> lab.Gateway:
    return lab.Gateway(seed=seed, sim_time_scale=0, **options)


def _compare(gateway: lab.Gateway, models: Any, **how: Any) -> lab.Results:
    client = lab.Client(gateway=gateway)
    how = {"item": "id", "client": client, **QUIET, **how}
    return lab.compare("Intent and order as JSON: {{ text }}", models, DATA, **how)


def test_simulated_figures_are_the_declared_ones_and_repeat_to_the_letter() -> None:
    params = {"response_format": Ticket}
    first, again = (
        _compare(_gateway(), ["sim/small", "sim/large"], params=params, fresh=True).df
        for _ in range(2)
    )
    own = ["run_id", "started_at", "queue_time", "log_id", "routing_time"]
    pd.testing.assert_frame_equal(
        first.drop(columns=own), again.drop(columns=own), check_exact=True
    )
    assert (first["latency_source"] == "declared").all()
    assert (first["provider"] == "sim").all()
    assert (first["cost_source"] == "gateway").all()
    assert first["parsed_order"].str.match(r"^[A-Z]-\d{4}$").all()


def test_concurrency_changes_nothing_but_the_time_waited() -> None:
    one, many = (
        _compare(
            _gateway(), ["sim/small", "sim/flaky"], max_concurrency=n, fresh=True
        ).df
        for n in (1, 32)
    )
    same = ["key", "output", "cost", "latency", "status", "attempts"]
    pd.testing.assert_frame_equal(one[same], many[same])


def test_a_flaky_model_recovers_with_retries_and_fails_without() -> None:
    patient = _compare(_gateway(), "sim/flaky", retries=5).df
    hasty = _compare(_gateway(), "sim/flaky", retries=0, fresh=True).df
    assert (patient["status"] == "ok").all()
    assert patient["attempts"].max() > 1
    assert (hasty["status"] == "error").any()
    assert set(hasty.loc[hasty["status"] == "error", "error_type"]) <= {
        "ServerError",
        "RateLimitError",
    }


def test_all_three_kinds_of_fan_out() -> None:
    weights = [
        {"model": "sim/small", "weight": 3},
        {"model": "sim/large", "weight": 1},
    ]
    results = _compare(
        _gateway(),
        [
            "sim/medium",
            lab.Target(models=["sim/small", "sim/large"]),
            lab.Target("mostly small", load_balance_models=weights),
        ],
        repeat=10,
    )
    frame, summary = results.df, results.summary().set_index("model")
    assert (frame["status"] == "ok").all()
    assert not frame["substituted"].any()
    assert frame["asked_model"].isna().tolist() == [False] * 240 + [True] * 480
    router = summary.loc["sim/small|sim/large"]
    assert 0.4 < router["share_sim/small"] < 0.6
    weighted = summary.loc["mostly small"]
    assert weighted["weight_sim/small"] == 0.75
    assert 0.65 < weighted["share_sim/small"] < 0.85
    assert weighted["share_sim/small"] + weighted["share_sim/large"] == 1


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("sim/smal", "sim/small"),
        ("gpt-4o-mini", "OPENAI_API_KEY"),
        ("local/smollm", "local/smollm2-135m"),
        ("no-such-model-anywhere", "no-such-model-anywhere"),
        (lab.Target(models=["sim/small", "sim/lage"]), "sim/large"),
        ("local:nowhere.gguf", "nowhere.gguf"),
    ],
)
def test_an_unknown_model_is_refused_before_anything_is_sent(
    model: Any, said: str
) -> None:
    calls: list[Any] = []

    def answer(messages: Any, **params: Any) -> str:
        calls.append(messages)
        return "x"

    gateway = _gateway(providers={"sim": {"f": answer}})
    with pytest.raises(lab.ConfigError, match=said):
        _compare(gateway, ["sim/f", model])
    assert calls == []


def test_over_a_socket_it_is_the_same() -> None:
    gateway = _gateway()
    with gateway.serve() as server:
        client = lab.Client(base_url=server.url)
        served = _compare(gateway, ["sim/small"], client=client).df
        client.close()
    within = _compare(_gateway(), ["sim/small"]).df
    assert served["gateway"].unique().tolist() == ["custom"]
    assert within["gateway"].unique().tolist() == ["embedded"]
    same = ["output", "cost", "prompt_tokens", "status", "provider"]
    # The draws are a function of the request and its tag, and the key of a served
    # gateway is another: at temperature 0 the tag does not matter.
    assert len(served) == len(within) == 24
    assert (served["status"] == "ok").all()
    cold = {"params": {"temperature": 0}}
    with gateway.serve() as server:
        client = lab.Client(base_url=server.url)
        served = _compare(gateway, ["sim/small"], client=client, **cold).df
        client.close()
    within = _compare(_gateway(), ["sim/small"], **cold).df
    pd.testing.assert_frame_equal(served[same], within[same])


def test_calls_of_one_slot_wait_on_our_side_of_the_clock() -> None:
    inside = 0
    most = 0

    async def answer(messages: Any, **params: Any) -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return "x"

    import asyncio

    gateway = _gateway(providers={"sim": {"f": answer}})
    gateway.names.providers["sim"].max_concurrency = 1
    frame = _compare(gateway, "sim/f", max_concurrency=16).df
    assert (frame["status"] == "ok").all()
    assert most == 1


@pytest.mark.local
def test_a_real_model_answers_alike_alone_and_in_a_crowd() -> None:
    def run(max_concurrency: int) -> pd.DataFrame:
        return lab.compare(
            "Say one word about {{ x }}.",
            ["local/smollm2-135m", "local/smollm2-135m-q4_0"],
            [{"x": x} for x in ("rain", "snow", "wind")],
            params={"temperature": 0, "max_tokens": 4},
            client=lab.Client(gateway=_gateway()),
            max_concurrency=max_concurrency,
            **QUIET,
        ).df

    alone, crowd = run(1), run(32)
    assert alone["output"].tolist() == crowd["output"].tolist()
    assert (crowd["status"] == "ok").all()
    assert (crowd["cost"] == 0).all()
    assert (crowd["latency_source"] == "measured").all()
    # In a crowd of six the last call has waited for the five before it.
    assert crowd["queue_time"].max() > crowd["latency"].min()
    assert crowd["time_to_first_token"].lt(crowd["latency"]).all()
