"""What differs between two prompts, word by word."""

from __future__ import annotations

import random
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.errors import PromptError
from respan_lab.prompts import SavedPrompt
from respan_lab.prompts.words import Piece, shortened, word_diff

WORDS = st.lists(st.sampled_from(["a", "b", "Cé", ".", " ", "\n", "\r\n"]), max_size=25)
TEXTS = WORDS.map("".join) | st.text(max_size=20)


def _sides(pieces: list[Piece]) -> tuple[str, str]:
    return (
        "".join(piece.text for piece in pieces if piece.sign in "=-"),
        "".join(piece.text for piece in pieces if piece.sign in "=+"),
    )


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert _sides(pieces) == (old, new)
    assert all(piece.text for piece in pieces)
    signs = "".join(piece.sign for piece in pieces)
    assert "==" not in signs
    assert "--" not in signs
    assert "+-" not in signs
    if old == new:
        assert signs in ("", "=")


@pytest.mark.parametrize("blank", [" ", "\n"])
def test_a_few_changes_in_a_long_text_stay_a_few(blank: str) -> None:
    draw = random.Random(1)
    words = [f"w{draw.randrange(3000)}" for _ in range(20_000)]
    places = sorted(draw.sample(range(100, 19_900, 50), 30))
    changed = [f"new{at}" if at in places else word for at, word in enumerate(words)]
    old, new = blank.join(words), blank.join(changed)
    assert len(old) > 100_000
    pieces = word_diff(old, new)
    assert _sides(pieces) == (old, new)
    assert [p.text for p in pieces if p.sign == "+"] == [f"new{at}" for at in places]


@given(st.integers(0, 2**32))
def test_long_texts_are_cut_where_they_agree(seed: int) -> None:
    draw = random.Random(seed)
    words = [f"w{draw.randrange(300)}" for _ in range(900)]
    other = list(words)
    for _ in range(10):
        at, length = draw.randrange(900), draw.randrange(40)
        other[at : at + length] = [f"n{draw.randrange(9)}"] * draw.randrange(40)
    old, new = " ".join(words), " ".join(other)
    assert _sides(word_diff(old, new)) == (old, new)


def test_a_phrase_is_exchanged_as_one() -> None:
    assert word_diff("my old cat sat", "my new dog sat") == [
        Piece("=", "my "),
        Piece("-", "old cat"),
        Piece("+", "new dog"),
        Piece("=", " sat"),
    ]


def test_what_stayed_is_left_out_but_for_its_edges() -> None:
    text = "".join(f"line {at}\n" for at in range(20))
    pieces = shortened(word_diff(f"x\n{text}y\n{text}", f"z\n{text}u\n{text}"))
    told = [piece.text for piece in pieces if piece.sign == "~"]
    assert told == ["14 lines the same", "17 lines the same"]
    one_line = shortened([Piece("=", "w " * 2000), Piece("+", "end")])
    assert one_line[0] == Piece("~", "3,700 characters the same")
    assert len(one_line[1].text) == 300


OLD = lab.Prompt(
    [
        {"role": "user", "content": "Say {{ word }} in French."},
        {"role": "assistant", "content": "oui"},
        {"role": "user", "content": "Price: $5 <b>{{ text }}</b>"},
    ],
    name="support",
    version=3,
    system="You are a kind helper.",
    defaults={"tone": "kind", "n": 1},
)
NEW = lab.Prompt(
    [
        {"role": "user", "content": "Say {{ word }} in French."},
        {"role": "user", "content": "Price: $6 <i>{{ language }}</i>"},
    ],
    name="support",
    version=4,
    system="You are a strict helper.\n",
    defaults={"n": True, "m": None},
)


