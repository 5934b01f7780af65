"""How a difference of prompts shows itself: as text, and as a static page's part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from .words import Piece, shortened

if TYPE_CHECKING:
    from .diff import MessageDiff, PromptDiff

__all__ = ["html_view", "text_view"]

_LONGEST = 200  # characters of a default
# Blue and vermilion, which all eyes tell apart (Okabe and Ito, 2008); translucent, so
# that text is legible on light and dark pages. Lines tell them apart without colour.
_MARKS = {
    "+": ("ins", "background:rgba(0,114,178,.22);text-decoration:underline"),
    "-": ("del", "background:rgba(213,94,0,.22);text-decoration:line-through"),
}
_WRAP = {"+": ("{+", "+}"), "-": ("[-", "-]")}
_BOX = (
    "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:.4em .8em;"
    "margin:.3em 0;max-width:60em"
)
_TEXT = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:monospace;"
    "margin:.2em 0 .5em"
)
_FAINT = "opacity:.7;font-style:italic"
_SAID = {"same": "the same"}
_KEPT = "\n\t\u200c\u200d\u3000"  # joiners and blanks that words are made of
_HIDDEN = re.compile(r"[^\x20-\x7e\w]")


def text_view(diff: PromptDiff) -> str:
    """Give a difference as text, with ``[-old-]`` and ``{+new+}``."""
    lines = [_title(diff), *_facts(diff)]
    for message in diff.messages:
        lines.append(f"{message.role}: {_status(message)}")
        if message.status != "same":
            lines += [f"  {line}" for line in _inline(message).split("\n")]
    return "\n".join(lines)


def html_view(diff: PromptDiff) -> str:
    """Give a difference as HTML: everything escaped, styles inline, nothing loaded."""
    facts = "".join(f"<div>{escape(one)}</div>" for one in _facts(diff))
    messages = "".join(_html_message(message) for message in diff.messages)
    # The class keeps dollar signs from being typeset as formulas.
    return (
        f'<div class="tex2jax_ignore" style="{_BOX}">'
        f"<div><b>{escape(_title(diff))}</b></div>{facts}{messages}</div>"
    )


def _title(diff: PromptDiff) -> str:
    names = [diff.old, diff.new]
    if diff.old == diff.new:
        names = [f"{diff.old}, old", "new"]
    title = " → ".join(names)
    return _visible(title) + (": no difference" if diff.is_empty else "")


def _facts(diff: PromptDiff) -> Iterator[str]:
    if diff.added_variables:
        yield f"variables added: {', '.join(diff.added_variables)}"
    if diff.removed_variables:
        yield f"variables removed: {', '.join(diff.removed_variables)}"
    for name, (old, new) in diff.changed_defaults.items():
        yield f"default of {name}: {_default(old)} → {_default(new)}"


def _default(value: Any) -> str:
    if value is None:
        return "none"
    text = _visible(repr(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _status(message: MessageDiff) -> str:
    return _SAID.get(message.status, message.status)


def _inline(message: MessageDiff) -> str:
    return "".join(map(_text_piece, shortened(message.pieces)))


def _text_piece(piece: Piece) -> str:
    if piece.sign == "~":
        return f"\n… {piece.text} …\n"
    before, after = _WRAP.get(piece.sign, ("", ""))
    return f"{before}{_visible(piece.text)}{after}"


def _html_message(message: MessageDiff) -> str:
    head = f"<small>{escape(message.role)} · {_status(message)}</small>"
    if message.status == "same":
        return f"<div>{head}</div>"
    body = "".join(map(_html_piece, shortened(message.pieces)))
    return f'<div>{head}<div style="{_TEXT}">{body}</div></div>'


def _html_piece(piece: Piece) -> str:
    if piece.sign == "~":
        return f'<div style="{_FAINT}">… {piece.text} …</div>'
    text = escape(_visible(piece.text))
    if piece.sign == "=":
        return text
    tag, style = _MARKS[piece.sign]
    # A line end that came or went would not be seen.
    return f'<{tag} style="{style};color:inherit">{_with_ends(text)}</{tag}>'


def _with_ends(text: str) -> str:
    return text.replace("\n", "↵\n")


def _visible(text: str) -> str:
    """Write out what cannot be seen, or would turn round what can."""
    return _HIDDEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable() or character in _KEPT:
        return character
    return ascii(character)[1:-1]
