"""The weighted draw, and the groups a gateway keeps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.gateway.routing.weighted import Weighted, check_groups, drawn

WEIGHTS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


def listed(weights: list[float]) -> list[Weighted]:
    return [Weighted(f"m{at}", weight, None) for at, weight in enumerate(weights)]


@given(weights=WEIGHTS, point=st.floats(0, 1, exclude_max=True))
def test_the_point_falls_into_the_entry_that_is_drawn(
    weights: list[float], point: float
) -> None:
    at, _ = drawn(listed(weights), lambda: point)
    total = sum(weights)
    slack = 1e-9 * total  # the rounding of sums
    assert sum(weights[:at]) <= point * total + slack
    assert point * total <= sum(weights[: at + 1]) + slack


@given(weights=st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_even_points_give_shares_as_the_weights(weights: list[int]) -> None:
    total = sum(weights)
    points = [(step + 0.5) / total for step in range(total)]
    entries = listed([float(weight) for weight in weights])
    picks = [drawn(entries, lambda point=point: point)[0] for point in points]
    assert [picks.count(at) for at in range(len(weights))] == weights


@given(weights=WEIGHTS, factor=st.sampled_from([0.5, 2.0, 1024.0]), data=st.data())
def test_only_the_ratio_of_weights_counts(
    weights: list[float], factor: float, data: st.DataObject
) -> None:
    point = data.draw(st.floats(0, 1, exclude_max=True))
    scaled = [weight * factor for weight in weights]
    assert (
        drawn(listed(weights), lambda: point)[0]
        == (drawn(listed(scaled), lambda: point)[0])
    )


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([("a", [])], "is a list"),
        ({"g": []}, r"load_balance_groups\['g'\] must be a list"),
        ({"g": "up/a"}, "must be a list"),
        ({"g": ["up/a"]}, r"\['g'\]\[0\] must be like"),
        ({"g": [{"weight": 1}]}, "has no model"),
        (
            {"g": [{"model": "m"}, {"model": "n", "weight": 0}]},
            r"\[1\] has the weight 0",
        ),
        ({"g": [{"model": "m", "weight": float("nan")}]}, "weight nan"),
        ({"g": [{"model": "m", "weight": 10**400}]}, "must be a number above 0"),
        ({"g": [{"model": "m", "wieght": 1}]}, "has 'wieght'; it may have model"),
        ({"g": [{"model": "m", "name": "m"}]}, "has 'name'"),
        ({"g": [{"model": "m", "credentials": "sk-secret"}]}, "credentials"),
    ],
)
def test_a_wrong_group_is_refused_when_the_gateway_is_made(
    groups: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        check_groups(groups)
    assert "sk-secret" not in str(caught.value)
