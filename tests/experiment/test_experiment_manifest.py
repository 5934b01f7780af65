"""What a run says of itself beside its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import respan_lab as lab

SECRET = "sk-very-secret-123456"
DATA = [{"id": i, "x": f"text {i}", "expected": "y"} for i in range(3)]


def _run(data: Any = DATA, prompt: str = "Say {{ x }}", **how: Any) -> lab.Results:
    client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
    how = {"params": {"max_tokens": 8, "temperature": lab.grid(0, 1)}, **how}
    models = ["sim/small", "sim/large"]
    return lab.compare(
        {"p": prompt}, models, data, item="id", client=client, progress=False, **how
    )


def test_it_holds_what_a_reader_needs_to_repeat_it(tmp_path: Path) -> None:
    results = _run(evaluators=["exact_match"], name="mine")
    manifest = results.manifest
    assert manifest["name"] == "mine"
    assert manifest["cells"] == 12
    assert manifest["prompts"] == {"p": "Say {{ x }}"}
    assert manifest["params"] == {"max_tokens": 8}
    assert manifest["data"]["items"] == 3
    assert manifest["evaluators"] == ["exact_match"]
    assert manifest["versions"].keys() >= {"respan_lab", "python", "genai_prices"}
    assert manifest["machine"]["cores"] >= 1
    assert 0 < manifest["timings"]["set_up"] <= manifest["timings"]["total"]
    assert manifest["loop_lag"].keys() >= {"p95", "worst"}
    assert manifest["pacing"]["limits"]["sim"]["throttles"] == 0
    assert manifest["budget"] is None
    assert manifest["ledger"]["answered_before"] == 0
    path = results.export(tmp_path / "run.parquet")
    assert lab.Results.load(path).manifest == manifest


def test_hashes_change_with_what_they_are_of_and_with_nothing_else() -> None:
    one, same = (_run(fresh=True).manifest for _ in range(2))
    other = _run(DATA[:2], "Cry {{ x }}").manifest
    assert one["prompt_hashes"] == same["prompt_hashes"] != other["prompt_hashes"]
    assert one["data"]["hash"] == same["data"]["hash"] != other["data"]["hash"]


def test_no_credential_is_in_it_wherever_it_hides() -> None:
    params = {
        "max_tokens": 8,
        "customer_credentials": {"openai": {"api_key": SECRET}},
    }
    target = lab.Target(
        load_balance_models=[
            {"model": "sim/small", "weight": 1, "credentials": {"api_key": SECRET}}
        ]
    )
    client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
    how: dict[str, Any] = {"client": client, "progress": False}
    results = lab.compare("Hi", target, params=params, **how)
    assert SECRET not in json.dumps(results.manifest, default=repr)


def test_an_estimate_is_scored_against_the_truth() -> None:
    client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
    experiment = lab.Experiment("Say {{ x }}", ["sim/small", "sim/large"], DATA)
    assert experiment.run(client, progress=False).manifest["estimate"] is None
    experiment.estimate(client, fresh=True)
    scored = experiment.run(client, progress=False, fresh=True).manifest["estimate"]
    assert scored["total"]["inside"] is True
    assert [each["model"] for each in scored["targets"]] == ["sim/small", "sim/large"]
