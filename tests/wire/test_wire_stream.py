from __future__ import annotations

import pytest

from respan_lab.errors import StreamError
from respan_lab.wire import StreamAssembler


def breakdown_chunk(breakdown: dict) -> dict:
    return {
        "id": "request_breakdown",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "extra_parameter",
        "usage": {},
        "choices": [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": None},
                "message": {"role": "assistant", "content": None},
                "finish_reason": "stop",
                "request_breakdown": breakdown,
            }
        ],
    }


def assemble(payloads: list[dict]) -> StreamAssembler:
    stream = StreamAssembler()
    for payload in payloads:
        stream.feed(payload)
    return stream


def chunk(delta: dict, **choice) -> dict:
    return {"id": "c1", "model": "m", "choices": [{"delta": delta, **choice}]}


@pytest.mark.parametrize(
    ("delta", "has_content"),
    [
        ({"content": "a"}, True),
        ({"content": ""}, False),
        ({"role": "assistant", "content": None}, False),
        ({"reasoning_content": "hm"}, True),
        ({"reasoning": "hm"}, True),
        ({"refusal": "no"}, True),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}, True),
        ({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, False),
        ({"tool_calls": [{"index": 0, "custom": {"input": "x"}}]}, True),
        ({"tool_calls": [None]}, False),
        ({"function_call": {"arguments": "{"}}, True),
        ({}, False),
    ],
)
def test_what_counts_as_content(delta: dict, has_content: bool) -> None:
    piece = StreamAssembler().feed(chunk(delta))
    assert piece is not None
    assert piece.has_content is has_content


def test_usage_and_breakdown_chunks_give_no_chunk() -> None:
    stream = StreamAssembler()
    assert stream.feed({"choices": [], "usage": {"prompt_tokens": 1}}) is None
    assert stream.feed(breakdown_chunk({"cost": 1.0})) is None
    assert stream.result()["usage"] == {"prompt_tokens": 1}
    assert stream.result()["request_breakdown"] == {"cost": 1.0}


def test_the_breakdowns_chunk_lends_the_answer_nothing_else() -> None:
    stream = assemble([chunk({"content": "a"}), breakdown_chunk({"cost": 1.0})])
    stream.mark_done()
    answer = stream.result()
    assert (answer["id"], answer["model"]) == ("c1", "m")
    assert answer["choices"][0]["finish_reason"] is None


def test_a_breakdown_may_stand_at_the_top_of_any_chunk() -> None:
    payload = {**chunk({"content": "a"}), "request_breakdown": {"cost": 1.0}}
    assert assemble([payload]).result()["request_breakdown"] == {"cost": 1.0}


def test_an_answer_is_whole_after_done_or_when_every_choice_ended() -> None:
    stream = assemble([chunk({"content": "a"}, index=0)])
    assert not stream.has_finished
    stream.feed(chunk({}, index=1))
    stream.feed(chunk({}, index=0, finish_reason="stop"))
    assert not stream.has_finished
    stream.feed(chunk({}, index=1, finish_reason="length"))
    assert stream.has_finished
    cut_off = assemble([chunk({"content": "a"})])
    cut_off.mark_done()
    assert cut_off.has_finished
    assert not StreamAssembler().has_finished


@pytest.mark.parametrize(
    ("payload", "event", "said"),
    [
        ({"error": {"message": "overloaded", "type": "x"}}, None, "overloaded"),
        ({"error": "overloaded"}, None, "overloaded"),
        ({"detail": "overloaded"}, "error", "overloaded"),
        ("overloaded", "error", "overloaded"),
        ({**chunk({"content": "a"}), "error": {"code": 502}}, None, "502"),
        ([], None, "it says"),
        (None, None, "None"),
    ],
)
def test_an_error_in_the_stream_is_raised(payload, event, said: str) -> None:
    with pytest.raises(StreamError, match=said):
        StreamAssembler().feed(payload, event=event)


def test_an_error_of_null_is_none() -> None:
    assert StreamAssembler().feed({**chunk({"content": "a"}), "error": None})


def test_secrets_are_not_repeated_in_a_stream_error() -> None:
    stream = StreamAssembler(secrets=lambda: ["sk-123456"])
    with pytest.raises(StreamError) as caught:
        stream.feed({"error": "key sk-123456 is wrong"})
    assert "sk-123456" not in str(caught.value)


def test_what_came_before_an_error_is_kept() -> None:
    stream = assemble([chunk({"content": "half"})])
    with pytest.raises(StreamError):
        stream.feed({"error": "gone"})
    assert stream.result()["choices"][0]["message"]["content"] == "half"


def test_parallel_calls_that_share_an_index_stay_apart_by_id() -> None:
    def call(id: str) -> dict:
        return {"index": 0, "id": id, "function": {"name": id, "arguments": "{}"}}

    stream = assemble([chunk({"tool_calls": [call(id)]}) for id in ("a", "b")])
    calls = stream.result()["choices"][0]["message"]["tool_calls"]
    assert [each["id"] for each in calls] == ["a", "b"]


def test_names_repeated_in_later_deltas_are_not_added_up() -> None:
    head = {"index": 0, "id": "a", "type": "function", "function": {"name": "f"}}
    later = {"index": 0, "id": "", "type": "function", "function": {"name": ""}}
    later["function"]["arguments"] = "{}"
    stream = assemble([chunk({"tool_calls": [each]}) for each in (head, later)])
    (call,) = stream.result()["choices"][0]["message"]["tool_calls"]
    assert call["id"] == "a"
    assert call["function"] == {"name": "f", "arguments": "{}"}


def test_a_character_split_over_two_deltas_is_whole() -> None:
    stream = assemble([chunk({"content": "\ud83d"}), chunk({"content": "\ude00"})])
    assert stream.result()["choices"][0]["message"]["content"] == "😀"


def test_an_empty_model_does_not_hide_the_real_one() -> None:
    stream = assemble([chunk({"content": "a"}), {"model": "", "choices": []}])
    assert stream.result()["model"] == "m"


def test_a_whole_message_in_place_of_a_delta_is_taken_once() -> None:
    whole = {"choices": [{"message": {"content": "ab"}, "finish_reason": "stop"}]}
    assert assemble([whole]).result()["choices"][0]["message"]["content"] == "ab"
    both = assemble([chunk({"content": "a"}), chunk({"content": "b"}), whole])
    assert both.result()["choices"][0]["message"]["content"] == "ab"
