"""In which order cells are asked."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..planning.plan import Cell

__all__ = ["asking_order"]


def asking_order(
    cells: Sequence[Cell], positions: Iterable[int], *, seed: int
) -> list[int]:
    """Shuffle the items, with all cells of an item adjacent in time.

    Were one target's calls all made before another's, a slow hour of the gateway would
    be counted against one of them.

    Args:
        cells: All of a run.
        positions: Those that are asked.
        seed: The same one gives the same order.
    """
    by_item: dict[tuple[int, Any], list[int]] = {}
    for at in positions:
        cell = cells[at]
        by_item.setdefault((cell.run, cell.item.id), []).append(at)
    groups = list(by_item.values())
    random.Random(seed).shuffle(groups)
    return [at for group in groups for at in group]
