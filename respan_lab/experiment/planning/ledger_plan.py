"""A plan as the ledger keeps it: each cell by numbers, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ...ledger import NewCell
from ...results.run_plan import RunPlan

if TYPE_CHECKING:
    from .data import Item
    from .plan import Cell
    from .prompts import NamedPrompt
    from .target import Target

__all__ = ["planned"]

_QUESTION = attrgetter("form", "prompt", "point")


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
    items: dict[int, tuple[int, Item]] = {}
    numbered: list[NewCell] = []
    for (form, prompt, point), cells_of in groupby(cells, _QUESTION):
        of_target, of_prompt = numbers[form.target.name], _prompt(prompt, prompts)
        text = json.dumps(dict(point), default=repr)
        of_point, _ = points.setdefault(text, (len(points), point))
        for cell in cells_of:
            of_item, _ = items.setdefault(id(cell.item), (len(items), cell.item))
            numbered.append(
                NewCell(
                    len(numbered),
                    cell.key,
                    of_target,
                    of_prompt,
                    of_point,
                    of_item,
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


def _prompt(prompt: NamedPrompt | None, prompts: dict[Hashable, int]) -> int | None:
    if prompt is None:
        return None
    version = prompt.prompt.version
    named = prompt.name, None if version is None else str(version)
    return prompts.setdefault(named, len(prompts))
