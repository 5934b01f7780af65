"""A plan as the ledger keeps it: each cell by numbers, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ...ledger import NewCell
from ...results.run_plan import PlannedItem, RunPlan

if TYPE_CHECKING:
    from .plan import Cell
    from .target import Target

__all__ = ["planned"]


def planned(
    cells: Sequence[Cell],
    targets: Sequence[Target],
    *,
    evaluators: Iterable[str],
    backend: str,
) -> tuple[RunPlan, list[NewCell]]:
    """Give the plan of a run and its cells by numbers.

    Args:
        cells: In the order of the frame.
        targets: What is asked, in the order given.
        evaluators: The names of those that score.
        backend: The gateway: `hosted`, `custom` or `embedded`.
    """
    numbers = {target.name: at for at, target in enumerate(targets)}
    prompts: dict[Hashable, int] = {}
    points: dict[str, tuple[int, Any]] = {}
    items: dict[int, tuple[int, PlannedItem]] = {}
    numbered = []
    for position, cell in enumerate(cells):
        point = json.dumps(dict(cell.point), default=repr)
        points.setdefault(point, (len(points), cell.point))
        item = PlannedItem(cell.item.id, cell.item.expected, cell.item.variables)
        items.setdefault(id(cell.item), (len(items), item))
        numbered.append(
            NewCell(
                position,
                cell.key,
                numbers[cell.target.name],
                _prompt(cell, prompts),
                points[point][0],
                items[id(cell.item)][0],
                cell.run,
            )
        )
    plan = RunPlan(
        backend,
        [(target.name, target.model) for target in targets],
        list(prompts),  # type: ignore[arg-type]  # pairs of name and version
        [point for _, point in points.values()],
        [item for _, item in items.values()],
        list(evaluators),
    )
    return plan, numbered


def _prompt(cell: Cell, prompts: dict[Hashable, int]) -> int | None:
    if cell.prompt is None:
        return None
    version = cell.prompt.prompt.version
    named = cell.prompt.name, None if version is None else str(version)
    return prompts.setdefault(named, len(prompts))
