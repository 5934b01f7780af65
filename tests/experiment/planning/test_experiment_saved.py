"""Saved prompts as targets, and among the prompts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import respan_lab as lab

QUIET = {"progress": False}
DATA = [{"land": "Peru", "expected": "Lima"}, {"land": "Chad", "expected": "x"}]
TEMPLATE = "Capital of {{ land }}, {{ tone }}?"


def _answer(messages: Any, **params: Any) -> str:
    """Says what it was asked, and with what."""
    said = [message["content"] for message in messages]
    return json.dumps({"said": said, "temperature": params.get("temperature")})


@pytest.fixture
def client() -> Iterator[lab.Client]:
    with lab.Client(
        gateway=lab.Gateway(
            seed=1, sim_time_scale=0, providers={"sim": {"f": _answer, "g": _answer}}
        )
    ) as made:
        yield made


@pytest.fixture
def saved(client: lab.Client) -> str:
    """A prompt whose version 1 is deployed."""
    prompt_id = client.prompts.create("Capitals")
    client.prompts.add_version(
        prompt_id,
        TEMPLATE,
        model="sim/f",
        temperature=0.5,
        variables={"tone": "please"},
    )
    client.prompts.commit(prompt_id)
    client.prompts.deploy(prompt_id, 1)
    return prompt_id


def _said(results: lab.Results) -> list[Any]:
    return [json.loads(text)["said"] for text in results.df["output"]]


def _temperatures(results: lab.Results) -> list[Any]:
    return [json.loads(text)["temperature"] for text in results.df["output"]]


def test_a_saved_prompt_is_a_target(client: lab.Client, saved: str) -> None:
    experiment = lab.Experiment(None, lab.Target(prompt=saved), DATA)
    results = experiment.run(client, **QUIET)
    frame = results.df
    assert _said(results) == [
        ["Capital of Peru, please?"],
        ["Capital of Chad, please?"],
    ]
    assert frame["model"].unique().tolist() == [f"{saved}@1"]
    assert frame["prompt"].unique().tolist() == ["Capitals"]
    assert frame["prompt_version"].unique().tolist() == ["1"]
    assert frame["asked_model"].isna().all()
    assert not frame["substituted"].any()
    assert results.manifest["prompts"].keys() == {"Capitals"}
    # Only what the version reads is sent, and the gateway knows which prompt it was.
    request = experiment.plan(client)["request"][0]
    assert request["prompt"] == {
        "prompt_id": saved,
        "version": 1,
        "schema_version": 2,
        "variables": {"land": "Peru"},
    }
    assert {"model", "messages"}.isdisjoint(request)


def test_it_can_be_awaited_too(client: lab.Client, saved: str) -> None:
    target = lab.Target(prompt=saved)
    results = asyncio.run(lab.acompare(None, target, DATA, client=client, **QUIET))
    assert results.df["prompt_version"].tolist() == ["1", "1"]


def test_a_key_is_of_the_number_and_not_of_what_is_deployed(
    client: lab.Client, saved: str
) -> None:
    def key(prompt: Any) -> str:
        plan = lab.Experiment(None, lab.Target(prompt=prompt), DATA[:1]).plan(client)
        return str(plan["key"][0])

    first = key(saved)
    assert key({"prompt_id": saved, "version": 1}) == first
    assert key({"prompt_id": saved, "version": "latest"}) == first
    assert key(client.prompts.get(saved)) == first
    client.prompts.add_version(saved, "{{ land }}", model="sim/f")
    assert key(saved) == first
    client.prompts.commit(saved)
    client.prompts.deploy(saved, 2)
    assert key(saved) != first
    assert key({"prompt_id": saved, "version": 1}) == first


def test_each_run_asks_for_what_is_deployed_then(
    client: lab.Client, saved: str
) -> None:
    experiment = lab.Experiment(None, lab.Target(prompt=saved), DATA)
    assert experiment.plan(client)["model"][0] == f"{saved}@1"
    client.prompts.add_version(saved, "{{ land }}", model="sim/f")
    client.prompts.commit(saved)
    client.prompts.deploy(saved, 2)
    assert experiment.plan(client)["model"][0] == f"{saved}@2"


def test_saved_prompts_are_not_crossed_with_prompts(
    client: lab.Client, saved: str
) -> None:
    experiment = lab.Experiment(
        {"p": "{{ land }}?", "q": "{{ land }}!"},
        ["sim/g", lab.Target("kept", prompt=saved)],
        DATA,
        repeat=2,
    )
    frame = experiment.run(client, **QUIET).df
    assert len(frame) == len(experiment) == (2 * 2 + 2) * 2
    names = frame.groupby("model", observed=True)["prompt"].unique()
    assert [list(found) for found in names] == [["p", "q"], ["Capitals"]]
    with pytest.raises(lab.ConfigError, match="prompts=None"):
        lab.Experiment("{{ land }}", lab.Target(prompt=saved), DATA)


def test_a_rows_own_messages_follow_the_prompts(client: lab.Client, saved: str) -> None:
    talk = [{"role": "user", "content": "In short."}]
    data = [{"land": "Peru", "messages": talk}]
    models = ["sim/g", lab.Target(prompt=saved)]
    results = lab.compare(None, models, data, client=client, **QUIET)
    assert _said(results) == [
        ["In short."],
        ["Capital of Peru, please?", "In short."],
    ]


def test_the_versions_settings_win_over_params_and_the_targets_over_both(
    client: lab.Client, saved: str
) -> None:
    models = [
        lab.Target(prompt=saved),
        lab.Target("own", prompt=saved, temperature=0.25),
        lab.Target("patched", prompt={"prompt_id": saved, "patch": {"model": "sim/g"}}),
    ]
    with pytest.warns(UserWarning, match="temperature of the request is set aside"):
        results = lab.compare(
            None, models, DATA[:1], params={"temperature": 1}, client=client, **QUIET
        )
    assert _temperatures(results) == [0.5, 0.25, 0.5]
    assert results.df["answered_model"].tolist() == ["f", "f", "g"]
    assert not results.df["substituted"].any()


def test_an_axis_that_a_version_sets_would_be_a_lie(
    client: lab.Client, saved: str
) -> None:
    experiment = lab.Experiment(
        None, lab.Target(prompt=saved), DATA, params={"temperature": lab.grid(0, 1)}
    )
    with pytest.raises(lab.ConfigError, match="axis"):
        experiment.plan(client)
    assert len(client.logs()) == 0


@pytest.mark.parametrize("prompts", [True, False])
def test_a_missing_variable_is_told_before_anything_is_sent(
    client: lab.Client, saved: str, prompts: bool
) -> None:
    data = [{"land": "Peru"}, {"land": None}]
    experiment = (
        lab.Experiment([client.prompts.get(saved)], "sim/g", data)
        if prompts
        else lab.Experiment(None, lab.Target(prompt=saved), data)
    )
    with pytest.raises(lab.PromptError, match=r"item 1.*'land'") as caught:
        experiment.run(client, **QUIET)
    assert caught.value.missing == ("land",)
    assert len(client.logs()) == 0


def test_values_of_the_target_are_for_what_the_data_lacks(
    client: lab.Client, saved: str
) -> None:
    bound = client.prompts.get(saved).bind(tone="quickly", land="Chile")
    given = {"prompt_id": saved, "variables": {"tone": "now"}}
    models = [lab.Target("bound", prompt=bound), lab.Target("given", prompt=given)]
    results = lab.compare(None, models, DATA[:1], client=client, **QUIET)
    assert _said(results) == [["Capital of Peru, quickly?"], ["Capital of Peru, now?"]]


def test_a_prompt_in_a_versions_variables_is_no_missing_one(
    client: lab.Client, saved: str
) -> None:
    inner = {"_type": "prompt", "prompt_id": saved, "variables": {"land": "Mali"}}
    outer = client.prompts.create("Outer")
    client.prompts.add_version(
        outer, "{{ land }}: {{ inner }}", model="sim/f", variables={"inner": inner}
    )
    target = lab.Target(prompt={"prompt_id": outer, "version": 1})
    results = lab.compare(None, target, DATA[:1], client=client, **QUIET)
    assert _said(results) == [["Peru: Capital of Mali, please?"]]


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("nowhere", "nowhere"),
        ({"version": 7}, "7"),
        ({"version": "latest", "patch": {"model": "sim/lage"}}, "sim/large"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_sent(
    client: lab.Client, saved: str, prompt: Any, said: str
) -> None:
    given = prompt if isinstance(prompt, str) else {"prompt_id": saved, **prompt}
    with pytest.raises(lab.ConfigError, match=said):
        lab.compare(None, lab.Target(prompt=given), DATA, client=client, **QUIET)
    assert len(client.logs()) == 0


def test_nothing_deployed_is_told(client: lab.Client) -> None:
    prompt_id = client.prompts.create("Draft")
    client.prompts.add_version(prompt_id, "Hi", model="sim/f")
    with pytest.raises(lab.ConfigError, match="no deployed version"):
        lab.Experiment(None, lab.Target(prompt=prompt_id)).plan(client)


def test_two_targets_that_turn_out_to_be_one_are_told(
    client: lab.Client, saved: str
) -> None:
    both = [lab.Target(prompt=saved), lab.Target(prompt=client.prompts.get(saved))]
    with pytest.raises(lab.ConfigError, match=f"two targets are called '{saved}@1'"):
        lab.Experiment(None, both, DATA).plan(client)


def test_among_the_prompts_it_is_crossed_with_models(
    client: lab.Client, saved: str
) -> None:
    results = lab.compare(
        [client.prompts.get(saved), "{{ land }}?"],
        ["sim/f", "sim/g", lab.Target("list", models=["sim/g"])],
        DATA[:1],
        params={"temperature": lab.grid(0, 1)},
        client=client,
        **QUIET,
    )
    frame = results.df
    assert _said(results)[:3] == [
        *([["Capital of Peru, please?"]] * 2),
        ["Peru?"],
    ]
    # The version has another model and another temperature.
    assert _temperatures(results) == [0, 1] * 6
    assert frame["answered_model"].tolist() == ["f"] * 4 + ["g"] * 8
    assert not frame["substituted"].any()
    assert frame["prompt"].unique().tolist() == ["Capitals", "prompt-2"]
    assert frame["prompt_version"].fillna("").tolist()[:3] == ["1", "1", ""]
    assert results.manifest["warnings"] == {}


def test_its_log_names_the_prompt(client: lab.Client, saved: str) -> None:
    lab.compare(None, lab.Target(prompt=saved), DATA[:1], client=client, **QUIET)
    row = client.logs().iloc[0]
    assert (row["prompt_id"], row["prompt_version_number"]) == (saved, 1)


class Hosted(httpx.AsyncBaseTransport):
    """A gateway over HTTP that keeps one prompt, with a version 4."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/chat/completions"):
            self.asked.append(json.loads(request.content))
            message = {"role": "assistant", "content": "x"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {"model": "gpt-5-2026-01-01", "choices": [choice]}
            return httpx.Response(200, json=answer)
        version = {
            "version": 4,
            "messages": [{"role": "user", "content": "Hi {{ name }}"}],
            "model": "gpt-5",
            "temperature": 1,
        }
        pages = {
            "/api/prompts/p/": {"prompt_id": "p", "name": "P", "live_version": version},
            "/api/prompts/p/versions/4/": version,
            "/api/prompts/p/versions/": {"results": [version], "next": None},
        }
        page = pages.get(path)
        return httpx.Response(404 if page is None else 200, json=page)


@pytest.mark.parametrize("channel", ["top", "params"])
def test_over_http_it_is_the_same(channel: Any) -> None:
    hosted = Hosted()
    with lab.Client("k", transport=hosted, channel=channel) as client:
        target = lab.Target(prompt="p")
        results = lab.compare(None, target, [{"name": "Ada"}], client=client, **QUIET)
        crossed = [client.prompts.get("p")]
        lab.compare(crossed, "gpt-6", [{"name": "Ada"}], client=client, **QUIET)
    assert results.df["model"].tolist() == ["p@4"]
    assert results.df["substituted"].tolist() == [False]
    first, second = hosted.asked
    sent = {"prompt_id": "p", "version": 4, "variables": {"name": "Ada"}}
    box = first if channel == "top" else first["respan_params"]
    assert box["prompt"] == {**sent, "schema_version": 2}
    assert "model" not in first
    box = second if channel == "top" else second["respan_params"]
    assert box["prompt"] == {**sent, "schema_version": 1, "override": False}
    assert second["model"] == "gpt-6"
