from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.wire import Attempt, Completion, Timing, Usage

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
RAW = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello"},
            "finish_reason": "stop",
            "logprobs": {"content": [{"token": "Hello", "logprob": -0.1}]},
        },
        {"index": 1, "message": {"content": "Howdy"}, "finish_reason": "length"},
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 21},
}
BREAKDOWN = {
    "cost": 0.002,
    "cached": False,
    "prompt_tokens": 9,
    "completion_tokens": 21,
    "model": "other",
    "provider": "openai",
    "latency": 0.9,
    "routing_time": 0.01,
}


def streamed(**changes) -> Timing:
    seconds = {
        "queue_time": 0.1,
        "latency": 1.2,
        "retry_time": 0.3,
        "time_to_first_token": 0.2,
        "first_delta": 0.2,
        "last_delta": 1.2,
        "n_deltas": 21,
    }
    return Timing(NOON, **{**seconds, **changes})


def with_breakdown(**changes) -> dict:
    return {**RAW, "request_breakdown": {**BREAKDOWN, **changes}}


def test_the_first_choice_speaks_for_the_answer() -> None:
    answer = Completion(RAW, asked_model="gpt-4o-mini")
    assert answer.text == "Hello"
    assert answer.message == {"role": "assistant", "content": "Hello"}
    assert answer.finish_reason == "stop"
    assert answer.logprobs == RAW["choices"][0]["logprobs"]
    assert answer.id == "chatcmpl-1"
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.asked_model == "gpt-4o-mini"
    assert answer.tool_calls == []
    assert [each.text for each in answer.choices] == ["Hello", "Howdy"]
    assert [each.index for each in answer.choices] == [0, 1]
    assert answer.usage == Usage(9, 21, 30)
    assert answer.raw is RAW


def test_what_is_not_said_is_none() -> None:
    answer = Completion({})
    assert answer.text == ""
    for name in (
        *("id", "model", "provider", "finish_reason", "logprobs", "refusal"),
        *("parsed", "parse_error", "breakdown", "prompt_message", "log_id"),
        *("request_id", "cost", "cost_source", "cost_note", "reported_cost", "cached"),
        *("latency", "time_to_first_token", "tokens_per_second", "latency_source"),
        *("queue_time", "retry_time", "started_at", "asked_model"),
    ):
        assert getattr(answer, name) is None, name
    assert answer.usage == Usage()


def test_without_choices_an_object_with_a_role_is_the_message() -> None:
    raw = {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}
    assert Completion(raw).text == "Hi"
    assert Completion(raw).message == raw


def test_ids_and_provider_come_from_headers_of_any_case() -> None:
    headers = {
        "X-Respan-Log-Id": "log",
        "x-respan-gateway-request-id": "req",
        "X-RESPAN-PROVIDER": "azure",
    }
    answer = Completion(with_breakdown(), headers=headers)
    assert (answer.log_id, answer.request_id) == ("log", "req")
    assert answer.provider == "azure"
    assert Completion(with_breakdown()).provider == "openai"
    assert Completion({**RAW, "provider": "together"}).provider == "together"


@pytest.mark.parametrize(
    ("raw", "cost", "source"),
    [
        (with_breakdown(), 0.002, "gateway"),
        (with_breakdown(cost=0), 0.0, "gateway"),
        ({**RAW, "cost": 0.5}, 0.5, "gateway"),
        ({**with_breakdown(cost=None), "cost": 0.5}, 0.5, "gateway"),
        (RAW, 0.7, "price_table"),
        (with_breakdown(cost="free"), 0.7, "price_table"),
        (with_breakdown(cost=-1), 0.7, "price_table"),
        (with_breakdown(cost=float("nan")), 0.7, "price_table"),
        (with_breakdown(cost=True), 0.7, "price_table"),
    ],
)
def test_the_gateways_cost_beats_the_price_tables(raw, cost, source) -> None:
    answer = Completion(raw, cost_of=lambda _: (0.7, None))
    assert (answer.cost, answer.cost_source) == (cost, source)


def test_an_unknown_price_is_no_price_and_says_why() -> None:
    answer = Completion(RAW, cost_of=lambda c: (None, f"no price for {c.model}"))
    assert answer.cost is None
    assert answer.cost_source is None
    assert answer.cost_note == "no price for gpt-4o-mini-2024-07-18"


def test_the_price_is_asked_for_once_and_only_when_needed() -> None:
    asked = []
    answer = Completion(RAW, cost_of=lambda c: (asked.append(c) or 0.7, None))
    assert asked == []
    assert (answer.cost, answer.cost, answer.cost_source) == (0.7, 0.7, "price_table")
    assert len(asked) == 1


def test_usage_falls_back_on_the_breakdown() -> None:
    for missing in ({}, None):
        assert (
            Completion({**with_breakdown(), "usage": missing}).usage.total_tokens == 30
        )


def test_the_breakdown_is_as_sent() -> None:
    answer = Completion(with_breakdown(sentiment_score=3))
    assert answer.breakdown == {**BREAKDOWN, "sentiment_score": 3}
    assert answer.cached is False
    assert Completion({**RAW, "request_breakdown": "odd"}).breakdown is None


def test_measured_times() -> None:
    answer = Completion(RAW, timing=streamed())
    assert answer.started_at == NOON
    assert answer.latency == 1.2
    assert answer.time_to_first_token == 0.2
    assert answer.queue_time == 0.1
    assert answer.retry_time == 0.3
    assert answer.latency_source == "measured"
    assert answer.tokens_per_second == pytest.approx(20.0)


