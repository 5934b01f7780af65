from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from respan_lab.errors import PromptError
from respan_lab.prompts import Prompt, conversation, image

CAT = image("https://example.org/cat.png")
CAT_PART = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
TALK = [
    {"role": "user", "content": "Hi {{ name }}"},
    {"role": "assistant", "content": "Hello"},
]


def test_every_content_is_rendered_and_other_fields_stay():
    prompt = Prompt(
        [
            {"role": "system", "content": "Be {{ tone }}.", "name": "{{ tone }}"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "{{ x }}"}]},
            {"role": "user", "content": "{{ text }}"},
        ]
    )
    assert prompt.variables == ("tone", "text")
    assert prompt.render(tone="kind", text="Hi") == [
        {"role": "system", "content": "Be kind.", "name": "{{ tone }}"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "{{ x }}"}]},
        {"role": "user", "content": "Hi"},
    ]


def test_parts_are_rendered():
    parts = [
        "Look,",
        {"type": "text", "text": "{{ text }}"},
        {"type": "image_url", "image_url": {"url": "{{ url }}", "detail": "low"}},
        {"type": "file", "file": {"pages": [1, 2], "file_id": "{{ id }}"}},
    ]
    prompt = Prompt([{"role": "user", "content": parts}])
    assert prompt.variables == ("text", "url", "id")
    (message,) = prompt.render(text="here", url="https://e.org/a.png", id="f1")
    assert message["content"] == [
        {"type": "text", "text": "Look,"},
        {"type": "text", "text": "here"},
        {
            "type": "image_url",
            "image_url": {"url": "https://e.org/a.png", "detail": "low"},
        },
        {"type": "file", "file": {"pages": [1, 2], "file_id": "f1"}},
    ]


def test_a_placeholder_becomes_the_conversation_as_it_is():
    prompt = Prompt(
        [
            {"role": "system", "content": "{{ tone }}"},
            {"role": "placeholder", "name": "messages"},
            {"role": "user", "content": "Now."},
        ]
    )
    assert prompt.variables == ("tone", "messages")
    talk = copy.deepcopy(TALK)
    rendered = prompt.render(tone="kind", messages=talk, name="Ada")
    assert rendered[1:3] == TALK
    rendered[1]["content"] = "changed"
    assert talk == TALK


def test_a_placeholder_without_its_conversation_is_named():
    with pytest.raises(PromptError) as caught:
        Prompt([{"role": "placeholder", "name": "messages"}]).render(messages=None)
    assert caught.value.missing == ("messages",)


@pytest.mark.parametrize(
    "value",
    [TALK, tuple(TALK), json.dumps(TALK), np.array(TALK, dtype=object)],
    ids=["list", "tuple", "json", "array"],
)
def test_a_conversation_is_read_from_what_data_files_give(value):
    assert conversation(value) == TALK


def test_keys_that_parquet_filled_with_none_are_dropped():
    row = [{"role": "assistant", "content": None, "name": None, "tool_calls": []}]
    assert conversation(row) == [
        {"role": "assistant", "content": None, "tool_calls": []}
    ]


def test_pictures_in_a_conversation_become_parts():
    talk = [{"role": "user", "content": ["see", CAT]}, {"role": "user", "content": CAT}]
    assert [message["content"] for message in conversation(talk)] == [
        [{"type": "text", "text": "see"}, CAT_PART],
        [CAT_PART],
    ]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("Hello", "list of messages"),
        ({"role": "user"}, "dict"),
        ([], "at least one"),
        (["Hello"], "message 0 is 'str'"),
        ([{"role": "robot", "content": "x"}], "'robot'; known are system"),
        ([{"content": "x"}], "role None"),
        ([{"role": "user", "content": 3}], "content of message 0 is 'int'"),
        ([{"role": "user", "content": b"x"}], "'bytes'"),
        ([{"role": "user", "content": [3]}], "part of a message is 'int'"),
        (7, "'int'"),
        ([{"role": "placeholder", "name": "x"}], "placeholder"),
    ],
)
def test_what_is_no_conversation_is_explained(value, says):
    with pytest.raises(PromptError, match=says):
        conversation(value)


def test_a_template_of_messages_is_checked_at_once():
    with pytest.raises(PromptError, match="prompt 'p': message 1 has the role 'robot'"):
        Prompt([{"role": "user", "content": "x"}, {"role": "robot"}], name="p")
    with pytest.raises(PromptError, match="placeholder without a name"):
        Prompt([{"role": "placeholder"}])
    with pytest.raises(PromptError, match="leave out system="):
        Prompt([{"role": "system", "content": "x"}], system="y")


def test_a_picture_splits_the_text_around_it():
    (message,) = Prompt("Is {{ a }} or {{ b }} nicer?").render(a=CAT, b=CAT)
    assert message["content"] == [
        {"type": "text", "text": "Is "},
        CAT_PART,
        {"type": "text", "text": " or "},
        CAT_PART,
        {"type": "text", "text": " nicer?"},
    ]


def test_blanks_around_pictures_are_dropped():
    (message,) = Prompt("{{ a }}\n{{ a }}\n").render(a=CAT)
    assert message["content"] == [CAT_PART, CAT_PART]


def test_pictures_come_out_of_loops_macros_and_blocks():
    template = (
        "{% macro show(p) %}<{{ p }}>{% endmacro %}"
        "{% for p in pictures %}{{ show(p) }}{% endfor %}"
        "{% set kept %}{{ pictures[0] }}{% endset %}{{ kept | upper }}"
    )
    (message,) = Prompt(template).render(pictures=[CAT, CAT])
    assert [part["type"] for part in message["content"]] == [
        "text",
        "image_url",
        "text",
        "image_url",
        "text",
        "image_url",
    ]


def test_a_picture_cut_by_a_filter_is_an_error():
    for n in (4, 15):
        cut = f"{{{{ t | truncate({n}, true) }}}}"
        template = "{% set t %}ab {{ p }} cd{% endset %}" + cut
        with pytest.raises(PromptError, match="cut it off"):
            Prompt(template).render(p=CAT)


def test_a_picture_in_a_part():
    parts = [
        {"type": "text", "text": "See {{ p }}", "cache_control": {"type": "x"}},
        {"type": "image_url", "image_url": {"url": "{{ p }}"}},
    ]
    (message,) = Prompt([{"role": "user", "content": parts}]).render(p=CAT)
    assert message["content"] == [
        {"type": "text", "text": "See ", "cache_control": {"type": "x"}},
        CAT_PART,
        CAT_PART,
    ]


def test_a_picture_beside_text_in_a_field_is_an_error():
    parts = [{"type": "image_url", "image_url": {"url": "x {{ p }}"}}]
    with pytest.raises(PromptError, match="picture beside other text"):
        Prompt([{"role": "user", "content": parts}]).render(p=CAT)
