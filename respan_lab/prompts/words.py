"""How a text became another, word by word."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["Piece", "shortened", "word_diff"]

_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
# Comparing takes the product of two lengths: of so many pairs of words, 0.1 s.
_DIRECT = 1_000_000
_RUN = 8  # words, marks and blanks that fix a place in long texts
_LINES = 3  # of what stayed, shown around a change
_WIDTH = 300  # characters of them


class Piece(NamedTuple):
    """A part of two texts.

    Attributes:
        sign: ``=`` is in both, ``-`` in the first, ``+`` in the second; of ``~`` the
            text says how much of both is left out.
        text: What is there.
    """

    sign: str
    text: str


class _Hunk(NamedTuple):
    """Two stretches that belong together: the same, or one for the other."""

    old: str
    new: str

    @property
    def is_same(self) -> bool:
        return self.old == self.new

    @property
    def is_exchange(self) -> bool:
        return bool(self.old and self.new) and not self.is_same


def word_diff(old: str, new: str) -> list[Piece]:
    """Compare two texts word by word; blanks and line ends count.

    Source: difflib, after J. W. Ratcliff and D. Metzener, Dr. Dobb's Journal (July
    1988). It takes the product of the lengths, so long texts are first cut where the
    same eight words and blanks stand once in both, and what has no such place in
    common is exchanged as a whole.

    Args:
        old: The first text.
        new: The second.

    Returns:
        The pieces in order: those of ``=`` and ``-`` are the first text, those of
        ``=`` and ``+`` the second.

    Example:
        >>> [tuple(piece) for piece in word_diff("a big cat", "a small cat")]
        [('=', 'a '), ('-', 'big'), ('+', 'small'), ('=', ' cat')]
    """
    return list(_pieces(_joined(_hunks(old, new))))


def _hunks(old: str, new: str) -> Iterator[_Hunk]:
    first, second = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(first) * len(second) <= _DIRECT:
        yield from _compared(first, second)
        return
    at = there = 0
    for i, j in [*_anchors(first, second), (len(first), len(second))]:
        if i < at or j < there:
            continue  # within what was found to be the same
        yield from _compared(first[at:i], second[there:j])
        n_same = _n_common(first[i:], second[j:])
        at, there = i + n_same, j + n_same
        yield _Hunk("".join(first[i:at]), "".join(second[j:there]))


def _anchors(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Find runs that are in both texts once, and in the same order.

    The longest rising sequence, by patience sorting (D. Aldous and P. Diaconis,
    Bulletin of the AMS 36 (1999)).
    """
    places = _runs(second)
    pairs = [(i, places[run]) for run, i in _runs(first).items() if run in places]
    piles: list[tuple[int, int]] = []  # the last pair of each pile, by its place
    before: dict[tuple[int, int], tuple[int, int] | None] = {}
    tops: list[int] = []
    for pair in pairs:
        pile = bisect_left(tops, pair[1])
        before[pair] = piles[pile - 1] if pile else None
        piles[pile : pile + 1] = [pair]
        tops[pile : pile + 1] = [pair[1]]
    found, last = [], piles[-1] if piles else None
    while last:
        found.append(last)
        last = before[last]
    return found[::-1]


def _runs(tokens: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Give the place of each run of tokens that is there once."""
    runs = list(zip(*(tokens[at:] for at in range(_RUN)), strict=False))
    counts = Counter(runs)
    return {run: at for at, run in enumerate(runs) if counts[run] == 1}


def _compared(first: Sequence[str], second: Sequence[str]) -> Iterator[_Hunk]:
    head = _n_common(first, second)
    tail = _n_common(first[head:][::-1], second[head:][::-1])
    middle = first[head : len(first) - tail], second[head : len(second) - tail]
    yield _Hunk("".join(first[:head]), "".join(second[:head]))
    if len(middle[0]) * len(middle[1]) > _DIRECT:  # another text altogether
        yield _Hunk("".join(middle[0]), "".join(middle[1]))
    else:
        matcher = SequenceMatcher(None, *middle, autojunk=False)
        for _, i, j, k, m in matcher.get_opcodes():
            yield _Hunk("".join(middle[0][i:j]), "".join(middle[1][k:m]))
    yield _Hunk(
        "".join(first[len(first) - tail :]), "".join(second[len(second) - tail :])
    )


def _n_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Count with how many items both begin."""
    at = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        at += 1
    return at


def _joined(hunks: Iterable[_Hunk]) -> list[_Hunk]:
    """Put together what reads better in one: changes next to each other.

    A blank between two exchanged words is exchanged with them.
    """
    joined: list[_Hunk] = []
    for hunk in hunks:
        if hunk == ("", ""):
            continue
        if joined and joined[-1].is_same == hunk.is_same:
            joined[-1] = _sum(joined[-1], hunk)
        elif len(joined) > 1 and hunk.is_exchange and _is_blank_between(joined):
            blank, before = joined.pop(), joined.pop()
            joined.append(_sum(before, blank, hunk))
        else:
            joined.append(hunk)
    return joined


def _is_blank_between(hunks: Sequence[_Hunk]) -> bool:
    text = hunks[-1].old
    return (
        hunks[-1].is_same
        and hunks[-2].is_exchange
        and text.isspace()
        and "\n" not in text
    )


def _sum(*hunks: _Hunk) -> _Hunk:
    return _Hunk("".join(one.old for one in hunks), "".join(one.new for one in hunks))


def _pieces(hunks: Iterable[_Hunk]) -> Iterator[Piece]:
    for hunk in hunks:
        if hunk.is_same:
            yield Piece("=", hunk.old)
            continue
        if hunk.old:
            yield Piece("-", hunk.old)
        if hunk.new:
            yield Piece("+", hunk.new)


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    r"""Leave out what stayed the same, but for the lines around what changed.

    Example:
        >>> shortened([Piece("=", "a\nb\nc\nd\ne\nf\n"), Piece("+", "g")])[0]
        Piece(sign='~', text='3 lines the same')
    """
    last = len(pieces) - 1
    return [
        part
        for at, piece in enumerate(pieces)
        for part in (
            _cut(piece.text, is_first=at == 0, is_last=at == last)
            if piece.sign == "="
            else [piece]
        )
    ]


def _cut(text: str, *, is_first: bool, is_last: bool) -> list[Piece]:
    lines = text.splitlines(keepends=True)
    head = "" if is_first else "".join(lines[: _LINES + 1])[:_WIDTH]
    tail = "" if is_last else _ending(lines)
    left_out = text[len(head) : len(text) - len(tail)]
    if len(head) + len(tail) >= len(text) or _is_little(left_out):
        return [Piece("=", text)]
    parts = [Piece("=", head), Piece("~", _counted(left_out)), Piece("=", tail)]
    return [part for part in parts if part.text]


def _ending(lines: Sequence[str]) -> str:
    # What stands in the line of the change counts besides.
    n_lines = _LINES + (not lines[-1].endswith("\n"))
    return "".join(lines[-n_lines:])[-_WIDTH:]


def _is_little(text: str) -> bool:
    return len(text) < _WIDTH and text.count("\n") < 2


def _counted(text: str) -> str:
    n_lines = text.count("\n")
    if n_lines > 1:
        return f"{n_lines:,} lines the same"
    return f"{len(text):,} characters the same"
