"""Two answers side by side, with the words marked in which they differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any

import pandas as pd

from .dtypes import is_missing
from .html_cells import plain, safe
from .text import cut, visible
from .wording import NOTHING, count

__all__ = ["Disagreements", "answers_row", "marked"]

_SHOWN = 20  # rows
_LONGEST = 1_200  # characters of an answer that are shown
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_STYLE = (
    "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere"
)


class Disagreements(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """A frame of pairs that shows what differs in them; made of it is a plain one.

    Attributes:
        names: What the two are called.
        n_pairs: How many pairs were looked at.
    """

    _metadata = ["names", "n_pairs"]  # noqa: RUF012  # as pandas wants it
    names: tuple[str, str]
    n_pairs: int

    @classmethod
    def of(
        cls, frame: pd.DataFrame, *, names: tuple[str, str], n_pairs: int
    ) -> Disagreements:
        """Make it of a frame with ``output_a`` and ``output_b``."""
        made = cls(frame.reset_index(drop=True))
        made.names, made.n_pairs = names, n_pairs
        return made

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def title(self) -> str:
        """How many pairs differ, in words; with a score, how many favour which."""
        a, b = self.names
        text = f"{a} and {b} differ in {len(self):,} of {count(self.n_pairs, 'pair')}"
        if "score_a" not in self or not len(self):
            return text
        gap = self["score_a"].astype("Float64") - self["score_b"].astype("Float64")
        higher, lower = int((gap > 0).sum()), int((gap < 0).sum())
        more, less = count(higher, "time"), count(lower, "time")
        return f"{text}: {more} {a} scores more, {less} {b}"

    def __repr__(self) -> str:
        return f"{visible(self.title)}\n{super().__repr__()}"

    def _repr_html_(self) -> str:
        rows = [self.iloc[at] for at in range(min(len(self), _SHOWN))]
        names = [n for n in self.columns if not n.startswith(("key_", "output_"))]
        shown = [n for n in names if self[n].notna().any()]
        heads = [*map(_titled, shown), *self.names]
        left_out = len(self) - _SHOWN
        more = f"<p>… and {left_out:,} more in the frame</p>" if left_out > 0 else ""
        # The class keeps dollar signs from being typeset as formulas.
        return (
            f'<div class="tex2jax_ignore"><p><strong>{safe(self.title)}</strong></p>'
            "<table><thead><tr>"
            + "".join(f'<th style="text-align:left">{safe(one)}</th>' for one in heads)
            + "</tr></thead><tbody>"
            + "".join(
                answers_row(row, shown, (row["output_a"], row["output_b"]))
                for row in rows
            )
            + f"</tbody></table>{more}</div>"
        )


def marked(a: str, b: str) -> tuple[str, str]:
    """Give two texts as HTML in which the words are marked that the other lacks.

    Nothing of the texts is markup; characters that cannot be seen, can.

    Example:
        >>> marked("a <b> cat", "a dog")
        ('a <mark>&lt;b&gt; cat</mark>', 'a <mark>dog</mark>')
    """
    first, second = (_WORD.findall(_shown(one)) for one in (a, b))
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    left = [_piece(first[i:j], tag) for tag, i, j, _, _ in blocks]
    right = [_piece(second[i:j], tag) for tag, _, _, i, j in blocks]
    return "".join(left), "".join(right)


def _shown(text: str) -> str:
    return visible(cut(text, _LONGEST))


def _piece(words: list[str], tag: str) -> str:
    text = escape("".join(words))
    return f"<mark>{text}</mark>" if text and tag != "equal" else text


def answers_row(row: Any, names: Sequence[str], outputs: Sequence[Any]) -> str:
    """Give a row of a table as HTML: plain cells, then two answers, words marked.

    Args:
        row: By the names of its columns.
        names: Of the plain cells.
        outputs: The two answers; a missing one is a dash, and nothing is marked.
    """
    if any(map(is_missing, outputs)):
        answers = [NOTHING if is_missing(o) else escape(_shown(o)) for o in outputs]
    else:
        answers = list(marked(*outputs))
    cells = [safe(plain(row[name])) for name in names]
    return f"<tr>{''.join(map(_cell, [*cells, *answers]))}</tr>"


def _cell(html: str) -> str:
    return f'<td style="{_STYLE}">{html}</td>'


def _titled(name: str) -> str:
    for prefix in ("param_", "var_"):
        name = name.removeprefix(prefix)
    return name
