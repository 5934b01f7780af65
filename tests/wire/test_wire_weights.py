from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.wire.weights import whole_weights


def scaled(*weights) -> list[int]:
    models = [{"model": str(i), "weight": w} for i, w in enumerate(weights)]
    return [each["weight"] for each in whole_weights(models)]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((3, 1), [3, 1]),
        ((6, 2), [6, 2]),
        ((0.8, 0.2), [4, 1]),
        ((0.5, 1), [1, 2]),
        ((2.0, 4.0), [1, 2]),
        ((1 / 3, 2 / 3), [1, 2]),
        ((0.1, 0.2, 0.7), [1, 2, 7]),
    ],
)
def test_the_ratio_in_small_whole_numbers(weights, expected: list[int]) -> None:
    assert scaled(*weights) == expected


def test_a_missing_weight_weighs_one() -> None:
    models = [{"model": "a"}, {"model": "b", "weight": 0.5}]
    assert [each["weight"] for each in whole_weights(models)] == [2, 1]
    assert whole_weights([{"model": "a"}]) == [{"model": "a"}]


@given(st.lists(st.integers(1, 10_000), min_size=1), st.integers(1, 10_000))
def test_ratios_of_decimal_weights_are_exact(shares: list[int], unit: int) -> None:
    wholes = scaled(*(share / unit for share in shares))
    for share, whole in zip(shares, wholes, strict=True):
        assert Fraction(share, shares[0]) == Fraction(whole, wholes[0])


@given(st.lists(st.floats(1e-9, 1e9), min_size=1))
def test_weights_are_positive_integers(weights: list[float]) -> None:
    assert all(type(whole) is int and whole > 0 for whole in scaled(*weights))
