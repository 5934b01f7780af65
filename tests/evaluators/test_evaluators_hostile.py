"""Whatever comes, an evaluator says something, and in the end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from respan_lab.evaluators import (
    contains,
    exact_match,
    field_match,
    json_schema,
    json_valid,
    label,
    length,
    numeric,
    refusal,
    regex,
    score,
    similarity,
    tool_called,
    within_cost,
    within_latency,
)
from respan_lab.wire.choice import ToolCall

ALL = {
    "contains": contains,
    "exact_match": exact_match,
    "field_match": field_match,
    "json_schema": json_schema({"type": "object"}),
    "json_valid": json_valid(),
    "label": label(["a", "b", 5]),
    "length": length(),
    "numeric": numeric(),
    "refusal": refusal(),
    "regex": regex("a"),
    "similarity": similarity(),
    "tool_called": tool_called(),
    "within_cost": within_cost(1),
    "within_latency": within_latency(1),
}
OUTPUTS = [
    "",
    "\x00",
    "\ud800 5",
    "a" * 3_000_000,
    "1," * 1_000_000,
    "{" * 2_000_000,
    "```\n" * 500_000,
    "a b " * 700_000,
    "i can't " * 300_000,
    5,
    np.int64(5),
    np.float32(5),
    np.bool_(True),
    b"a",
]
REFERENCES = ["a", 5, np.float64(5), "5", ["a", None], {"a": 1}, True, b"a", object()]
MISSING = [None, float("nan"), np.float64("nan"), np.float32("nan"), pd.NA, pd.NaT]


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda value: repr(value)[:12])
def test_every_answer_gets_a_score_or_a_note(output):
    calls = [ToolCall(None, "a", str(output))]
    context = {"output": output, "row": {}, "expected": "5", "tool_calls": calls}
    columns = score(ALL, context)
    for name in ALL:
        parts = [n for n in columns if n.startswith(f"score_{name}")]
        assert parts or columns[f"note_{name}"] is None


@pytest.mark.parametrize("expected", REFERENCES, ids=lambda value: repr(value)[:12])
def test_every_reference_gives_a_score_or_says_what_is_wrong(expected):
    context = {"output": "a", "row": {}, "expected": expected, "tool_calls": []}
    columns = score(ALL, context)
    errors = [
        str(columns[f"note_{name}"])
        for name in ALL
        if str(columns[f"note_{name}"]).partition(":")[0].endswith("Error")
    ]
    assert all(note.startswith(("ValueError: ", "JSONDecode")) for note in errors)


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_without_an_answer_no_text_evaluator_has_a_score(missing):
    context = {"output": missing, "row": {}, "expected": "5"}
    columns = score(ALL, context)
    assert {value for n, value in columns.items() if n.startswith("score_")} == {None}
    assert not [n for n, v in columns.items() if n.startswith("note_") and v]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_without_a_reference_none_that_needs_it_has_a_score(missing):
    needing = ("contains", "exact_match", "label", "numeric", "similarity")
    named = {name: ALL[name] for name in (*needing, "tool_called", "field_match")}
    columns = score(named, {"output": "a 5", "expected": missing, "tool_calls": []})
    assert {value for n, value in columns.items() if n.startswith("score_")} == {None}
