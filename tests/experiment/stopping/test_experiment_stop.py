"""The rule by which a run stops, as the user states it."""

from __future__ import annotations

from typing import Any

import pytest

import respan_lab as lab
from respan_lab import ConfigError


@pytest.mark.parametrize("metric", ["", None, 3])
def test_a_metric_is_a_name(metric: Any) -> None:
    with pytest.raises(ConfigError, match="name of a score"):
        lab.Stop(metric)


@pytest.mark.parametrize("metric", ["cost", "latency", "time_to_first_token"])
def test_what_has_no_bound_cannot_end_a_run(metric: str) -> None:
    with pytest.raises(ConfigError, match="from 0 to 1"):
        lab.Stop(metric)


@pytest.mark.parametrize("confidence", [95, 1.0, 0.5, True, "0.9", float("nan")])
def test_a_confidence_is_a_share(confidence: Any) -> None:
    with pytest.raises(ConfigError, match=r"0\.95"):
        lab.Stop("exact_match", confidence=confidence)


def run(**options: Any) -> Any:
    models = options.pop("models", ["sim/small", "sim/large"])
    gateway = lab.Gateway(seed=1, sim_time_scale=0)
    return lab.compare(
        "Say {{ w }}",
        models,
        [{"w": "a", "expected": "a"}],
        evaluators=options.pop("evaluators", ["exact_match"]),
        client=lab.Client(gateway=gateway),
        progress=False,
        **options,
    )


def test_a_metric_that_no_evaluator_gives_is_refused_before_the_first_call() -> None:
    with pytest.raises(ConfigError, match="did you mean 'exact_match'"):
        run(stop=lab.Stop("exact_macth"))
    with pytest.raises(ConfigError, match="give evaluators="):
        run(stop=lab.Stop("exact_match"), evaluators=())


def test_a_baseline_is_one_of_the_targets() -> None:
    with pytest.raises(ConfigError, match="did you mean 'sim/large'"):
        run(stop=lab.Stop("exact_match", baseline="sim/larg"))


def test_one_target_alone_is_no_race() -> None:
    with pytest.raises(ConfigError, match="two or more"):
        run(stop=lab.Stop("exact_match"), models=["sim/small"])


def test_another_kind_of_rule_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"lab\.Stop"):
        run(stop="exact_match")