def test_messages_variables_and_defaults_are_told() -> None:
    diff = OLD.diff(NEW)
    assert diff
    assert not diff.is_empty
    assert [(one.role, one.status) for one in diff.messages] == [
        ("system", "changed"),
        ("user", "same"),
        ("assistant", "removed"),
        ("user", "changed"),
    ]
    assert diff.added_variables == ("language",)
    assert diff.removed_variables == ("text",)
    assert diff.changed_defaults == {
        "tone": ("kind", None),
        "n": (1, True),
        "m": (None, None),
    }


def test_it_is_told_as_git_tells_words() -> None:
    assert str(OLD.diff(NEW)) == (
        "prompt 'support' version 3 → prompt 'support' version 4\n"
        "variables added: language\n"
        "variables removed: text\n"
        "default of tone: 'kind' → none\n"
        "default of n: 1 → True\n"
        "default of m: none → none\n"
        "system: changed\n"
        "  You are a [-kind-]{+strict+} helper.{+\n"
        "  +}\n"
        "user: the same\n"
        "assistant: removed\n"
        "  [-oui-]\n"
        "user: changed\n"
        "  Price: $[-5-]{+6+} <[-b-]{+i+}>{{ [-text-]{+language+} }}</[-b-]{+i+}>"
    )
    assert repr(OLD.diff(NEW)) == str(OLD.diff(NEW))


def test_names_and_ways_to_write_it_make_no_difference() -> None:
    one = lab.Prompt("Hi", system="Be brief.", name="a", version=1)
    two = lab.Prompt(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    )
    assert not one.diff(two)
    assert str(one.diff(two)).splitlines()[0] == (
        "prompt 'a' version 1 → the prompt: no difference"
    )
    kept = SavedPrompt("{{ a }}", prompt_id="p", version=1, defaults={"a": 1})
    assert not kept.diff(lab.Prompt("{{ a }}", defaults={"a": 1}))
    assert kept.bind(a=2).diff(kept).changed_defaults == {"a": (2, 1)}


def test_a_message_that_moved_is_removed_and_added() -> None:
    one, two = ({"role": "user", "content": text} for text in ("first", "second"))
    diff = lab.Prompt([one, two]).diff(lab.Prompt([two, one]))
    assert sorted(one.status for one in diff.messages) == ["added", "removed", "same"]


def test_odd_fields_and_parts_are_compared_too() -> None:
    def asked(**fields: object) -> lab.Prompt:
        return lab.Prompt([{"role": "user", "content": "x", **fields}])

    assert asked(name="a").diff(asked(name="b"))
    assert not asked(name="a").diff(asked(name="a"))
    parts = [{"type": "text", "text": "{{ a }}"}]
    assert "[-" in str(asked(content=parts).diff(asked(content="{{ a }}")))
    messages = [{"role": "placeholder", "name": "messages"}]
    assert lab.Prompt(messages).diff("x").removed_variables == ("messages",)
    with pytest.raises(PromptError, match="not with 'int'"):
        asked().diff(3)  # type: ignore[arg-type]


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.marked: dict[str, list[str]] = {"ins": [], "del": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert {name for name, _ in attrs} <= {"class", "style"}

    def handle_data(self, data: str) -> None:
        if self.tags and (last := self.get_starttag_text() or "").startswith(
            ("<ins", "<del")
        ):
            self.marked[last[1:4]].append(data)


def test_the_page_has_marks_and_no_markup_of_the_prompt() -> None:
    evil = "<script>alert(1)</script> \u202eabc\x1b ${x}$ & 日本\u3000é"
    diff = lab.Prompt(f"old {evil}", name="<b>").diff(f"new {evil}<img src=x>")
    read = _Reader(diff._repr_html_())
    assert set(read.tags) <= {"div", "b", "small", "ins", "del"}
    assert any("old" in one for one in read.marked["del"])
    assert any("new" in one for one in read.marked["ins"])
    page = diff._repr_html_()
    assert "&lt;script&gt;" in page
    assert "\\u202eabc\\x1b" in page
    assert "日本\u3000é" in page
    assert "underline" in page
    assert "line-through" in page
    assert "↵" in lab.Prompt("a\n").diff("a\n\n")._repr_html_()
