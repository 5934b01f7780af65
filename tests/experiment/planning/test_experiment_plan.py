from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.experiment.planning.axes import settings as points
from respan_lab.experiment.planning.data import read_items
from respan_lab.experiment.planning.prompts import named_prompts
from respan_lab.experiment.planning.target import as_targets
from respan_lab.ledger.identity import cell_key

CLIENT = lab.Client("k")  # never called here
DATA = [{"land": "Peru", "expected": "Lima"}, {"land": "Chad", "expected": "x"}]


def _plan(*args: Any, **how: Any) -> pd.DataFrame:
    return lab.Experiment(*args, **how).plan(CLIENT)


def test_a_cell_for_each_target_prompt_point_item_and_run() -> None:
    experiment = lab.Experiment(
        {"a": "Capital of {{ land }}?", "b": "{{ land }}?"},
        ["m1", "m2"],
        DATA,
        params={"temperature": lab.grid(0, 1), "stop": ["x", "y"]},
        repeat=3,
    )
    plan = experiment.plan(CLIENT)
    assert len(plan) == len(experiment) == 2 * 2 * 2 * 2 * 3
    assert list(plan) == [
        "key",
        "model",
        "prompt",
        "prompt_version",
        "param_temperature",
        "item",
        "run",
        "request",
    ]
    assert plan["key"].is_unique
    assert plan["request"][0]["stop"] == ["x", "y"]
    assert list(plan["model"].unique()) == ["m1", "m2"]
    assert list(plan["run"][:4]) == [0, 1, 2, 0]


def test_a_run_adds_only_this_and_the_users_value_wins() -> None:
    request = _plan("Hi", "m")["request"][0]
    key = _plan("Hi", "m")["key"][0]
    assert request == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "request_breakdown": True,
        "custom_identifier": key,
        "cache_enabled": False,
        "metadata": {"respan_lab_run": "<run id>"},
    }
    own = {
        "request_breakdown": False,
        "custom_identifier": "mine",
        "metadata": {"respan_lab_run": "mine", "team": "a"},
        "stream_options": {"include_usage": False},
    }
    request = _plan("Hi", "m", params=own)["request"][0]
    assert {name: request[name] for name in own} == own


def test_a_key_is_about_the_question_not_about_names_and_tags() -> None:
    key = _plan("Hi {{ x }}", "m", [{"x": 1}])["key"][0]
    same = [
        _plan({"other": "Hi {{ x }}"}, "m", [{"x": 1, "item": "z"}]),
        _plan("Hi {{ x }}", lab.Target("other", model="m"), [{"x": 1, "more": 2}]),
        _plan("Hi 1", "m"),
        _plan("Hi {{ x }}", "m", [{"x": 1}], params={"metadata": {"a": "b"}}),
        _plan("Hi {{ x }}", "m", [{"x": 1}], params={"custom_identifier": "c"}),
    ]
    assert {plan["key"][0] for plan in same} == {key}
    other = [
        _plan("Hi 2", "m"),
        _plan("Hi 1", "n"),
        _plan("Hi 1", "m", params={"temperature": 0}),
        _plan("Hi 1", lab.Target(model="m", route_provider="azure")),
        lab.Experiment("Hi 1", "m").plan(lab.Client(base_url="https://x.example")),
    ]
    keys = {plan["key"][0] for plan in other}
    assert len(keys) == len(other)
    assert key not in keys


def test_identical_requests_and_runs_have_keys_of_their_own() -> None:
    plan = _plan("Hi", ["m", lab.Target("again", model="m")], [{"a": 1}, {"a": 2}])
    assert plan["key"].is_unique
    assert _plan("Hi", "m", repeat=3)["key"].is_unique


def test_no_credential_is_in_a_plan_and_a_new_one_changes_no_key() -> None:
    first, second = (
        _plan("Hi", "m", params={"credential_override": {"m": {"api_key": key}}})
        for key in ("sk-one", "sk-two")
    )
    assert first["key"][0] == second["key"][0]
    assert "sk-one" not in str(first.to_dict())


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=5),
    st.integers(0, 3),
)
def test_keys_do_not_depend_on_the_order_of_fields(body: dict, run: int) -> None:
    how = {"route_provider": None, "run": run, "ordinal": 0}
    backwards = dict(reversed(body.items()))
    key = cell_key("g", body, **how)
    assert key == cell_key("g", backwards, **how)
    assert len(key) == 32
    assert key != cell_key("g", body, route_provider=None, run=run + 1, ordinal=0)


def test_targets_and_their_names() -> None:
    targets = as_targets(
        [
            "m",
            lab.Target(models=["a", "b"]),
            lab.Target(
                load_balance_models=[
                    {"model": "a", "weight": 3},
                    {"model": "b", "weight": 0.5},
                ]
            ),
        ]
    )
    assert [target.name for target in targets] == ["m", "a|b", "a:3,b:0.5"]
    assert [target.candidates for target in targets] == [("m",), ("a", "b"), ("a", "b")]


