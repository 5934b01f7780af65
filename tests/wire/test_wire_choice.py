from __future__ import annotations

import pydantic
import pytest

from respan_lab.wire import Choice, ToolCall


def choice(**message) -> Choice:
    return Choice({"message": message}, index=0)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Hi", "Hi"),
        (None, ""),
        ("", ""),
        ([{"type": "text", "text": "a"}, {"type": "image_url"}, {"text": "b"}], "ab"),
        (["a", "b"], "ab"),
        ([None, 3, {"text": None}], ""),
        ({"odd": 1}, ""),
    ],
)
def test_the_text_of_every_content(content, text: str) -> None:
    assert choice(content=content).text == text


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ({}, []),
        ({"tool_calls": None}, []),
        ({"tool_calls": [None, {"function": None}, {}]}, []),
        (
            {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
            [("1", "f", "{}")],
        ),
        (
            {"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            [(None, "f", '{"a": 1}')],
        ),
        (
            {"tool_calls": [{"id": "1", "custom": {"name": "f", "input": "x"}}]},
            [("1", "f", "x")],
        ),
        ({"tool_calls": [{"id": 5, "function": {"name": None}}]}, [(None, "", "")]),
        ({"function_call": {"name": "f", "arguments": ""}}, [(None, "f", "")]),
    ],
)
def test_tool_calls_of_every_form(message: dict, calls: list) -> None:
    assert choice(**message).tool_calls == calls


def test_arguments_are_decoded_if_they_are_json() -> None:
    assert ToolCall("1", "f", '{"a": [1]}').parsed == {"a": [1]}
    assert ToolCall("1", "f", '{"a": [1').parsed is None
    assert ToolCall("1", "f", "[" * 100_000).parsed is None


def test_a_refusal_and_its_absence() -> None:
    assert choice(refusal="I cannot").refusal == "I cannot"
    assert choice(refusal=None).refusal is None
    assert choice(refusal="").refusal is None


class Intent(pydantic.BaseModel):
    label: str

    @pydantic.field_validator("label")
    @classmethod
    def known(cls, label: str) -> str:
        if label == "bug":
            raise KeyError(label)  # a mistake in a user's own check
        return label


def parse(text: str) -> Choice:
    return Choice({"message": {"content": text}}, index=0, output_type=Intent)


def test_an_answer_that_fits_is_an_instance() -> None:
    assert parse('{"label": "refund"}').parsed == Intent(label="refund")
    assert parse('{"label": "refund"}').parse_error is None


@pytest.mark.parametrize("text", ["", "refund", '{"label": 3}', '{"label": "bug"}'])
def test_one_that_does_not_fit_is_kept_with_the_reason(text: str) -> None:
    answer = parse(text)
    assert answer.parsed is None
    assert answer.parse_error
    assert answer.text == text


def test_without_a_class_nothing_is_parsed() -> None:
    assert choice(content='{"a": 1}').parsed is None
    assert choice(content='{"a": 1}').parse_error is None


def test_odd_choices_are_read_as_far_as_they_go() -> None:
    odd = Choice(
        {"index": "x", "message": 5, "finish_reason": {}, "logprobs": "?"}, index=2
    )
    assert (odd.index, odd.message, odd.text) == (2, {}, "")
    assert (odd.finish_reason, odd.logprobs) == (None, None)


def test_logprobs_are_as_sent_with_clean_text() -> None:
    sent = {"content": [{"token": "\ud800", "logprob": -0.5}]}
    odd = Choice({"message": {}, "logprobs": sent}, index=0)
    assert odd.logprobs == {"content": [{"token": "\ufffd", "logprob": -0.5}]}
