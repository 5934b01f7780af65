"""A prompt as it will be sent, with what its variables put there marked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import traitlets

from ..prompts.marking import Marked
from .part import Part
from .shown import note

__all__ = ["Preview"]

_TEXT = "white-space:pre-wrap;margin:.2em 0 .5em;font-family:monospace"
_MARK = "background:rgba(255,176,0,.38);color:inherit;border-radius:3px;padding:0 .15em"


class Preview(Part, front="preview"):
    """Shows messages in pieces; an own part, so it works wherever anywidgets do.

    Attributes:
        messages: For each message its ``role`` and its ``pieces``, pairs of a text and
            whether a variable put it there.
        estimate: A line under them.
        problem: What keeps the prompt from being rendered; empty if nothing does.

    Example:
        >>> from respan_lab.prompts import Prompt
        >>> from respan_lab.prompts.marking import marked
        >>> preview = Preview()
        >>> preview.show(marked(Prompt("Hi {{ name }}"), {"name": "Ada"}))
        >>> preview
        Preview(1 message)
    """

    messages: traitlets.List[Any] = traitlets.List().tag(sync=True)
    estimate = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)

    def show(self, messages: Sequence[Marked], estimate: str = "") -> None:
        """Show a prompt that could be rendered.

        Args:
            messages: What it became.
            estimate: What it may take.
        """
        with self.hold_sync():
            self.messages = [
                {"role": one.role, "pieces": [list(piece) for piece in one.pieces]}
                for one in messages
            ]
            self.estimate, self.problem = estimate, ""

    def _static(self) -> str:
        shown = "".join(
            f'<div><small>{escape(message["role"])}</small><div style="{_TEXT}">'
            f"{_marked(message['pieces'])}</div></div>"
            for message in self.messages
        )
        problem = f"<div><b>{escape(self.problem)}</b></div>" if self.problem else ""
        return shown + (note(self.estimate) if self.estimate else "") + problem

    def __repr__(self) -> str:
        n = len(self.messages)
        return f"Preview({n} message{'' if n == 1 else 's'})"


def _marked(pieces: Sequence[Sequence[object]]) -> str:
    return "".join(
        f'<mark style="{_MARK}">{escape(str(text))}</mark>'
        if is_value
        else escape(str(text))
        for text, is_value in pieces
    )
