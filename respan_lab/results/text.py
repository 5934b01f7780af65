"""Model output made harmless to look at: nothing invisible, nothing that reorders."""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "cut", "visible"]

# C0 without tab and line ends, DEL, C1, what reorders or hides text, lone surrogates.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)
_JOINERS = "\u200c\u200d"  # part of ordinary words in several scripts, and of emoji


def visible(text: str) -> str:
    r"""Replace what cannot be seen by something that can.

    Control characters become their pictures (NUL ``␀``, escape ``␛``), other
    invisible or reordering characters their escape, lone surrogates U+FFFD. Tabs,
    line ends and the joiners inside words stay.

    Example:
        >>> visible("a\x00b")
        'a␀b'
    """
    return HIDDEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if character in _JOINERS:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"


def cut(text: str, length: int) -> str:
    """Shorten a text to at most ``length`` characters, and show that it was.

    Example:
        >>> cut("one two three", 8)
        'one two…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
