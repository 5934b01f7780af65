"""Text that only ever is text: no markup, no second line, no missing glyph."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.text import Text

__all__ = ["LONGEST_NAME", "plain", "set_text"]

LONGEST_NAME = 36
_UNDRAWABLE = "\ufffd"
# Fonts with the scripts that matplotlib's own font lacks, where they are installed.
_FALLBACKS = (
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Emoji",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Nirmala UI",
    "Segoe UI Symbol",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Arial Unicode MS",
    "WenQuanYi Zen Hei",
)
# Characters that hide or reorder text; the joiners inside words are left.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"


def plain(text: object, length: int | None = LONGEST_NAME) -> str:
    r"""Give a text as one line that can be drawn with the fonts at hand.

    White space becomes single spaces; what is invisible, reorders text or has no
    glyph becomes U+FFFD.

    Args:
        text: Anything; its ``str``.
        length: What is longer than so many characters loses its middle to ``…``:
            names of models differ at both ends. None cuts nothing.

    Example:
        >>> plain("a\nb\x00c"), plain("large-2026-01", 11)
        ('a b�c', 'large-2…-01')
    """
    line = " ".join(str(text).split())
    if length is not None and len(line) > length:
        line = _cut(line, length)
    if line.isascii() and line.isprintable():
        return line
    return "".join(one for one in map(_drawable, line) if one)


def _cut(line: str, length: int) -> str:
    end = (length - 1) // 3
    return line[: length - 1 - end] + "…" + line[len(line) - end :]


def set_text(artist: Text, *, size: float, colour: str, weight: str = "normal") -> None:
    """Make an artist's text inert, and set how it looks.

    Dollar signs, backslashes and underscores stay what they are, whatever the
    user's settings say of TeX.

    Args:
        artist: Any text of a figure, tick labels and titles included.
        size: Points.
        colour: Any colour of matplotlib's.
        weight: ``normal`` or ``bold``.
    """
    artist.set_parse_math(False)
    artist.set_usetex(False)
    artist.set(
        fontfamily=list(_families()),
        fontstyle="normal",
        fontsize=size,
        fontweight=weight,
        color=colour,
    )


def _drawable(character: str) -> str:
    if character in _JOINERS:
        return ""  # of use only with shaping, and few fonts have a glyph for it
    if unicodedata.category(character) in _HIDDEN:
        return _UNDRAWABLE
    has_glyph = ord(character) in _characters(_families())
    return character if has_glyph else _UNDRAWABLE


def _families() -> tuple[str, ...]:
    """Name the user's fonts, then those that fill their gaps."""
    import matplotlib as mpl

    chosen = mpl.rcParams["font.family"]
    own = (chosen,) if isinstance(chosen, str) else tuple(chosen)
    return (*own, "DejaVu Sans", *_installed())


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    names = set(fontManager.get_font_names())
    return tuple(name for name in _FALLBACKS if name in names)


@lru_cache(maxsize=8)
def _characters(families: Sequence[str]) -> frozenset[int]:
    """Give the characters that can be drawn both in a normal and a bold face."""
    normal, bold = (_covered(families, weight) for weight in ("normal", "bold"))
    return frozenset(normal & bold)


def _covered(families: Sequence[str], weight: str) -> set[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    covered: set[int] = set()
    for family in families:
        wanted = FontProperties(family=[family], weight=weight)
        covered |= set(get_font(findfont(wanted)).get_charmap())
    return covered
