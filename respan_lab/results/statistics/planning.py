"""How many items it takes, and what so many can show."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, inf, sqrt

import numpy as np

from .differences import Difference
from .paired import Numbers, tie_bound
from .verdicts import MIN_ITEMS

__all__ = [
    "items_needed",
    "items_to_settle",
    "mcnemar_power",
    "smallest_difference",
    "t_power",
]

MAX_ITEMS = 10_000_000  # beyond, nobody would ask
_ENOUGH = 1e-4  # points: how exactly a smallest difference is found
_MANY = 2000  # items that differ; beyond, the exact test has the power of the t-test
_TAILS = 8  # standard deviations; what lies beyond does not count


def mcnemar_power(
    difference: float, n: int, *, discordance: float, alpha: float = 0.05
) -> float:
    """Give the chance that the exact McNemar test finds a true difference.

    Summed over what can be seen; above 2,000 items that differ, of the t-test.

    Args:
        difference: The true one of two rates, at most ``discordance`` in size.
        n: Items.
        discordance: The share of items on which the two differ.
        alpha: The error that is allowed.

    Example:
        >>> round(1 - mcnemar_power(0.1, 24, discordance=0.3), 2)
        0.93
        >>> round(mcnemar_power(0.1, 200, discordance=0.2), 2)
        0.88
    """
    if n * discordance > _MANY:
        return t_power(difference, n, variance=discordance - difference**2, alpha=alpha)
    from scipy.special import bdtr, bdtrc, gammaln, xlog1py, xlogy

    spread = _TAILS * sqrt(n * discordance) + _TAILS
    low, high = max(0, n * discordance - spread), min(n, n * discordance + spread)
    differ = np.arange(int(low), int(high) + 1)
    chance = np.exp(
        gammaln(n + 1)
        - gammaln(differ + 1)
        - gammaln(n - differ + 1)
        + xlogy(differ, discordance)
        + xlog1py(n - differ, -discordance)
    )
    most = _critical(alpha, 1 << int(high).bit_length())[differ]
    favoured = min(1.0, (discordance + abs(difference)) / (2 * discordance))
    finds = bdtr(np.maximum(most, 0), differ, favoured)
    finds = finds + bdtrc(differ - np.maximum(most, 0) - 1, differ, favoured)
    return float((chance * np.where(most >= 0, finds, 0.0)).sum())


@lru_cache(maxsize=64)
def _critical(alpha: float, size: int) -> Numbers:
    """Give the most that may favour the one side for the test to find for the other.

    For 0, 1, ... items that differ, fewer than ``size``; -1 if it can never find.
    """
    from scipy.special import bdtr, ndtri

    differ = np.arange(size)
    guess = np.floor((differ + ndtri(alpha / 2) * np.sqrt(differ)) / 2)
    most = np.full(size, -1.0)
    for near in range(-3, 3):
        tried = guess + near
        fits = bdtr(np.maximum(tried, 0), differ, 0.5) <= alpha / 2
        most = np.where((tried >= 0) & fits, np.maximum(most, tried), most)
    return most


def t_power(
    difference: float, n: int, *, variance: float, alpha: float = 0.05
) -> float:
    """Give the chance that a paired test of means finds a true difference.

    Of the t-test, which a permutation of signs follows closely. Source: J. Cohen,
    "Statistical Power Analysis for the Behavioral Sciences" (1988), 2.

    Args:
        difference: The true one.
        n: Items, at least 2.
        variance: Of an item's difference, more than 0.
        alpha: The error that is allowed.
    """
    from scipy.special import nctdtr, stdtrit

    needed = float(stdtrit(n - 1, 1 - alpha / 2))
    distance = abs(difference) * sqrt(n / max(variance, 1e-12))
    if distance - needed > _TAILS:  # where the function below may give NaN
        return 1.0
    return float(1 - nctdtr(n - 1, distance, needed))


def items_needed(power_of: Callable[[int], float], *, power: float = 0.8) -> int | None:
    """Give the fewest items at which a power is reached.

    Args:
        power_of: The power with so many items, rising with them.
        power: The one to reach.

    Returns:
        At least 15, below which p-values are withheld; None if ten million are not
        enough.
    """
    enough = MIN_ITEMS
    while power_of(enough) < power:
        enough *= 2
        if enough > MAX_ITEMS:
            return None
    short = enough // 2
    while enough - short > 1 and enough > MIN_ITEMS:
        middle = (enough + short) // 2
        if power_of(middle) < power:
            short = middle
        else:
            enough = middle
    return enough


def smallest_difference(
    power_of: Callable[[float], float], *, largest: float, power: float = 0.8
) -> float | None:
    """Give the smallest true difference that is found with a power.

    Args:
        power_of: The power for a true difference, rising with it.
        largest: The largest difference there can be.
        power: The one to reach.

    Returns:
        None if not even the largest is found.
    """
    if power_of(largest) < power:
        return None
    short, enough = 0.0, largest
    while enough - short > _ENOUGH * largest:
        middle = (enough + short) / 2
        if power_of(middle) < power:
            short = middle
        else:
            enough = middle
    return enough


def items_to_settle(
    found: Difference, *, margin: float, alpha: float, power: float = 0.8
) -> int | None:
    """Give how many further items would settle it, were the truth what was seen.

    Either way counts: to show the difference, or that it lies within the margin.

    Args:
        found: What was seen.
        margin: How far apart two may be that count as equal.
        alpha: The error that is allowed, after any correction.
        power: The chance of settling it.

    Returns:
        At least 1; None if nothing can be said, or ten million are not enough.
    """
    if not np.isfinite(found.mean) or found.n_items < 2:
        return None
    different = items_needed(_finding(found, alpha), power=power)
    tied = _items_to_tie(found, margin=margin, alpha=alpha, power=power)
    enough = min(different or inf, tied or inf)
    return None if enough == inf else max(1, int(enough) - found.n_items)


def _finding(found: Difference, alpha: float) -> Callable[[int], float]:
    """The power of the test that was made, by the number of items."""
    if found.mean == 0:
        return lambda n: 0.0
    if found.is_binary:
        differ = found.squares / found.n_items
        return lambda n: mcnemar_power(found.mean, n, discordance=differ, alpha=alpha)
    seen = _seen_variance(found)
    return lambda n: t_power(found.mean, n, variance=seen, alpha=alpha)


def _seen_variance(found: Difference) -> float:
    """Of one item's difference as it was seen, without the guard."""
    return max(found.squares / found.n_items - found.mean**2, 0.0)


def _items_to_tie(
    found: Difference, *, margin: float, alpha: float, power: float
) -> int | None:
    """The fewest items with which both bounds lie inside the margin so often."""
    from scipy.special import ndtr

    if abs(found.mean) >= margin:
        return None
    n = np.unique(np.geomspace(MIN_ITEMS, MAX_ITEMS, 4000).astype(int)).astype(float)
    scaled = n / found.n_items
    error = np.maximum(np.sqrt(_seen_variance(found) / n), 1e-12)
    chance = -1.0
    for sign in (-1, 1):
        total, squares = sign * found.total * scaled, found.squares * scaled
        bound = tie_bound(total, squares, n, reach=found.reach, alpha=alpha)
        chance = chance + ndtr((margin - bound) / error)
    enough = n[chance >= power]
    return ceil(enough[0]) if len(enough) else None
