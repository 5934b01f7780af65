from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.providers.simulated.lexicon import best_option, labels, words
from respan_lab.gateway.providers.simulated.reading import read

INTENTS = ("refund", "delivery", "cancel", "damaged")


def user(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    "instruction",
    [
        "The intent is one of: refund, delivery, cancel, damaged.",
        "intent must be one of refund, delivery, cancel or damaged.",
        'Set "intent" to either `refund`, `delivery`, `cancel`, or `damaged`.',
        "Classify the message as refund, delivery, cancel or damaged.",
        "Name the intent (refund, delivery, cancel or damaged) and the number.",
        "Intent of the message (refund, delivery, cancel, or damaged).",
        "Choose from refund / delivery / cancel / damaged.",
        "Options: refund, delivery, cancel, damaged",
        "Labels: refund|delivery|cancel|damaged",
        'Reply {"intent": "refund|delivery|cancel|damaged"}',
        "It is one of:\n- refund\n- delivery\n- cancel\n- damaged",
        "One of these intents:\n* refund: money back\n* delivery: where it is\n"
        "* cancel (before it is sent)\n* damaged - it is broken",
    ],
)
def test_options_are_found(instruction):
    reading = read(user(f"{instruction}\n\nText: Where is it?"))
    assert INTENTS in reading.options.values()
    assert reading.subject == "Where is it?"


def test_options_belong_to_the_key_they_are_named_for():
    text = "intent is one of: refund, cancel. tone must be polite or rude.\n\nHello"
    assert read(user(text)).options == {
        "intent": ("refund", "cancel"),
        "tone": ("polite", "rude"),
    }


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Read it.\nMessage: Where is B-1?\nJSON:", "Where is B-1?"),
        ("Read it.\n\nText: One.\nAnswer: x\n\nText: Two.\nAnswer:", "Two."),
        ("Summarise this.\n\nThe cat sat.\nIt slept.", "The cat sat.\nIt slept."),
        ("Positive or negative, one of: positive, negative. I love it!", "I love it!"),
        ("I love it!\n\nIs this one of: positive, negative?", "I love it!"),
        ("Is it one of: refund, delivery?\n\nWhere is it?", "Where is it?"),
        ("Just a text.", "Just a text."),
        ("", ""),
    ],
)
def test_the_subject_is_parted_from_the_instructions(text, subject):
    assert read(user(text)).subject == subject


def test_instructions_may_stand_in_another_message():
    messages = [
        {"role": "system", "content": 'Reply as JSON with "tone", one of: kind, rude.'},
        *user("Thanks a lot."),
    ]
    reading = read(messages)
    assert reading.subject == "Thanks a lot."
    assert reading.wants_json
    assert reading.keys == ("tone",)
    assert list(reading.options.values()) == [("kind", "rude")]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('Reply {"a": ..., "b_c": "x"}.\n\nText', ("a", "b_c")),
        (
            "Give JSON with the keys name, city and age.\n\nText",
            ("name", "city", "age"),
        ),
        ("Give JSON.\n\nText", ()),
    ],
)
def test_keys_are_found(text, keys):
    reading = read(user(text))
    assert reading.keys == keys
    assert reading.wants_json


def test_the_subject_asks_for_nothing():
    reading = read(user('Read.\n\nText: {"a": 1} as JSON, one of: b, c.'))
    assert (reading.keys, reading.options, reading.wants_json) == ((), {}, False)


@pytest.mark.parametrize(
    ("messages", "has_example"),
    [
        (user("Text: a\nLabel: b\n\nText: c\nLabel:"), True),
        (user("For example, a is b.\n\nText: c"), True),
        ([*user("a"), {"role": "assistant", "content": "b"}, *user("c")], True),
        (user("Label the text.\n\nText: c\nLabel:"), False),
    ],
)
def test_worked_examples_are_noticed(messages, has_example):
    assert read(messages).has_example is has_example


def test_parts_and_empty_messages_are_read():
    parts = [{"type": "text", "text": "One."}, {"type": "image_url"}, "?", None]
    assert read([{"role": "user", "content": parts}]).subject == "One."
    assert read([{"role": "user", "content": None}]).subject == ""
    assert read([{"role": "assistant", "content": "x"}]).subject == ""
    assert read([]).subject == ""


@given(
    st.text(alphabet='aB1 ,|:.{}"\n-oneofr', max_size=200) | st.text(max_size=200),
    st.sampled_from(["user", "system"]),
)
def test_any_text_can_be_read(text, role):
    reading = read([{"role": role, "content": text}])
    assert all(len(options) > 1 for options in reading.options.values())


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("Please give me my money back.", "refund"),
        ("My card was charged two times.", "refund"),
        ("When will the package arrive?", "delivery"),
        ("The courier never came.", "delivery"),
        ("I no longer need it, stop the order please.", "cancel"),
        ("The plate is broken.", "damaged"),
        ("It has a big crack and it leaks.", "damaged"),
        ("Lorem ipsum dolor.", None),
    ],
)
def test_the_option_whose_words_fit_is_best(text, option):
    assert best_option(INTENTS, text) == option


def test_an_option_without_meaning_counts_by_its_own_words():
    assert best_option(["apples", "pears"], "I sell an apple or two.") == "apples"
    assert best_option([], "anything") is None


def test_words_lose_case_and_endings():
    assert words("Cancelled cancelling CANCELS") == {"cancell", "cancel"}
    assert labels("Sentiment") == ("positive", "negative", "neutral")
    assert len(labels("intent")) > 1
