"""What the fields do that are for the log, and for the breakdown of an answer."""

from __future__ import annotations

import json
from typing import Any

from contract_stage import MESSAGES, Stage, breakdown, chunks, text, warnings
from contract_table import FIELDS, TABLE
from field_effects import shows

_TEXTS = (
    *("prompt_messages", "completion_message", "completion_messages", "tools"),
    *("tool_calls", "full_request", "full_response", "input", "output"),
)


def kept(stage: Stage, name: str, value: Any) -> None:
    """Plain and streamed: the row has it, and the filter finds it."""
    for is_stream in (False, True):
        answer = stage.ask(stream=is_stream, **{name: value})
        row = stage.row(answer)
        assert row[name] == value
        assert name not in stage.sent
        assert stage.rows(**{name: value})[0]["id"] == row["id"]
    assert stage.row(stage.ask())[name] is None


@shows
def disable_log(stage: Stage) -> None:
    answer = stage.ask(disable_log=True, custom_identifier="quiet")
    row = stage.row(answer)
    assert {name: row[name] for name in _TEXTS} == dict.fromkeys(_TEXTS)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (10, 4)
    assert row["cost"] == 30e-6
    assert row["latency"] > 0
    assert row["custom_identifier"] == "quiet"
    assert stage.row(stage.ask(disable_log=False))["prompt_messages"] == MESSAGES
    assert "disable_log" not in stage.sent


@shows
def metadata(stage: Stage) -> None:
    answer = stage.ask(metadata={"plan": "pro", "n": 1, "_own": "x"})
    row = stage.row(answer)
    assert row["metadata"] == {"plan": "pro", "n": "1"}
    said = " ".join(warnings(answer))
    assert "metadata.n is kept as a text" in said
    assert "metadata._own is dropped" in said
    assert [each["id"] for each in stage.rows(metadata__plan="pro")] == [row["id"]]
    assert "metadata" not in stage.sent


@shows
def properties(stage: Stage) -> None:
    given = {"n": 1, "share": 0.5, "is_new": True, "nested": {"list": [1, None]}}
    answer = stage.ask(properties=given)
    assert stage.row(answer)["properties"] == given
    assert warnings(answer) == []
    assert "properties" not in stage.sent


@shows
def custom_identifier(stage: Stage) -> None:
    kept(stage, "custom_identifier", "run-7")


@shows
def thread_identifier(stage: Stage) -> None:
    kept(stage, "thread_identifier", "thread-1")


@shows
def customer_identifier(stage: Stage) -> None:
    longest = FIELDS["customer_identifier"]["longest"]
    kept(stage, "customer_identifier", "c" * longest)
    error = stage.refused(customer_identifier="c" * (longest + 1))
    assert error["param"] == "customer_identifier"
    assert str(longest) in error["message"]


@shows
def customer_params(stage: Stage) -> None:
    given = {
        "customer_identifier": "c2",
        "group_identifier": "g",
        "name": "Ada",
        "email": "ada@example.org",
    }
    answer = stage.ask(customer_params=given, customer_identifier="c1")
    row = stage.row(answer)
    named = ("customer_identifier", "group_identifier", "customer_name")
    assert [row[name] for name in named] == ["c2", "g", "Ada"]
    assert row["customer_email"] == "ada@example.org"
    budget = {
        "period_budget": 1.5,
        "budget_duration": "daily",
        "total_budget": 10,
        "markup_percentage": 20,
    }
    warned = warnings(stage.ask(customer_params={**given, **budget}))
    for name in budget:
        assert f"customer_params.{name} is recorded and not enforced" in warned
    assert "customer_params" not in stage.sent


@shows
def request_breakdown(stage: Stage) -> None:
    required = TABLE["answer"]["breakdown"]["required"]
    asked = {"request_breakdown": True, "metadata": {"k": "v"}}
    for is_stream in (False, True):
        answer = stage.ask(stream=is_stream, **asked)
        told = breakdown(answer)
        assert [name for name in required if name not in told] == []
        assert (told["prompt_tokens"], told["completion_tokens"]) == (10, 4)
        assert told["cost"] == 30e-6
        assert (told["model"], told["status_code"]) == ("up-1", 200)
        assert (told["cached"], told["stream"]) == (False, is_stream)
        assert told["prompt_messages"] == MESSAGES
        assert told["completion_message"]["content"] == "hello"
        assert told["metadata"] == {"k": "v"}
        assert told["full_request"]["model"] == "up/a"
        assert told["timestamp"].endswith("Z")
        assert 0 < told["routing_time"] < told["latency"]
        assert (told["time_to_first_token"] is not None) is is_stream
        assert text(answer) == "hello"
    _breakdown_chunk(chunks(answer)[-1])
    assert "request_breakdown" not in stage.sent
    for is_stream in (False, True):
        assert "request_breakdown" not in stage.ask(stream=is_stream).text


def _breakdown_chunk(last: Any) -> None:
    assert last["id"] == "request_breakdown"
    assert last["object"] == "chat.completion.chunk"
    assert last["model"] == "extra_parameter"
    assert last["usage"] == {}
    (choice,) = last["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["delta"] == {"content": None, "role": "assistant"}


@shows
def positive_feedback(stage: Stage) -> None:
    kept(stage, "positive_feedback", True)
    kept(stage, "positive_feedback", False)


@shows
def span_name(stage: Stage) -> None:
    kept(stage, "span_name", "summarise")
    answer = stage.ask(span_name="s" * 300)
    assert stage.row(answer)["span_name"] == "s" * 255
    assert warnings(answer) == ["span_name was cut after 255 characters"]


@shows
def respan_params(stage: Stage) -> None:
    inside = {"span_name": "inside", "properties": {"n": 1}, "request_breakdown": True}
    for boxed in (inside, json.dumps(inside)):
        answer = stage.ask(respan_params=boxed)
        row = stage.row(answer)
        assert (row["span_name"], row["properties"]) == ("inside", {"n": 1})
        assert breakdown(answer)["cost"] == 30e-6
    answer = stage.ask(respan_params=inside, span_name="top")
    assert stage.row(answer)["span_name"] == "top"
    assert "span_name was sent twice" in warnings(answer)[0]
    legacy = {FIELDS["respan_params"]["legacy"]: {**inside, "span_name": "legacy"}}
    assert stage.row(stage.ask(**legacy))["span_name"] == "legacy"
    both = stage.ask(respan_params={"span_name": "inside"}, **legacy)
    assert stage.row(both)["span_name"] == "inside"
    ignored = stage.ask(respan_params=[inside], span_name="top")
    assert stage.row(ignored)["span_name"] == "top"
    assert "respan_params is not an object" in warnings(ignored)[0]
    misplaced = stage.ask(respan_params={"temperature": 1})
    assert "temperature belongs at the top level" in warnings(misplaced)[0]
    for seen in stage.seen:
        assert seen.body == {"model": "a", "messages": MESSAGES}
