"""Fallbacks, kept groups, the response cache, and what the gateway warns of."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.experiment.pacing.gates import Gates
from respan_lab.experiment.planning.target import as_targets

QUIET = {"progress": False}
CLIENT = lab.Client("k")  # never called here
DATA = [{"x": i} for i in range(6)]
WEIGHTED = [{"model": "sim/small", "weight": 3}, {"model": "sim/large", "weight": 1}]


def _broken(messages: Any, **params: Any) -> str:
    raise ValueError("out of order")


def _client(**options: Any) -> lab.Client:
    options = {"providers": {"sim": {"broken": _broken}}, **options}
    return lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0, **options))


def _compare(models: Any, client: lab.Client | None = None, **how: Any) -> lab.Results:
    client = client or _client()
    return lab.compare("{{ x }}?", models, DATA, client=client, **QUIET, **how)


def test_names_of_what_a_target_can_be() -> None:
    targets = as_targets(
        [
            lab.Target(model="a", fallback_models=["b", "c"]),
            lab.Target(models=["a", "b"], fallback_models=["c"]),
            lab.Target(load_balance_group="g"),
            lab.Target(load_balance_group={"group_id": "h", "models": WEIGHTED}),
            lab.Target(prompt="p"),
            lab.Target(prompt={"prompt_id": "p", "version": 3}),
            lab.Target(prompt={"prompt_id": "p", "version": "latest"}),
        ]
    )
    assert [target.name for target in targets] == [
        *("a>b>c", "a|b>c", "group:g", "group:h", "p", "p@3", "p@latest")
    ]
    assert [target.candidates for target in targets][:4] == [
        *(("a", "b", "c"), ("a", "b", "c"), (), ("sim/small", "sim/large"))
    ]
    assert [target.primaries for target in targets][:2] == [("a",), ("a", "b")]


@pytest.mark.parametrize(
    "fields",
    [
        {"fallback_models": ["b"]},
        {"model": "a", "fallback_models": "b"},
        {"model": "a", "fallback_models": []},
        {"model": "a", "load_balance_group": "g"},
        {"load_balance_group": ""},
        {"load_balance_group": {"models": WEIGHTED}},
        {"load_balance_group": {"group_id": "g", "models": []}},
        {"load_balance_group": {"group_id": "g", "weights": [1]}},
        {"load_balance_group": 7},
        {"prompt": ""},
        {"prompt": lab.Prompt("Hi")},
        {"prompt": {"version": 1}},
        {"prompt": {"prompt_id": "p", "version": "newest"}},
        {"prompt": {"prompt_id": "p", "version": True}},
        {"prompt": "p", "fallback_models": ["b"]},
    ],
)
def test_what_is_no_target_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(lab.ConfigError):
        lab.Target(**fields)


def test_a_saved_prompt_is_crossed_with_models_among_the_prompts() -> None:
    with pytest.raises(lab.ConfigError, match=r"prompts=\[client\.prompts\.get"):
        lab.Target(model="a", prompt="p")


def test_a_fallbacks_answer_is_never_the_primarys() -> None:
    results = _compare(
        [lab.Target(model="sim/broken", fallback_models=["sim/small"]), "sim/small"],
        retries=0,
    )
    frame, summary = results.df, results.summary().set_index("model")
    assert (frame["status"] == "ok").all()
    assert frame["substituted"].tolist() == [True] * 6 + [False] * 6
    assert frame["answered_model"].unique().tolist() == ["small"]
    assert frame["asked_model"].tolist()[:6] == ["sim/broken"] * 6
    row = summary.loc["sim/broken>sim/small"]
    assert (row["share_sim/broken"], row["share_sim/small"]) == (0, 1)
    # Its times are of another model, so they are no figures of this target.
    assert pd.isna(row["latency_p50"])
    assert summary.loc["sim/small", "latency_p50"] > 0


def test_a_primary_that_answers_is_not_substituted() -> None:
    target = lab.Target(model="sim/small", fallback_models=["sim/large"])
    results = _compare(target)
    assert not results.df["substituted"].any()
    assert results.summary().loc[0, "share_sim/small"] == 1
    assert results.summary().loc[0, "share_sim/large"] == 0


@pytest.mark.parametrize(
    "target",
    [
        lab.Target(model="sim/small", fallback_models=["sim/lage"]),
        lab.Target(
            load_balance_group={
                "group_id": "g",
                "models": [{"model": "sim/lage", "weight": 1}],
            }
        ),
    ],
)
def test_unknown_models_are_refused_before_anything_is_sent(target: Any) -> None:
    client = _client()
    with pytest.raises(lab.ConfigError, match="sim/large"):
        _compare(["sim/small", target], client)
    assert len(client.logs()) == 0


def test_a_group_the_gateway_keeps() -> None:
    client = _client(load_balance_groups={"g": WEIGHTED})
    own = {"group_id": "g", "models": [{"model": "sim/medium", "weight": 1}]}
    results = _compare(
        [
            *("sim/small", "sim/large", lab.Target(load_balance_group="g")),
            lab.Target("own", load_balance_group=own),
        ],
        client,
        repeat=10,
    )
    frame, summary = results.df, results.summary().set_index("model")
    assert (frame["status"] == "ok").all()
    row = summary.loc["group:g"]
    assert 0.6 < row["share_sim/small"] < 0.9
    assert row["share_sim/small"] + row["share_sim/large"] == 1
    assert summary.loc["own", ["share_sim/medium", "weight_sim/medium"]].eq(1).all()
    # What is in a kept group, the gateway alone knows.
    assert results["group:g"].df["substituted"].isna().all()
    assert not results["own"].df["substituted"].any()


def test_an_unknown_group_is_an_error_of_its_rows() -> None:
    results = _compare(["sim/small", lab.Target(load_balance_group="nowhere")])
    lost = results["group:nowhere"].df
    assert (lost["error_type"] == "BadRequestError").all()
    assert lost["error_message"].str.contains("nowhere").all()
    assert (results["sim/small"].df["status"] == "ok").all()


def test_no_key_of_a_group_is_shown_and_a_new_one_changes_no_key() -> None:
    def experiment(key: str) -> lab.Experiment:
        entry = {"model": "m", "weight": 1, "credentials": {"api_key": key}}
        group = {"group_id": "g", "models": [entry]}
        return lab.Experiment("Hi", lab.Target(load_balance_group=group))

    first, second = (experiment(key).plan(CLIENT) for key in ("sk-one", "sk-two"))
    assert first["key"][0] == second["key"][0]
    assert "sk-one" not in str(first.to_dict())
    patch = {"load_balance_models": [{"model": "m", "credentials": {"api_key": "k"}}]}
    with pytest.raises(lab.ConfigError, match="credential_override"):
        lab.Target(prompt={"prompt_id": "p", "patch": patch})


def test_a_provider_that_takes_few_counts_for_fallbacks_too() -> None:
    cards = {
        "far/m": {"provider": "far"},
        "local/m": {"provider": "local", "max_concurrency": 1},
    }
    gates = Gates(cards)
    assert gates.places == {"local": 1}
    assert gates.of(lab.Target(model="far/m")) == {"far"}
    with_fallback = lab.Target(model="far/m", fallback_models=["local/m"])
    assert gates.of(with_fallback) == {"far", "local"}


def test_a_cached_answer_costs_nothing_and_has_no_times() -> None:
    client = _client()
    how = {"params": {"cache_enabled": True}, "fresh": True}
    models = ["sim/small", "sim/large"]
    first, again = (_compare(models, client, **how) for _ in range(2))
    assert not first.df["cached"].fillna(False).any()
    assert again.df["cached"].all()
    assert (first.df["cost"] > 0).all()
    assert (again.df["cost"] == 0).all()
    assert again.df["output"].tolist() == first.df["output"].tolist()
    # One model is never given what another has answered.
    assert not again.df["substituted"].any()
    assert "latency_p50" in first.summary()
    assert "latency_p50" not in again.summary()
    third = _compare(models, client, fresh=True)
    assert not third.df["cached"].fillna(False).any()


def test_what_the_gateway_warns_of_is_told_once() -> None:
    with pytest.warns(
        UserWarning, match=r"the gateway warned: .*weight.*6 calls"
    ) as told:
        results = _compare("sim/small", params={"weight": 2})
    assert [str(each.filename) for each in told] == [__file__]
    assert list(results.manifest["warnings"].values()) == [6]


def test_a_plain_run_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = _compare("sim/small", params={"metadata": {"team": "a"}})
    assert results.manifest["warnings"] == {}


def test_a_warning_made_an_error_costs_no_results() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="weight") as caught:
            _compare("sim/small", params={"weight": 2})
    assert len(caught.value.results) == 6  # type: ignore[attr-defined]
