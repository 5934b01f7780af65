"""In which order cells are asked."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..planning.plan import Cell

__all__ = ["asking_order"]


def asking_order(
    cells: Sequence[Cell],
    positions: Iterable[int],
    *,
    seed: int,
    by_item: bool = False,
) -> list[int]:
    """Shuffle the items, with all cells of an item adjacent in time.

    Were one target's calls all made before another's, a slow hour of the gateway would
    be counted against one of them.

    Args:
        cells: All of a run.
        positions: Those that are asked.
        seed: The same one gives the same order.
        by_item: Keep an item's repeats together, too, and the items in an order that
            is the same whatever was asked before: then the first items can decide.
    """
    if not by_item:
        return _shuffled(positions, lambda at: (cells[at].run, cells[at].item.id), seed)
    asked = set(positions)
    every = _shuffled(range(len(cells)), lambda at: cells[at].item.id, seed)
    return [at for at in every if at in asked]


def _shuffled(
    positions: Iterable[int], group_of: Callable[[int], Hashable], seed: int
) -> list[int]:
    groups: dict[Hashable, list[int]] = {}
    for at in positions:
        groups.setdefault(group_of(at), []).append(at)
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    return [at for group in order for at in group]
