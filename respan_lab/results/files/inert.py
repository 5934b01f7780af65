r"""Text that a spreadsheet shows and does not run, and the same text again.

What is written can be read back to the letter: an apostrophe in front marks what a
spreadsheet would evaluate, and a hidden character is replaced by a sign or an escape
that stands for nothing else, since a sign that was there before is escaped itself.

Source: OWASP, "CSV Injection", for what a cell must not begin with.
"""

from __future__ import annotations

import re

from ..text import HIDDEN, visible

__all__ = ["cut_cell", "neutralize", "restore"]

# What a spreadsheet may evaluate, blanks and quotes before it included; the wide
# forms of the signs count as the plain ones in some of them. "<r>" is how xlsxwriter
# is told of markup.
_FORMULA = re.compile("['\\s]*[=+\\-@＝＋－＠]|'*(?:[\t\r\n]|<r>)")

_PICTURES = "\u2400-\u241f\u2421"
# A hidden character, or what is written instead of one. XML has no word for the last
# two characters, so they are hidden too.
_SPECIAL = re.compile(
    f"{HIDDEN.pattern}|[{_PICTURES}\ufffe\uffff]|\\\\(?=u([0-9a-f]{{4}}))"
)
_ESCAPED = re.compile(f"[{_PICTURES}]|\\\\u([0-9a-f]{{4}})")


def neutralize(text: str) -> str:
    r"""Make text inert in a spreadsheet, which would run ``=HYPERLINK(...)``.

    Text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end gets an
    apostrophe in front; control characters become visible signs.

    Example:
        >>> neutralize("=1+1"), neutralize("a = b"), neutralize("a\x00b")
        ("'=1+1", 'a = b', 'a␀b')
    """
    shown = _SPECIAL.sub(_escape, text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def restore(text: str) -> str:
    r"""Give the text that `neutralize` was given.

    Lone surrogates, which no file holds, stay U+FFFD.

    Example:
        >>> restore("'=1+1"), restore("'tis"), restore("a␀b")
        ('=1+1', "'tis", 'a\x00b')
    """
    shown = text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text
    return _ESCAPED.sub(_unescape, shown)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character == "\\" and not _stands_for(found[1]):
        return character
    return visible(character) if HIDDEN.match(character) else _code(character)


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if code is None:  # a picture
        return "\x7f" if found[0] == "\u2421" else chr(ord(found[0]) - 0x2400)
    return chr(int(code, 16)) if _stands_for(code) else found[0]


def _stands_for(code: str) -> bool:
    """Whether such an escape is one of ours."""
    character = chr(int(code, 16))
    return character == "\\" or _SPECIAL.match(character) is not None


def _code(character: str) -> str:
    return f"\\u{ord(character):04x}"


def cut_cell(text: str, limit: int) -> str:
    """Cut a text at a cell's limit, and say how many characters are left out.

    Args:
        text: What the cell is to hold.
        limit: In UTF-16 units, as spreadsheets count: an emoji is two.

    Example:
        >>> cut_cell("x" * 99, 40)
        'xxxxxxxxxxxxxxxxxx… [cut: 81 characters]'
    """
    if len(text) <= limit // 2 or _units(text) <= limit:
        return text
    room = limit - _units(_mark(len(text)))
    kept = text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore")
    return kept + _mark(len(text) - len(kept))


def _mark(n_characters: int) -> str:
    return f"… [cut: {n_characters:,} characters]"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
