"""What a run was to ask, as its ledger has it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .json_values import dumps, loads

__all__ = ["PlannedItem", "RunPlan", "scalar"]


class PlannedItem(NamedTuple):
    """One row of the data."""

    id: Any
    expected: Any
    variables: Mapping[str, Any]


_ITEM = len(PlannedItem._fields)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What the numbers of a run's cells mean.

    Attributes:
        backend: `hosted`, `custom` or `embedded`.
        targets: Name and model of each; the model is None for lists.
        prompts: Name and version of each.
        points: The axes' values of each grid point.
        items: The rows of the data.
        evaluators: The names of those that scored.
    """

    backend: str
    targets: Sequence[tuple[str, str | None]]
    prompts: Sequence[tuple[str, str | None]]
    points: Sequence[Mapping[str, Any]]
    items: Sequence[PlannedItem] = field(repr=False)
    evaluators: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON values, which `of_json` reads."""
        # By column: a list for each row would take half as long again.
        columns = [[item[at] for item in self.items] for at in range(_ITEM)]
        return {
            "backend": self.backend,
            "targets": [list(each) for each in self.targets],
            "prompts": [list(each) for each in self.prompts],
            "points": dumps([dict(point) for point in self.points]),
            "items": dumps(columns),
            "evaluators": list(self.evaluators),
        }

    @classmethod
    def of_json(cls, plan: Mapping[str, Any]) -> RunPlan:
        """Read what `as_json` gave."""
        return cls(
            plan["backend"],
            [(name, model) for name, model in plan["targets"]],
            [(name, version) for name, version in plan["prompts"]],
            loads(plan["points"]),
            list(map(PlannedItem, *loads(plan["items"]))),
            plan["evaluators"],
        )


def scalar(value: Any) -> Any:
    """Give an axis's value as its column shows it: a class by name, the rest as JSON.

    Example:
        >>> scalar(0.7), scalar(["a"]), scalar(dict)
        (0.7, '["a"]', 'dict')
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, type):  # a pydantic class
        return value.__name__
    return json.dumps(value, default=repr, ensure_ascii=False)
