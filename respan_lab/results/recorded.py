"""A run in the ledger as the frame."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from ..ledger.calls import as_column
from ..ledger.schema import ANSWER
from .dtypes import inferred_column
from .frame import MAX_PARSED_FIELDS, frame_of, taken
from .run_plan import RunPlan, scalar

if TYPE_CHECKING:
    from ..ledger import Recorded

__all__ = ["recorded_frame"]

_TRUTH: dict[Any, bool | None] = {0: False, 1: True, None: None}
# What only the first choice of a call has, so that sums add up, is absent elsewhere.
_UNSURE = (
    "sent, and no answer had come when its run ended: it may have been billed; "
    'maybe_billed="resend" asks it again'
)
_SENT = ("sent", "maybe_billed")


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
    plan = plan or RunPlan.of_json(recorded.run["plan"])
    recorded = _completed(recorded, unwritten or {})
    values = _with_choices(_identity(recorded, plan) | _outcome(recorded), recorded)
    n_rows = len(values["key"])
    values["gateway"] = [one or plan.backend for one in values["gateway"]]
    values |= _parsed(values.pop("parsed"), n_rows)
    values |= _scores(recorded, plan, values)
    del recorded, values["position"]  # what each column is made of can go with it
    values["started_at"] = pd.to_datetime(
        pd.Series(pd.array(values["started_at"], dtype="Int64")), unit="us", utc=True
    )
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
    cells: dict[str, Any] = {n: list(column) for n, column in recorded.cells.items()}
    choices = list(recorded.choices)
    for position, (first, *others) in unwritten.items():
        for name, kind in ANSWER.items():
            cells[name][position] = as_column(first.get(name), kind)
        choices += [
            (
                position,
                each["choice"],
                *(as_column(each.get(n), k) for n, k in ANSWER.items()),
            )
            for each in others
        ]
    return recorded._replace(cells=cells, choices=choices)


def _identity(recorded: Recorded, plan: RunPlan) -> dict[str, Sequence[Any]]:
    cells = recorded.cells
    own = recorded.run["run_id"]
    prompts = [
        (None, None) if at is None else plan.prompts[at] for at in cells["prompt"]
    ]
    axes = dict.fromkeys(chain.from_iterable(plan.points))
    variables = dict.fromkeys(chain.from_iterable(i.variables for i in plan.items))
    # There are fewer items than cells: each is looked at once.
    of_item = partial(_by_number, np.array(cells["item"], dtype=np.intp))
    of_point = partial(_by_number, np.array(cells["point"], dtype=np.intp))
    return {
        "position": cells["position"],
        "key": cells["key"],
        "run_id": [asked or own for asked in cells["run_id"]],
        "model": [plan.targets[at][0] for at in cells["target"]],
        "asked_model": [plan.targets[at][1] for at in cells["target"]],
        "prompt": [name for name, _ in prompts],
        "prompt_version": [version for _, version in prompts],
        "item": of_item([item.id for item in plan.items]),
        "run": cells["repeat"],
        "choice": [0] * len(prompts),
        "expected": of_item([item.expected for item in plan.items]),
        "from_ledger": [bool(at) for at in cells["from_ledger"]],
        **{
            f"param_{n}": of_point([scalar(p.get(n)) for p in plan.points])
            for n in axes
        },
        **{
            f"var_{n}": of_item([i.variables.get(n) for i in plan.items])
            for n in variables
        },
    }


def _by_number(numbers: Any, values: Sequence[Any]) -> Any:
    """Give a column of the plan's values, by the numbers of them."""
    return taken(inferred_column(values), numbers)


def _outcome(recorded: Recorded) -> dict[str, Sequence[Any]]:
    cells = recorded.cells
    values = {name: cells[name] for name in ANSWER}
    for name in (name for name, kind in ANSWER.items() if kind == "boolean"):
        values[name] = [_TRUTH[value] for value in cells[name]]
    if _is_answered(cells):
        return values
    return values | {
        "status": list(map(_status, cells["status"], cells["state"])),
        "started_at": list(map(_first, cells["started_at"], cells["sent_at"])),
        "error_message": list(
            map(_message, cells["error_message"], cells["status"], cells["state"])
        ),
        "error_type": list(
            map(
                _first, cells["error_type"], map(_why, cells["state"], cells["skipped"])
            )
        ),
    }


def _is_answered(cells: Mapping[str, Sequence[Any]]) -> bool:
    """Say whether every cell has an answer, which says all there is to say."""
    return (
        cells["state"].count("ok") == len(cells["state"])
        and None not in cells["status"]
        and None not in cells["started_at"]
    )


def _status(status: str | None, state: str | None) -> str:
    if status is not None:
        return status
    return "maybe_billed" if state in _SENT else "skipped"


def _why(state: str | None, skipped: str | None) -> str | None:
    if state in _SENT:
        return "stopped"
    return (skipped or "stopped") if state is None else None


def _message(message: str | None, status: str | None, state: str | None) -> str | None:
    if message is None and _status(status, state) == "maybe_billed":
        return _UNSURE
    return message


def _first(value: Any, other: Any) -> Any:
    return other if value is None else value


def _with_choices(
    values: dict[str, Sequence[Any]], recorded: Recorded
) -> dict[str, Sequence[Any]]:
    """Put the further choices of each call after its first."""
    if not recorded.choices:
        return values
    index = {position: at for at, position in enumerate(values["position"])}
    rows = [(at, 0, None) for at in range(len(values["position"]))]
    rows += [(index[at], choice, kept) for at, choice, *kept in recorded.choices]  # type: ignore[misc]
    rows.sort(key=lambda row: row[:2])
    answer = {name: at for at, name in enumerate(ANSWER)}
    firsts = np.array([at for at, *_ in rows], dtype=np.intp)
    both: dict[str, Any] = {}
    for name, column in values.items():
        if isinstance(column, ExtensionArray | pd.Series):
            both[name] = taken(column, firsts)
            continue
        place = answer.get(name)
        both[name] = [
            _of_choice(column[at], choice, kept, name, place)
            for at, choice, kept in rows
        ]
    return both


def _of_choice(
    first: Any, choice: int, kept: Sequence[Any] | None, name: str, place: int | None
) -> Any:
    if kept is None or place is None:
        return choice if name == "choice" else first
    return _TRUTH[kept[place]] if ANSWER[name] == "boolean" else kept[place]


def _parsed(texts: Sequence[str | None], n_rows: int) -> dict[str, list[Any]]:
    found = [None if text is None else json.loads(text) for text in texts]
    columns: dict[str, list[Any]] = {"parsed": found}
    for at, value in enumerate(found):
        if isinstance(value, dict):
            for name in list(value)[:MAX_PARSED_FIELDS]:
                columns.setdefault(f"parsed_{name}", [None] * n_rows)[at] = value[name]
    return columns


def _scores(
    recorded: Recorded, plan: RunPlan, values: Mapping[str, Sequence[Any]]
) -> dict[str, list[Any]]:
    pairs = zip(values["position"], values["choice"], strict=True)
    index = {pair: at for at, pair in enumerate(pairs)} if recorded.scores else {}
    columns: dict[str, list[Any]] = {}
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
