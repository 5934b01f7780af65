"""The labelled data set of the demonstration."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from respan_lab.prompts import Prompt

PATH = Path(__file__).parents[2] / "data" / "support.jsonl"
ITEMS = [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]
INTENTS = ("refund", "delivery", "cancel", "damaged")


def test_there_are_six_items_of_each_intent():
    assert Counter(item["expected"]["intent"] for item in ITEMS) == dict.fromkeys(
        INTENTS, 6
    )
    assert [item["id"] for item in ITEMS] == [f"s{n:02}" for n in range(1, 25)]


def test_every_text_holds_its_order_number():
    for item in ITEMS:
        assert set(item) == {"id", "text", "expected"}
        assert set(item["expected"]) == {"intent", "order"}
        assert re.fullmatch(r"[A-C]-\d{4}", item["expected"]["order"])
        assert item["expected"]["order"] in item["text"]


def test_no_item_is_there_twice():
    assert len({item["text"] for item in ITEMS}) == 24
    assert len({item["expected"]["order"] for item in ITEMS}) == 24


def test_the_texts_render():
    prompt = Prompt("Message: {{ text }}")
    for item in ITEMS:
        (message,) = prompt.render(**item)
        assert message["content"] == f"Message: {item['text']}"
