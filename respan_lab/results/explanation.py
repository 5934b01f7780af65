"""The story of one cell, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from .text import cut, visible

__all__ = ["Explanation", "Part"]

_LONGEST = 4_000  # characters of one text that are shown
_CELL = "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere"


class Part(NamedTuple):
    """A part of a story: its heading, and labelled texts."""

    title: str
    rows: list[tuple[str, str]]


class Explanation:
    """What is known of one cell: what was asked, what it took, what came.

    It shows itself; `parts` has the same for programs.

    Args:
        title: Which cell, and how it ended.
        parts: The story; those without rows are left out.

    Example:
        >>> Explanation("m: ok", [Part("Answer", [("text", "Hi")]), Part("Asked", [])])
        m: ok
        <BLANKLINE>
        Answer
          text  Hi
    """

    def __init__(self, title: str, parts: Sequence[Part]) -> None:
        self.title = title
        self.parts = tuple(part for part in parts if part.rows)

    def __repr__(self) -> str:
        return "\n\n".join([_line(self.title), *map(_text, self.parts)])

    def _repr_html_(self) -> str:
        parts = "\n".join(map(_html, self.parts))
        # The class keeps dollar signs from being typeset as formulas.
        return (
            f'<div class="tex2jax_ignore"><p><strong>{escape(_line(self.title))}'
            f"</strong></p>\n{parts}</div>"
        )


def _text(part: Part) -> str:
    width = max(len(_line(label)) for label, _ in part.rows)
    lines = [part.title]
    for label, text in part.rows:
        first, *others = _shown(text).split("\n")
        lines.append(f"  {_line(label):<{width}}  {first}".rstrip())
        lines += [f"{' ' * (width + 4)}{line}".rstrip() for line in others]
    return "\n".join(lines)


def _html(part: Part) -> str:
    rows = "".join(
        f'<tr><td style="{_CELL}">{escape(_line(label))}</td>'
        f'<td style="{_CELL}">{escape(_shown(text))}</td></tr>'
        for label, text in part.rows
    )
    return f"<p>{escape(part.title)}</p><table><tbody>{rows}</tbody></table>"


def _shown(text: str) -> str:
    left_out = len(text) - _LONGEST
    more = f" ({left_out:,} more characters)" if left_out > 0 else ""
    return visible(cut(text, _LONGEST)) + more


def _line(text: str) -> str:
    return visible(" ".join(text.split()))
