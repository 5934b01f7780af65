"""A run in the ledger as the frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..ledger.calls import as_column
from ..ledger.schema import ANSWER
from .frame import MAX_PARSED_FIELDS, Numbered, frame_of
from .run_plan import RunPlan, scalar

if TYPE_CHECKING:
    from ..ledger import Recorded

__all__ = ["recorded_frame"]

_UNSURE = (
    "sent, and no answer had come when its run ended: it may have been billed; "
    'maybe_billed="resend" asks it again'
)


def recorded_frame(
    recorded: Recorded,
    plan: RunPlan | None = None,
    *,
    unwritten: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
) -> pd.DataFrame:
    """Make the tidy frame of a run that the ledger has.

    Args:
        recorded: The run.
        plan: What its numbers mean, where the values are still at hand as they were
            given; None reads it from the ledger.
        unwritten: The choices of answers that the ledger could not take, by the cell's
            place.

    Returns:
        A row per cell and choice. What has no answer is `skipped`, and what was sent
        and has none `maybe_billed`.
    """
    plan = plan or RunPlan.of_json(recorded.plan)
    recorded = _completed(recorded, unwritten or {})
    values = _with_choices(_identity(recorded, plan) | _outcome(recorded), recorded)
    n_rows = len(values["key"])
    values["gateway"] = _filled(values["gateway"], plan.backend)
    values |= _parsed(values.pop("parsed"), n_rows)
    values |= _scores(recorded, plan, values)
    del recorded, values["position"]  # what each column is made of can go with it
    return frame_of(
        values,
        n_rows,
        models=[name for name, _ in plan.targets],
        prompts=[name for name, _ in plan.prompts],
    )


def _completed(
    recorded: Recorded, unwritten: Mapping[int, Sequence[Mapping[str, Any]]]
) -> Recorded:
    """Put what could not be written where it would have been."""
    if not unwritten:
        return recorded
    cells, choices = dict(recorded.cells), dict(recorded.choices)
    firsts = [first for first, *_ in unwritten.values()]
    others = [each for _, *further in unwritten.values() for each in further]
    n_cells = len(cells["position"])
    places = np.arange(n_cells)
    places[list(unwritten)] = np.arange(n_cells, n_cells + len(firsts))
    for name in ANSWER:
        cells[name] = _longer(cells[name], _answers(name, firsts)).take(places)
        choices[name] = _longer(choices[name], _answers(name, others))
    positions = [at for at, (_, *further) in unwritten.items() for _ in further]
    choices["position"] = _longer(choices["position"], positions)
    choices["choice"] = _longer(choices["choice"], [each["choice"] for each in others])
    return recorded._replace(cells=cells, choices=choices)


def _answers(name: str, choices: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [as_column(each.get(name), ANSWER[name]) for each in choices]


def _longer(column: pa.ChunkedArray, values: Sequence[Any]) -> pa.ChunkedArray:
    return _joined(column, pa.chunked_array([pa.array(values, column.type)]))


def _joined(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([*one.chunks, *other.chunks], one.type)


def _identity(recorded: Recorded, plan: RunPlan) -> dict[str, Any]:
    cells = recorded.cells
    n_cells = len(cells["position"])
    axes = dict.fromkeys(chain.from_iterable(plan.points))
    variables = dict.fromkeys(chain.from_iterable(i.variables for i in plan.items))
    # There are fewer items than cells: each is looked at once.
    of_target, of_prompt, of_point, of_item = (
        _by_number(cells[name]) for name in ("target", "prompt", "point", "item")
    )
    return {
        "position": cells["position"],
        "key": cells["key"],
        "run_id": _filled(cells["run_id"], recorded.run["run_id"]),
        "model": of_target([name for name, _ in plan.targets]),
        "asked_model": of_target([model for _, model in plan.targets]),
        "prompt": of_prompt([*(name for name, _ in plan.prompts), None]),
        "prompt_version": of_prompt([*(version for _, version in plan.prompts), None]),
        "item": of_item([item.id for item in plan.items]),
        "run": cells["repeat"],
        "choice": pa.chunked_array([np.zeros(n_cells, np.int64)]),
        "expected": of_item([item.expected for item in plan.items]),
        "from_ledger": cells["from_ledger"],
        **{
            f"param_{n}": of_point([scalar(p.get(n)) for p in plan.points])
            for n in axes
        },
        **{
            f"var_{n}": of_item([i.variables.get(n) for i in plan.items])
            for n in variables
        },
    }


def _by_number(numbers: pa.ChunkedArray) -> Callable[[Sequence[Any]], Numbered]:
    """Make columns of the plan's values, by the numbers of them.

    Where there is no number, it is the last value.
    """
    places = numbers.fill_null(-1).to_numpy()
    return lambda values: Numbered(values, places)


def _filled(texts: pa.ChunkedArray, instead: str) -> Any:
    """Put a text where there is none."""
    if texts.null_count < len(texts):
        return texts.fill_null(instead) if texts.null_count else texts
    return Numbered([instead], np.zeros(len(texts), dtype=np.intp))


def _outcome(recorded: Recorded) -> dict[str, Any]:
    values = {name: recorded.cells[name] for name in ANSWER}
    unsure = pc.equal(values["status"], "maybe_billed")
    if pc.any(unsure).as_py():
        message = values["error_message"]
        instead = pc.if_else(unsure, message.fill_null(_UNSURE), message)
        values["error_message"] = instead
    return values


def _with_choices(values: dict[str, Any], recorded: Recorded) -> dict[str, Any]:
    """Put the further choices of each call after its first."""
    choices = recorded.choices
    if not len(choices["position"]):
        return values
    n_cells = len(values["position"])
    of_choices = np.searchsorted(
        values["position"].to_numpy(), choices["position"].to_numpy()
    )
    cells = np.concatenate([np.arange(n_cells), of_choices])
    order = np.lexsort((_joined(values["choice"], choices["choice"]), cells))
    firsts = cells[order]
    return {
        name: _joined(value, choices[name]).take(order)
        if name in ANSWER or name == "choice"
        else value.take(firsts)
        for name, value in values.items()
    }


def _parsed(texts: pa.ChunkedArray, n_rows: int) -> dict[str, list[Any]]:
    if texts.null_count == n_rows:
        return {"parsed": [None] * n_rows}
    found = [None if text is None else json.loads(text) for text in texts.to_pylist()]
    columns: dict[str, list[Any]] = {"parsed": found}
    for at, value in enumerate(found):
        if isinstance(value, dict):
            for name in list(value)[:MAX_PARSED_FIELDS]:
                columns.setdefault(f"parsed_{name}", [None] * n_rows)[at] = value[name]
    return columns


def _scores(
    recorded: Recorded, plan: RunPlan, values: Mapping[str, Any]
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    index = _places(values) if recorded.scores else {}
    for position, choice, scores in recorded.scores:
        for name, value in scores.items():
            column = columns.setdefault(name, [None] * len(values["key"]))
            column[index[position, choice]] = value
    # An evaluator has its column even if no answer came that it could score.
    for name in plan.evaluators:
        score = f"score_{name}"
        if not any(n == score or n.startswith(f"{score}_") for n in columns):
            columns[score] = [None] * len(values["key"])
    return columns


def _places(values: Mapping[str, Any]) -> dict[tuple[int, int], int]:
    """Say in which row each position and choice stands."""
    names = ("position", "choice")
    pairs = zip(*(values[name].to_pylist() for name in names), strict=True)
    return {pair: at for at, pair in enumerate(pairs)}