@pytest.mark.parametrize(
    "make",
    [
        lambda: lab.Target(),
        lambda: lab.Target(model="a", models=["b"]),
        lambda: lab.Target(models=[]),
        lambda: lab.Target(models="ab"),
        lambda: lab.Target(load_balance_models=[{"model": "a", "weight": 0}]),
        lambda: lab.Target(load_balance_models=[{"weight": 1}]),
        lambda: lab.Experiment("Hi", []),
        lambda: lab.Experiment("Hi", ["m", "m"]),
        lambda: lab.Experiment("Hi", {"m": 1}),
        lambda: lab.Experiment("Hi", [["a", "b"]]),
        lambda: lab.Experiment("Hi", "m", repeat=0),
        lambda: lab.Experiment("Hi", "m", repeat=True),
        lambda: lab.Experiment([], "m"),
        lambda: lab.Experiment(3, "m"),
        lambda: lab.Experiment(None, "m", DATA),
        lambda: lab.Experiment("Hi", "m", params={"models": ["a"]}),
        lambda: lab.Experiment("Hi", "m", params={"temprature": 1}),
        lambda: lab.Experiment("Hi", "m", params={"temperature": lab.grid(0, 9)}),
        lambda: lab.Experiment(
            "Hi",
            lab.Target(model="m", temperature=1),
            params={"temperature": lab.grid(0, 1)},
        ),
        lambda: lab.Experiment("Hi", "m", "nowhere.csv"),
        lambda: lab.Experiment("Hi", "m", __file__),
        lambda: lab.Experiment("Hi", "m", []),
        lambda: lab.Experiment("Hi", "m", [1, 2]),
        lambda: lab.Experiment("Hi", "m", 7),
        lambda: lab.Experiment("Hi", "m", [{"item": 1}, {"item": 1}]),
        lambda: lab.Experiment("Hi", "m", evaluators=["exact_mach"]),
        lambda: lab.grid(),
        lambda: lab.grid(1, 1),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(make: Any) -> None:
    with pytest.raises(lab.ConfigError):
        make()


def test_a_routers_list_in_params_is_told_where_it_belongs() -> None:
    with pytest.raises(lab.ConfigError, match=r"lab\.Target\(models=\.\.\.\)"):
        lab.Experiment("Hi", "m", params={"models": ["a", "b"]})


def test_a_missing_variable_names_prompt_and_item() -> None:
    with pytest.raises(lab.PromptError, match=r"'a'.*item 0.*town") as caught:
        lab.Experiment({"a": "{{ land }} {{ town }}"}, "m", DATA)
    assert caught.value.missing == ("town",)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "frame", "to_pandas"])
def test_data_of_every_kind(kind: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["x", "y"], "land": ["Peru", None], "gold": [1.0, 2.0]})
    path = tmp_path / f"data.{kind}"
    data: Any = path
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif kind == "parquet":
        frame.to_parquet(path)
    elif kind == "frame":
        data = frame
    else:
        data = type("Other", (), {"to_pandas": lambda self: frame})()
    items = read_items(data, expected="gold", item="id")
    assert [(item.id, item.variables, item.expected) for item in items] == [
        ("x", {"land": "Peru"}, 1.0),
        ("y", {"land": None}, 2.0),
    ]


def test_without_an_item_column_the_index_is_the_id() -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["p", "q"])
    assert [i.id for i in read_items(frame, expected="expected", item="item")] == [
        "p",
        "q",
    ]
    assert [i.id for i in read_items(None, expected="expected", item="item")] == [0]


@pytest.mark.parametrize("hole", [None, float("nan"), np.nan, pd.NA, pd.NaT], ids=repr)
def test_every_kind_of_hole_is_none(hole: Any) -> None:
    items = read_items(
        [{"a": hole, "b": np.array([1])}], expected="expected", item="item"
    )
    assert items[0].variables["a"] is None


def test_a_conversation_in_the_data_goes_into_the_prompt() -> None:
    talk = [{"role": "user", "content": "{{ not a variable }}"}]
    prompt = [
        {"role": "system", "content": "Be {{ tone }}."},
        {"role": "placeholder", "name": "messages"},
    ]
    plan = _plan(prompt, "m", [{"messages": talk, "tone": "kind"}])
    assert plan["request"][0]["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "{{ not a variable }}"},
    ]
    alone = _plan(None, "m", [{"messages": talk}])
    assert alone["request"][0]["messages"] == talk
    assert alone["prompt"].isna().all()


def test_names_of_prompts() -> None:
    def names(prompts: Any) -> list[str]:
        return [named.name for named in named_prompts(prompts) or ()]

    assert names("Hi") == ["prompt"]
    assert names(["Hi", lab.Prompt("Ho", name="ho")]) == ["prompt-1", "ho"]
    assert names({"a": "Hi", "b": [{"role": "user", "content": "Ho"}]}) == ["a", "b"]
    assert names([{"role": "user", "content": "Ho"}]) == ["prompt"]
    with pytest.raises(lab.ConfigError, match="ho"):
        named_prompts([lab.Prompt("a", name="ho"), lab.Prompt("b", name="ho")])


def test_points_of_a_grid_in_order() -> None:
    found = points({"a": lab.grid(1, 2), "b": lab.grid("x", "y"), "c": 3})
    assert [point for point, _ in found] == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert all(values["c"] == 3 for _, values in found)
