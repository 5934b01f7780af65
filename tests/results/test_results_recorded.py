"""The frame of a run whose ledger did not take every answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from respan_lab.ledger import Recorded
from respan_lab.ledger.columns import column
from respan_lab.ledger.schema import ANSWER
from respan_lab.results.recorded import recorded_frame
from respan_lab.results.run_plan import PlannedItem, RunPlan

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
PLAN = RunPlan(
    "custom",
    [("m", "m")],
    [("prompt", None)],
    [{}],
    [PlannedItem(at, None, {"text": at}) for at in range(3)],
)


def recorded() -> Recorded:
    """Three cells of which the first has an answer of two choices."""
    status = {"status": ["ok", "maybe_billed", "skipped"]}
    zeros = ("target", "prompt", "point", "repeat")
    cells: dict[str, Any] = {
        **{name: column([[0, 0, 0]], "integer") for name in zeros},
        **{name: column([[0, 1, 2]], "integer") for name in ("position", "item")},
        "key": column([["a", "b", "c"]], "text"),
        "run_id": column([["earlier", None, None]], "text"),
        "from_ledger": column([[1, 0, 0]], "boolean"),
        **{n: column([status.get(n, [None] * 3)], k) for n, k in ANSWER.items()},
    }
    choices: dict[str, Any] = {
        "position": column([[0]], "integer"),
        "choice": column([[1]], "integer"),
        **{n: column([[None]], k) for n, k in ANSWER.items()},
        "output": column([["second"]], "text"),
    }
    return Recorded({"run_id": "own"}, cells, choices, [], b"")


def test_a_row_for_each_choice_and_each_cell() -> None:
    frame = recorded_frame(recorded(), PLAN)
    assert frame["key"].tolist() == ["a", "a", "b", "c"]
    assert frame["choice"].tolist() == [0, 1, 0, 0]
    assert frame["run_id"].tolist() == ["earlier", "earlier", "own", "own"]
    assert frame["var_text"].tolist() == [0, 0, 1, 2]
    assert frame["output"].fillna("").tolist() == ["", "second", "", ""]
    assert "may have been billed" in frame["error_message"][2]
    assert frame["error_message"].isna().tolist() == [True, True, False, True]


def test_what_could_not_be_written_stands_where_it_would_have() -> None:
    first = {
        "status": "ok",
        "output": "late",
        "cached": True,
        "cost": 0,
        "prompt_tokens": 2**70,
        "started_at": MOMENT,
        "parsed": {"n": 1},
    }
    second = {"choice": 1, "status": "ok", "output": "later", "cached": None}
    frame = recorded_frame(recorded(), PLAN, unwritten={2: [first, second]})
    assert frame["key"].tolist() == ["a", "a", "b", "c", "c"]
    assert frame["choice"].tolist() == [0, 1, 0, 0, 1]
    assert frame["status"].tolist()[2:] == ["maybe_billed", "ok", "ok"]
    assert frame["output"].tolist()[3:] == ["late", "later"]
    assert frame["cached"].tolist()[3] is True
    assert frame["cost"].tolist()[3] == 0.0
    assert frame["prompt_tokens"].isna().all()
    assert frame["started_at"][3] == MOMENT
    assert frame["parsed_n"].tolist()[3] == 1
