"""Weights of a weighted list, as the whole numbers the gateway takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

__all__ = ["whole_weights"]

_FINEST = 10_000  # 0.3333 stays itself; 1/3 as a float becomes a third


def whole_weights(models: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Scale fractional weights up to positive integers of the same ratio.

    Args:
        models: Candidates with ``model`` and ``weight``; one without a weight weighs 1
            beside others that have one.

    Returns:
        New candidates; weights that are whole already stay as they are.

    Example:
        >>> pair = [{"model": "a", "weight": 0.8}, {"model": "b", "weight": 0.2}]
        >>> whole_weights(pair)
        [{'model': 'a', 'weight': 4}, {'model': 'b', 'weight': 1}]
    """
    if all(type(each.get("weight", 1)) is int for each in models):
        return [dict(each) for each in models]
    shares = [_fraction(each.get("weight", 1)) for each in models]
    scale = math.lcm(*(share.denominator for share in shares))
    wholes = [int(share * scale) for share in shares]
    divisor = math.gcd(*wholes)
    return [
        {**each, "weight": whole // divisor}
        for each, whole in zip(models, wholes, strict=True)
    ]


def _fraction(weight: float) -> Fraction:
    """Near, but never 0: a tiny weight is still a weight."""
    exact = Fraction(weight)
    return exact.limit_denominator(_FINEST) or exact.limit_denominator(10**12) or exact
