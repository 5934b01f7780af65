"""What a prompt becomes, with what its variables put there told apart."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .messages import conversation
from .template import Pictures, Template, template_of
from .work import working

if TYPE_CHECKING:
    from .prompt import Prompt

__all__ = ["Marked", "Piece", "marked"]


class Piece(NamedTuple):
    """A piece of a rendered text.

    Attributes:
        text: What stands there; of a picture, its name in brackets.
        is_value: Whether an expression of the template put it there.
    """

    text: str
    is_value: bool


class Marked(NamedTuple):
    """A rendered message in pieces.

    Attributes:
        role: Whose message it is.
        pieces: Of its content, in order; together they are what is sent.
    """

    role: str
    pieces: tuple[Piece, ...]


def marked(prompt: Prompt, values: Mapping[str, Any]) -> list[Marked]:
    """Render a prompt in pieces, so that what was filled in can be shown.

    Args:
        prompt: The prompt.
        values: As for `Prompt.render`.

    Returns:
        A message for each one that `Prompt.render` gives, with the same text.

    Raises:
        PromptError: Variables have no value, or the template fails with these.

    Example:
        >>> from respan_lab.prompts import Prompt
        >>> [message] = marked(Prompt("Say {{ word }}!"), {"word": "yes"})
        >>> [tuple(piece) for piece in message.pieces]
        [('Say ', False), ('yes', True), ('!', False)]
    """
    rendered = iter(prompt.render(**values))  # says what is wrong, in its words
    filled = {**prompt.defaults, **values}
    found = []
    with working():
        for message in prompt._messages:
            if message["role"] == "placeholder":
                for said in conversation(filled[message["name"]]):
                    next(rendered)
                    text = _plain(said.get("content"))
                    found.append(Marked(said["role"], (Piece(text, True),)))
                continue
            sent = next(rendered)
            pieces = tuple(_pieces(message.get("content"), sent.get("content"), filled))
            found.append(Marked(sent["role"], _checked(pieces, sent.get("content"))))
    return found


def _checked(pieces: tuple[Piece, ...], sent: Any) -> tuple[Piece, ...]:
    """Give up the marks where a filter has taken them for text."""
    is_same = not isinstance(sent, str) or "".join(p.text for p in pieces) == sent
    return pieces if is_same else (Piece(sent, False),)


def _pieces(content: Any, sent: Any, values: Mapping[str, Any]) -> Iterator[Piece]:
    """Cut a message's content where its template's expressions print."""
    if isinstance(content, str):
        yield from _of_template(template_of(content), values)
    elif isinstance(content, list | tuple):
        for part in content:
            text = part if isinstance(part, str) else _text_of(part)
            if text is None:
                yield Piece(_plain([part]), False)
            else:
                yield from _of_template(template_of(text), values)
    else:
        yield Piece(_plain(sent), False)


def _of_template(template: Template, values: Mapping[str, Any]) -> Iterator[Piece]:
    marks = _Marks()
    yield from marks.pieces(template.printed(values, marks.show))


class _Marks(Pictures):
    """Puts a mark before and after each value that is printed."""

    def __init__(self) -> None:
        super().__init__()
        sign = f"{secrets.randbelow(10**18):018}"
        self._begin, self._end = f"\ue002{sign}", f"\ue003{sign}"

    def show(self, value: Any) -> Any:
        return f"{self._begin}{super().show(value)}{self._end}"

    def pieces(self, text: str) -> Iterator[Piece]:
        depth = 0
        for part in re.split(f"({self._begin}|{self._end})", text):
            if part in (self._begin, self._end):
                # A text that was made with `set` is printed with its own marks in it.
                depth += 1 if part == self._begin else -1
            elif part:
                yield from self._named(part, depth > 0)

    def _named(self, text: str, is_value: bool) -> Iterator[Piece]:
        for said in self.split(text, is_all=False):
            if isinstance(said, str):
                if said:
                    yield Piece(said, is_value)
            else:
                yield Piece(f"[picture: {said.source}]", True)


def _text_of(part: Any) -> str | None:
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) and part.get("type") == "text" else None


def _plain(content: Any) -> str:
    """Say a content that is no template as text."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    return "".join(_part(part) for part in content)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return f"[{getattr(part, 'source', type(part).__name__)}]"
    if part.get("type") == "text":
        return str(part.get("text", ""))
    said = json.dumps(part, ensure_ascii=False, default=str)
    return f"[{said[:200]}]"
