from __future__ import annotations

import json
import random

import pytest

from respan_lab.gateway.providers.simulated.reading import read
from respan_lab.gateway.providers.simulated.writer import Writer

TASK = (
    "Answer with JSON only: {"
    '"intent": ..., "order": ...}\nintent is one of: refund, delivery, cancel.\n\n'
    "Message: Where is my parcel K-2041? I paid 12 euros.\nJSON:"
)


def writer(text, *, is_right=True, seed=0):
    reading = read([{"role": "user", "content": text}])
    return Writer(reading, is_right=is_right, random=random.Random(seed))


def test_json_is_filled_with_the_label_and_the_code():
    expected = {"intent": "delivery", "order": "K-2041"}
    assert json.loads(writer(TASK).answer()) == expected


def test_a_slip_spoils_exactly_one_field():
    for seed in range(20):
        answer = json.loads(writer(TASK, is_right=False, seed=seed).answer())
        assert answer["order"] == "K-2041"
        assert answer["intent"] in ("refund", "cancel")


def test_a_label_is_given_alone():
    assert writer("Is it one of: refund, delivery?\n\nWhere is it?").answer() == (
        "delivery"
    )


def test_a_label_nobody_can_tell_is_still_one_of_them():
    found = {
        writer("It is one of: blue, green.\n\nHm.", seed=seed).answer()
        for seed in range(20)
    }
    assert found == {"blue", "green"}


def test_otherwise_the_answer_quotes_the_text():
    text = "Summarise.\n\nText: It rained. The old bridge fell into the river."
    assert writer(text).answer().endswith("The old bridge fell into the river.")
    assert writer(text, is_right=False).answer().endswith("It rained.")
    assert writer("").answer().endswith("nothing.")


@pytest.mark.parametrize(
    ("key", "value", "slip"),
    [
        ("order_id", "AB-1208", "AB-1209"),
        ("orderNumber", "AB-1208", "AB-1209"),
        ("price", 35.5, 36.5),
        ("email", "ann@example.org", None),
        ("customer_name", "Ann Berg", None),
        ("is_open", False, True),
        ("summary", "I am Ann Berg, ann@example.org, and AB-1208 is not here.", None),
    ],
)
def test_fields_are_filled_by_their_names(key, value, slip):
    text = (
        "Read.\n\nText: I am Ann Berg, ann@example.org, and AB-1208 is not here. "
        "It cost 35.50 euros."
    )
    assert writer(text).value(key) == value
    wrong = writer(text, is_right=False).value(key)
    assert wrong == slip or (key == "summary" and wrong == "It cost 35.50 euros.")


def test_what_the_text_does_not_say_is_none():
    empty = writer("Read.\n\nText: Hello there.")
    assert empty.value("order") is None
    assert empty.value("email") is None
    assert empty.value("is_open") is True
    assert 0 <= empty.value("score") <= 1
    assert empty.value("sentiment") in ("positive", "negative", "neutral")
    assert empty.value("answer") == "Hello there."


def test_codes_of_digits_are_taken_if_there_is_no_better():
    assert writer("Read.\n\nText: invoice 77120, order B-84.").code() == "B-84"
    assert writer("Read.\n\nText: invoice 77120.").code() == "77120"


def test_json_without_keys_has_one():
    assert json.loads(writer("Say hello.").answer(as_json=True)) == {
        "answer": "Say hello."
    }


def test_keywords_are_never_empty():
    assert writer("Read.\n\nText: Broken windows, broken doors.").keywords() == [
        "broken",
        "windows",
        "doors",
    ]
    assert writer("").keywords() == ["none"]
