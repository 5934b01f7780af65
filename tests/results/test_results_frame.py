from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pydantic
import pytest

from respan_lab.results import COLUMNS, build_frame
from respan_lab.results.dtypes import inferred_column, scores_column, text_column

# Written out, so that a change of the declared frame is a change of this test.
DECLARED = [
    "key",
    "run_id",
    "run_name",
    "model",
    "asked_model",
    "prompt",
    "prompt_version",
    "item",
    "run",
    "choice",
    "param_<name>",
    "var_<name>",
    "expected",
    "output",
    "parsed",
    "parsed_<field>",
    "tool_calls",
    "tool_name",
    "logprob",
    "status",
    "finish_reason",
    "answered_model",
    "provider",
    "gateway",
    "substituted",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost",
    "cost_source",
    "latency",
    "latency_source",
    "time_to_first_token",
    "tokens_per_second",
    "routing_time",
    "gateway_latency",
    "queue_time",
    "retry_time",
    "cached",
    "from_ledger",
    "attempts",
    "error_type",
    "error_message",
    "log_id",
    "started_at",
    "score_<name>",
    "note_<name>",
]


def test_columns_are_declared_in_order():
    assert [column.name for column in COLUMNS] == DECLARED


def test_every_column_says_what_it_means():
    assert all(column.meaning and column.dtype for column in COLUMNS)


def test_a_frame_has_every_single_column_in_order(call, frame_of):
    frame = frame_of([call()])
    plain = [name for name in DECLARED if "<" not in name]
    assert list(frame) == [name for name in plain if name != "run_name"]
    assert list(frame_of([call(run_name="a")])) == plain


def test_dtypes_are_as_declared(call, failed, frame_of):
    frame = frame_of([call(run_name="a"), failed(item=1)])
    for column in COLUMNS:
        if column.prefix is None and column.dtype not in ("inferred", "category"):
            assert str(frame[column.name].dtype) == column.dtype, column.name
        if column.dtype == "category":
            assert isinstance(frame[column.name].dtype, pd.CategoricalDtype)


def test_an_empty_run_has_the_same_dtypes(call, frame_of):
    full, empty = frame_of([call()]), build_frame([], models=["a"], prompts=[None])
    for column in COLUMNS:
        if column.prefix is None and column.dtype not in ("inferred", "category"):
            assert empty[column.name].dtype == full[column.name].dtype
    assert len(empty) == 0


def test_families_stand_in_their_places(call, frame_of):
    row = call(
        param_temperature=0.7, var_text="hi", var_region="eu", score_a=True, note_a=None
    )
    names = list(frame_of([row | {"parsed": {"intent": "refund"}, "score_b": 0.5}]))
    assert names[8:13] == ["choice", "param_temperature", "var_text", "var_region"] + [
        "expected"
    ]
    at = names.index("parsed")
    assert names[at : at + 3] == ["parsed", "parsed_intent", "tool_calls"]
    assert names[-4:] == ["started_at", "score_a", "note_a", "score_b"]


def test_a_dict_evaluators_note_follows_its_scores(call, frame_of):
    frame = frame_of([call(score_f_x=True, score_f_y=False, note_f="why")])
    assert list(frame)[-3:] == ["score_f_x", "score_f_y", "note_f"]


def test_models_and_prompts_keep_the_order_given(call):
    rows = [call(model, prompt=prompt) for model, prompt in (("b", "p2"), ("a", "p1"))]
    frame = build_frame(rows, models=["b", "a", "never"], prompts=["p2", None, "p1"])
    assert list(frame["model"].cat.categories) == ["b", "a", "never"]
    assert list(frame["prompt"].cat.categories) == ["p2", "p1"]


def test_a_model_that_was_not_announced_is_kept(call):
    frame = build_frame([call("new")], models=["a"], prompts=[])
    assert list(frame["model"]) == ["new"]


def test_unknown_is_missing_never_zero(call, frame_of):
    row = frame_of([call(cost=None, latency=float("nan"), prompt_tokens=None)]).loc[0]
    assert row[["cost", "latency", "prompt_tokens", "cached"]].isna().all()


def test_status_is_one_of_four(call, frame_of):
    frame = frame_of([call()])
    assert list(frame["status"].cat.categories) == [
        "ok",
        "error",
        "maybe_billed",
        "skipped",
    ]
    with pytest.raises(ValueError, match="status is 'okay'; allowed: ok, error"):
        frame_of([call(status="okay")])


def test_an_undeclared_column_is_refused(call, frame_of):
    with pytest.raises(ValueError, match="'latancy' is not a declared column"):
        frame_of([call(latancy=1.0)])


class Ticket(pydantic.BaseModel):
    intent: str
    order: int | None = None


def test_structured_output_becomes_columns(call, frame_of):
    rows = [
        call(parsed=Ticket(intent="refund", order=7)),
        call(item=1, parsed=Ticket(intent="other")),
        call(item=2),
    ]
    frame = frame_of(rows)
    assert frame["parsed"].tolist() == [
        {"intent": "refund", "order": 7},
        {"intent": "other", "order": None},
        None,
    ]
    assert frame["parsed_intent"].dtype == "string"
    assert frame["parsed_order"].dtype == "Int64"


def test_a_model_cannot_make_columns_without_end(call, frame_of):
    frame = frame_of([call(parsed={f"f{i}": i for i in range(5_000)})])
    assert len(frame.columns) < 200
    assert len(frame.loc[0, "parsed"]) == 5_000


def test_times_are_utc(call, frame_of):
    frame = frame_of([call(started_at=datetime(2026, 1, 1, tzinfo=UTC))])
    assert str(frame["started_at"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["a", None], "string"),
        ([1, None], "Int64"),
        ([0, 0.7], "Float64"),
        ([1.0, 2.0], "Float64"),
        ([True, None], "boolean"),
        ([np.int64(1), 2], "Int64"),
        ([1, "a"], "object"),
        ([True, 1], "object"),
        ([None, None], "object"),
        ([["stop"], None], "object"),
        ([2**70, 1], "object"),
        ([2**63, 1], "object"),
        ([], "object"),
    ],
)
def test_dtypes_are_inferred_from_what_is_there(values, dtype):
    column = pd.Series(inferred_column(values))
    assert str(column.dtype) == dtype
    kept = [None if pd.isna(one) is True else one for one in column]
    assert kept == values


def test_lone_surrogates_never_reach_a_text_column():
    assert list(text_column(["a\ud800b"])) == ["a\ufffdb"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([True, None], "boolean"),
        ([np.True_, False], "boolean"),
        ([True, 0.5], "Float64"),
        ([1, None], "Float64"),
        ([None, None], "Float64"),
    ],
)
def test_scores_are_boolean_or_numbers(values, dtype):
    assert str(scores_column(values).dtype) == dtype
