"""Prompts in plain files: what is read is what was written, to the byte."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.errors import ConfigError, PromptError
from respan_lab.prompts import Prompt, SavedPrompt
from respan_lab.prompts.files.text import Fields, fields_of, text_of
from respan_lab.prompts.files.yaml_text import read_yaml, written_yaml

PIECES = [
    *("---", "---\n", "...", "\n", "\r\n", "\r", "\n\n", " ", "\t", "\ufeff", "\\"),
    *("## user ##", "\\## user ##", "## x ##", "## placeholder: m ##", "##", "# "),
    *("{{ a }}", "{% if b %}c{% endif %}", "name: x", "é", "日本", "🙂", "\u2028"),
    *("\x85", "\x00", "\x1b", "no", "007", "1e5", "12:30", "2026-03-01", "&a", "*a"),
    *("!!python/object", "|", ">", "'", '"', ": ", " #", "%", "@", "`", "word"),
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
).filter(lambda text: not text.count("{") - 2 * text.count("{{") - text.count("{%"))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from(PIECES)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)
MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool"]), "content": TEXTS}
    ),
    st.fixed_dictionaries(
        {"role": st.just("user"), "content": TEXTS, "name": TEXTS, "odd": VALUES}
    ),
    st.fixed_dictionaries(
        {
            "role": st.just("user"),
            "content": st.lists(
                st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}),
                max_size=3,
            ),
        }
    ),
    st.fixed_dictionaries({"role": st.just("placeholder"), "name": TEXTS}),
    st.just({"role": "assistant"}),
)


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    template: Any = draw(TEXTS | st.lists(MESSAGES, min_size=1, max_size=4))
    how = {
        "name": draw(st.none() | TEXTS),
        "version": draw(st.none() | TEXTS | st.integers()),
        "system": draw(st.none() | TEXTS),
        "defaults": draw(st.dictionaries(TEXTS, VALUES, max_size=3)),
    }
    try:
        return Prompt(template, **how)
    except PromptError:  # a template that is broken
        return Prompt("x", **{**how, "system": None})


@given(prompts())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_prompt_is_read_as_it_was_written(prompt: Prompt) -> None:
    fields = (prompt.template, prompt.name, prompt.version, prompt.system)
    text = text_of(Fields(*fields, dict(prompt.defaults)))
    *read, defaults, _ = fields_of(text.encode().decode())
    names = ("name", "version", "system")
    again = Prompt(
        read[0], **dict(zip(names, read[1:], strict=True)), defaults=defaults
    )
    assert again == prompt
    assert again.template == prompt.template
    assert text_of(Fields(*read, defaults)) == text


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_yaml_is_read_as_it_was_written(values: dict[str, Any]) -> None:
    again = read_yaml(written_yaml(values))
    assert repr(again) == repr(values)  # 1 is not True, NaN is NaN


def _saved(prompt: Prompt, folder: Path) -> str:
    path = prompt.save(folder / "p.md")
    assert Prompt.load(path) == prompt
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    "template",
    [
        "",
        "Hi {{ x }}",
        "Hi\n",
        "\n\nHi\n\n",
        "a\r\nb\r\n",
        "# user\n",
        "-- -\nx",
        "é\ufeff",
    ],
)
def test_a_text_alone_is_the_file(template: str, tmp_path: Path) -> None:
    assert _saved(Prompt(template), tmp_path) == template


@pytest.mark.parametrize(
    ("template", "front"),
    [
        ("---\nx\n---\ny", "---\n---\n"),
        ("---", "---\n---\n"),
        ("--- \r\nx", "---\n---\n"),
        ("\ufeffx", "---\n---\n"),
        ("## user ##\nHi", "---\nformat: text\n---\n"),
        ("\n\n## Task ## \nHi", "---\nformat: text\n---\n"),
    ],
)
def test_a_text_that_would_be_mistaken_has_front_matter(
    template: str, front: str, tmp_path: Path
) -> None:
    assert _saved(Prompt(template), tmp_path) == front + template


def test_a_file_of_messages_reads_well(tmp_path: Path) -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
    }
    prompt = Prompt(
        [
            {"role": "user", "content": "Look:\n\n## user ##\n\\## user ##\nend"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
            {"role": "placeholder", "name": "messages"},
            {"role": "user", "content": [{"type": "text", "text": "a\nb {{ x }}\n"}]},
            {"role": "user", "content": "ends\n"},
        ],
        name="no",
        version="1.0",
        system="You are kind.\nAlways. \n",
        defaults={"x": ["yes", 1, 2.5, None, True], "who": "é\n\tb"},
    )
    assert _saved(prompt, tmp_path) == (
        "---\n"
        "name: 'no'\n"
        "version: '1.0'\n"
        "system: |\n"
        "  You are kind.\n"
        "  Always. \n"
        "defaults:\n"
        "  x:\n"
        "    - 'yes'\n"
        "    - 1\n"
        "    - 2.5\n"
        "    - null\n"
        "    - true\n"
        "  who: |-\n"
        "    é\n"
        "    \tb\n"
        "---\n"
        "\n"
        "## user ##\n\nLook:\n\n\\## user ##\n\\\\## user ##\nend\n\n"
        "## assistant (YAML) ##\n\n"
        "content: null\n"
        "tool_calls:\n"
        "  - id: c1\n"
        "    type: function\n"
        "    function:\n"
        "      name: f\n"
        "      arguments: '{}'\n\n"
        "## tool (YAML) ##\n\ntool_call_id: c1\ncontent: '42'\n\n"
        "## placeholder: messages ##\n\n"
        "## user (YAML) ##\n\ncontent:\n  - type: text\n    text: |\n"
        "      a\n      b {{ x }}\n\n"
        "## user (YAML) ##\n\ncontent: |\n  ends\n"
    )


BY_HAND = [
    "---\n# about\nname:   support   # why\n\nversion: 3\n---\n\nHi {{ x }}\n",
    "---\r\nname: support\r\ndefaults: {x: no, y: 12:30}\r\n---\r\nHi {{ x }}\r\n",
    "\ufeff---\nsystem: >\n  folded\n  text\n---  \nHi",
    "\n## system ##\nBe brief.\n## user ##\n\n\n{{ x }}\n\n\n## placeholder: m ##",
    "---\nformat: messages\n---\n##  user  ##\t\r\nHi\r\n",
    "---\n---\n",
]


@pytest.mark.parametrize("text", BY_HAND)
def test_a_file_by_hand_keeps_its_bytes_while_the_prompt_is_the_same(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "hand.md"
    path.write_bytes(text.encode())
    prompt = Prompt.load(path)
    prompt.save(path)
    assert path.read_bytes() == text.encode()
    other = prompt.save(tmp_path / "other.md")
    assert Prompt.load(other) == prompt
    changed = Prompt(prompt.template, name="changed", system=None)
    changed.save(path)
    assert Prompt.load(path) == changed


def test_yaml_says_what_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "p.md"
    path.write_text(
        "---\ndefaults: {a: no, b: 12:30, c: 2026-03-01, d: 007, e: 1e3, f: on, g: ~}\n"
        "---\nx"
    )
    assert dict(Prompt.load(path).defaults) == {
        "a": "no",
        "b": "12:30",
        "c": "2026-03-01",
        "d": "007",
        "e": 1000.0,
        "f": "on",
        "g": None,
    }


def test_a_change_that_prints_otherwise_is_saved(tmp_path: Path) -> None:
    path = Prompt("{{ n }}", defaults={"n": 1}).save(tmp_path / "p.md")
    Prompt("{{ n }}", defaults={"n": True}).save(path)
    assert "n: true" in path.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "---\nnmae: x\n---\n",
            "a field 'nmae'; allowed are name, version, system, def",
        ),
        ("---\nname: x\n", "line 1: the front matter is not closed"),
        ("---\nname: x\na: [1\n---\n", "line 4: the YAML is broken"),
        ("---\nname: x\nname: y\n---\n", "line 2: .*'name' is there twice"),
        ("---\nname: !!python/name:os.system\n---\n", "line 2: .*python/name"),
        ("---\nname: !!timestamp 2026-03-01\n---\n", "line 2: .*timestamp"),
        ("---\ndefaults: {a: &x [1], b: *x}\n---\n", r"line 2: .*aliases \(\*name\)"),
        ("---\n- 1\n---\n", "line 2: the front matter is 'list'"),
        ("---\nname: 3\n---\n", "name: 3 is no text; .*name: '3'"),
        ("---\nversion: 1.0\n---\n", "version: 1.0 is neither .*version: '1.0'"),
        ("---\nversion: true\n---\n", "version: True"),
        ("---\ndefaults: x\n---\n", "defaults: 'x' are no names"),
        ("---\ndefaults: {1: x}\n---\n", "defaults: 1 is no name"),
        ("---\nformat: yaml\n---\n", "format: 'yaml' is none of text, messages"),
        ("---\nname: 'a\x00'\n---\n", r"line 2: the YAML holds '\\x00'"),
        ("---\nname: !!map [a]\n---\n", "line 2: .*mapping"),
        ("---\ndefaults: " + "[" * 5000 + "\n---\n", "line 2: the YAML is broken"),
        ("---\nname: x\n---\n## usr ##\nHi", "line 4: `## usr ##` names no role"),
        ("## user ##\n## Task ##\n", "line 2: .*begins with a backslash"),
        ("---\nformat: messages\n---\nHi\n", "line 4: 'Hi' is in no message"),
        ("---\nformat: messages\n---\n", "line 4: there are no messages"),
        ("## placeholder: m ##\nHi", "line 1: .*has no text of its own"),
        ("## user (YAML) ##\n\na: [\n", "line 4: the YAML is broken"),
        ("## user (YAML) ##\nrole: user", "line 1: .* not its role"),
        ("## user (YAML) ##\ncontent: 3", "the content of message 0 is 'int'"),
        ("---\nname: x\n---\na\n{% if %}", r"line 2.*the template begins in line 4"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(
    text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.md"
    path.write_bytes(text.encode())
    with pytest.raises(PromptError, match=f"(?s)wrong.md.*{said}"):
        Prompt.load(path)


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.md"
    path.write_bytes("Hi\ncafé".encode("latin-1"))
    with pytest.raises(PromptError, match=r"latin.md: line 2: .*0xe9 is not UTF-8"):
        Prompt.load(path)
    with pytest.raises(ConfigError, match=r"nothing\.md"):
        Prompt.load(tmp_path / "nothing.md")
    with pytest.raises(ConfigError, match="cannot be read"):
        Prompt.load(tmp_path)


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        (Prompt("{{ p }}", defaults={"p": lab.image("https://x/y.png")}), "a picture"),
        (Prompt("{{ p }}", defaults={"p": object}), "the default 'p' holds .*'type'"),
        (Prompt("{{ p }}", defaults={"p": {"a": {1, 2}}}), "'set'"),
        (Prompt("{{ p }}", defaults={"p": {(1, 2): 3}}), r"the key \(1, 2\)"),
        (Prompt("{{ p }}", defaults={"p": b"x"}), "'bytes'"),
        (
            Prompt([{"role": "user", "content": [lab.image("https://x/y.png")]}]),
            "picture",
        ),
        (Prompt("\ud800"), "half a character"),
        (Prompt("x", version=1.5), "version: 1.5"),  # type: ignore[arg-type]
        (Prompt("x", name=["a"]), "name: "),  # type: ignore[arg-type]
    ],
)
def test_what_no_file_can_hold_is_refused(
    prompt: Prompt, said: str, tmp_path: Path
) -> None:
    with pytest.raises(PromptError, match=f"cannot be saved: .*{said}"):
        prompt.save(tmp_path / "p.md")
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole_and_links_and_modes_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_text("old")
    real.chmod(0o640)
    link = tmp_path / "link.md"
    link.symlink_to(real)
    assert Prompt("new").save(link) == link
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.md", "real.md"]
    assert Prompt("x").save(tmp_path / "a/b/c.md").read_text() == "x"
    with pytest.raises(ConfigError, match="cannot be written"):
        Prompt("x").save(tmp_path)
    with pytest.raises(ConfigError, match="cannot be written"):
        Prompt("x").save(real / "below.md")


def test_saved_twice_gives_the_same_bytes_and_leaves_the_file_alone(
    tmp_path: Path,
) -> None:
    prompt = Prompt([{"role": "user", "content": "{{ a }}"}], defaults={"a": 0.1})
    path = prompt.save(tmp_path / "p.md")
    os.utime(path, (1, 1))
    copy.copy(prompt).save(path)
    assert path.stat().st_mtime == 1
    path.unlink()
    first = prompt.save(path).read_bytes()
    assert Prompt.load(path).save(tmp_path / "q.md").read_bytes() == first


def test_a_gateways_prompt_is_saved_with_what_is_bound(tmp_path: Path) -> None:
    kept = SavedPrompt(
        "{{ a }} {{ b }}",
        prompt_id="p1",
        version=3,
        name="n",
        defaults={"a": 1, "b": 2},
    )
    path = kept.bind(b="x").save(tmp_path / "p.md")
    again = Prompt.load(path)
    assert again == Prompt(
        "{{ a }} {{ b }}", name="n", version=3, defaults={"a": 1, "b": "x"}
    )
    assert type(SavedPrompt.load(path)) is Prompt


def test_yaml_loads_with_the_first_file() -> None:
    code = "import sys, respan_lab as lab; lab.Prompt('x'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert b"yaml" not in done.stdout.split()