def test_what_the_gateway_held_back_is_waiting_and_not_latency() -> None:
    headers = {"X-Respan-Lab-Queue-Time": "0.15"}
    answer = Completion(RAW, headers=headers, timing=streamed())
    assert answer.latency == pytest.approx(1.05)
    assert answer.time_to_first_token == pytest.approx(0.05)
    assert answer.queue_time == pytest.approx(0.25)
    assert answer.tokens_per_second == pytest.approx(20.0)


@pytest.mark.parametrize("held", ["soon", "-1", "nan", "inf", ""])
def test_a_queue_time_that_is_none_changes_nothing(held: str) -> None:
    headers = {"x-respan-lab-queue-time": held}
    assert Completion(RAW, headers=headers, timing=streamed()).latency == 1.2


def test_simulated_models_declare_their_times() -> None:
    raw = with_breakdown(
        simulated=True, time_to_first_token=0.25, tokens_per_second=40.0
    )
    answer = Completion(raw, timing=streamed())
    assert answer.latency == 0.9
    assert answer.time_to_first_token == 0.25
    assert answer.tokens_per_second == 40.0
    assert answer.latency_source == "declared"
    assert answer.queue_time == 0.1


@pytest.mark.parametrize(
    ("changes", "usage", "message", "rate"),
    [
        ({}, {}, {}, 20.0),
        ({"n_deltas": 5}, {}, {}, 20.0),
        ({"n_deltas": 4}, {}, {}, None),
        ({"last_delta": 0.2}, {}, {}, None),
        ({"first_delta": None}, {}, {}, None),
        ({}, {"reasoning_tokens": 10}, {}, 10.0),
        ({}, {"reasoning_tokens": 10}, {"reasoning_content": "hm"}, 20.0),
        ({}, {"reasoning_tokens": 20}, {}, None),
        ({}, {"completion_tokens": None}, {}, None),
    ],
)
def test_the_rate_counts_what_was_streamed(changes, usage, message, rate) -> None:
    raw = {
        **RAW,
        "choices": [{"message": {"content": "Hi", **message}}],
        "usage": {**RAW["usage"], **usage},
    }
    found = Completion(raw, timing=streamed(**changes)).tokens_per_second
    assert found == (None if rate is None else pytest.approx(rate))


def test_the_rendered_prompt_is_there_if_it_was_echoed() -> None:
    rendered = [{"role": "user", "content": "Hi"}]
    assert Completion({**RAW, "prompt_message": rendered}).prompt_message == rendered


def test_the_repr_is_short_and_escaped() -> None:
    raw = {"choices": [{"message": {"content": "\x1b[31m<b>\n" + "x" * 500}}]}
    shown = repr(Completion(raw))
    assert len(shown) < 160
    assert shown.isprintable()
    assert not hasattr(Completion(raw), "_repr_html_")


def test_no_lone_surrogate_gets_out() -> None:
    raw = json.loads(
        r'{"id": "\ud800", "model": "\ud800", "provider": "\ud800", "request_breakdown"'
        r': {"a": "\ud800"}, "prompt_message": ["\ud800"], "choices": [{"message": '
        r'{"content": "\ud800", "refusal": "\ud800", "tool_calls": [{"id": "\ud800", '
        r'"function": {"name": "\ud800", "arguments": "\ud800"}}]}, "finish_reason": '
        r'"\ud800", "logprobs": {"content": ["\ud800"]}}]}'
    )
    answer = Completion(raw)
    out = [answer.id, answer.model, answer.provider, answer.breakdown, answer.text]
    out += [answer.prompt_message, answer.message, answer.refusal, answer.tool_calls]
    out += [answer.finish_reason, answer.logprobs, answer.raw]
    text = json.dumps(out, ensure_ascii=False)
    assert "\ufffd" in text
    text.encode()


def test_an_answer_can_be_pickled_with_its_cost_and_without_other_headers() -> None:
    answer = Completion(
        RAW,
        headers={"x-respan-log-id": "log", "set-cookie": "session=secret"},
        timing=streamed(),
        attempts=(Attempt(NOON, 0.0, 0.1, 200, None, None, True),),
        asked_model="m",
        cost_of=lambda _: (0.7, "a note"),
    )
    pickled = pickle.dumps(answer)
    assert b"session=secret" not in pickled
    again = pickle.loads(pickled)
    assert again.text == "Hello"
    assert (again.cost, again.cost_source) == (0.7, "price_table")
    assert again.log_id == "log"
    assert again.latency == answer.latency
    assert again.attempts == answer.attempts


NAMES = (
    ["choices", "message", "content", "tool_calls", "function", "name", "arguments"]
    + ["usage", "request_breakdown", "cost", "model", "id", "simulated", "latency"]
    + ["role", "text", "logprobs", "finish_reason", "prompt_message", "provider"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)
PROPERTIES = [
    name for name, each in vars(Completion).items() if isinstance(each, property)
]


@given(JSON)
def test_any_json_can_be_read(raw) -> None:
    answer = Completion(raw, timing=streamed())
    for name in PROPERTIES:
        getattr(answer, name)
    repr(answer)


def test_what_the_gateway_warns_of_can_be_read() -> None:
    headers = {"x-respan-lab-warnings": '["weight has no effect", 3]'}
    answer = Completion(RAW, headers=headers)
    assert answer.warnings == ["weight has no effect"]
    assert pickle.loads(pickle.dumps(answer)).warnings == answer.warnings
    assert Completion(RAW).warnings == []
    assert Completion(RAW, headers={"x-respan-lab-warnings": "["}).warnings == []


def test_a_hit_of_the_response_cache_costs_nothing() -> None:
    answer = Completion(
        RAW,
        headers={"x-respan-lab-cache": "hit"},
        cost_of=lambda completion: (1.0, None),
    )
    assert (answer.cached, answer.cost, answer.cost_source) == (True, 0.0, "gateway")
