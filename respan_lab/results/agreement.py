"""How far two who compared the same answers agree.

Sources: J. Cohen, Educational and Psychological Measurement 20 (1960), for kappa;
H. de Vries, M. N. Elliott, D. E. Kanouse and S. S. Teleki, Field Methods 20 (2008),
for pooling it over several questions, here over the pairs of levels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..errors import ConfigError
from .json_values import dumps

__all__ = ["Both", "agreed", "kappa"]

_NEEDED = ("item", "a", "b", "winner")
_OWN = frozenset(
    ("a", "b", "winner", "winner_ab", "winner_ba", "flipped", "reason", "cost")
    + ("key_a", "key_b", "rater")
)


class Both(NamedTuple):
    """A pair of answers that both have decided.

    Attributes:
        item: Its item.
        levels: The two that are compared.
        one: The winner by the one, or ``tie``.
        two: And by the other.
    """

    item: Any
    levels: tuple[str, ...]
    one: str
    two: str


def agreed(one: pd.DataFrame, other: pd.DataFrame) -> list[Both]:
    """Match two frames of votes on the pairs of answers that both have decided.

    Args:
        one: Votes, a row for each pair, with ``item``, ``a``, ``b`` and ``winner``.
            Identical answers that nobody was asked about are left out.
        other: Those of another.

    Raises:
        ConfigError: A column is missing, or a pair has two votes in one of them.
    """
    for frame in (one, other):
        missing = [name for name in _NEEDED if name not in frame]
        if missing:
            raise ConfigError(
                f"the votes have no column {missing[0]!r}; give those of r.pairwise, "
                "of a lab.Rater, or of r.ratings"
            )
    shared = sorted(set(one.columns) & set(other.columns) - _OWN)
    has_keys = all({"key_a", "key_b"} <= set(each.columns) for each in (one, other))
    left, right = (_decided(each, shared, has_keys=has_keys) for each in (one, other))
    return [
        Both(row["item"], _levels(row), str(row["winner"]), str(right[key]["winner"]))
        for key, row in left.items()
        if key in right
    ]


def kappa(both: Sequence[Both]) -> float | None:
    """Give Cohen's kappa: agreement beyond what chance would give, at most 1.

    A tie is a verdict like the others. With more than two levels the shares that agree,
    and would by chance, are those of each pair of levels, pooled by their size.

    Args:
        both: What both have decided.

    Returns:
        None if chance alone would agree always, or of nothing.

    Example:
        >>> votes = [("x", "x")] * 2 + [("y", "y"), ("x", "y")]
        >>> kappa([Both(i, ("x", "y"), *each) for i, each in enumerate(votes)])
        0.5
    """
    by_levels: dict[tuple[str, ...], list[Both]] = {}
    for each in both:
        by_levels.setdefault(each.levels, []).append(each)
    chance = sum(map(_by_chance, by_levels.values()))
    seen = sum(each.one == each.two for each in both)
    room = len(both) - chance
    return (seen - chance) / room if room > 1e-9 else None


def _by_chance(both: Sequence[Both]) -> float:
    """How many would agree if each voted at random, as often for each as they did."""
    first, second = Counter(x.one for x in both), Counter(x.two for x in both)
    return sum(first[name] * second[name] for name in first) / len(both)


def _decided(
    votes: pd.DataFrame, shared: Sequence[str], *, has_keys: bool
) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    for row in votes[votes["winner"].notna()].to_dict("records"):
        if not _was_asked(row):
            continue
        keys = (row["key_a"], row["key_b"]) if has_keys else (None, None)
        sides = sorted(str(dumps(each)) for each in zip(_sides(row), keys, strict=True))
        key = str(dumps([*sides, *(row[name] for name in shared)]))
        if key in kept:
            raise ConfigError(
                f"item {row['item']!r} has two votes on {row['a']} and {row['b']}; "
                "give those of one rater, as r.ratings(path, rater=...) does"
            )
        kept[key] = row
    return kept


def _was_asked(row: dict[str, Any]) -> bool:
    orders = [row[name] for name in ("winner_ab", "winner_ba") if name in row]
    return not orders or any(not pd.isna(one) for one in orders)


def _sides(row: dict[str, Any]) -> tuple[str, str]:
    return str(row["a"]), str(row["b"])


def _levels(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(_sides(row)))
