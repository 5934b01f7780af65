"""What one prompt has that another has not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from .diff_views import html_view, text_view
from .equality import frozen
from .words import Piece, word_diff

if TYPE_CHECKING:
    from .prompt import Prompt

__all__ = ["MessageDiff", "PromptDiff", "prompt_diff"]

_PLAIN = {"role", "content"}
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class MessageDiff:
    """What became of one message.

    Attributes:
        role: Its role.
        status: ``same``, ``changed``, ``added`` or ``removed``.
        pieces: Its text in pieces, each with a sign: ``=`` stayed, ``-`` was removed,
            ``+`` was added. Fields other than role and content are told as JSON.
    """

    role: str
    status: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, repr=False)
class PromptDiff:
    """What differs between two prompts; `Prompt.diff` gives it.

    It shows itself, in a notebook with what was removed struck through and what was
    added underlined, as text with ``[-old-]`` and ``{+new+}``, as git's word diff has
    it. It is true if there is a difference. Names and versions are shown, but make
    none: they are not sent.

    Attributes:
        old: What the first prompt is called.
        new: What the second one is called.
        messages: What became of each message, the system part's too.
        added_variables: What the second reads and the first does not.
        removed_variables: What the first reads and the second does not.
        changed_defaults: Name to the old and the new default; None where there is none.
    """

    old: str
    new: str
    messages: tuple[MessageDiff, ...]
    added_variables: tuple[str, ...]
    removed_variables: tuple[str, ...]
    changed_defaults: Mapping[str, tuple[Any, Any]]

    @property
    def is_empty(self) -> bool:
        """Whether both say the same: all messages and all defaults."""
        is_same = all(message.status == "same" for message in self.messages)
        return is_same and not self.changed_defaults

    def __bool__(self) -> bool:
        return not self.is_empty

    def __str__(self) -> str:
        return text_view(self)

    def __repr__(self) -> str:
        return text_view(self)

    def _repr_html_(self) -> str:
        return html_view(self)


def prompt_diff(old: Prompt, new: Prompt) -> PromptDiff:
    """Compare two prompts: message by message, and within them word by word.

    Args:
        old: The first.
        new: The second.
    """
    first, second = old.variables, new.variables
    return PromptDiff(
        old=old._label(),
        new=new._label(),
        messages=tuple(_messages(old._messages, new._messages)),
        added_variables=tuple(name for name in second if name not in first),
        removed_variables=tuple(name for name in first if name not in second),
        changed_defaults=_changed(old._detached().defaults, new._detached().defaults),
    )


def _changed(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    return {
        name: (old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if frozen(old.get(name, _NOTHING)) != frozen(new.get(name, _NOTHING))
    }


def _messages(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> Iterator[MessageDiff]:
    first, second = [_told(one) for one in old], [_told(one) for one in new]
    exact = [frozen(one) for one in old], [frozen(one) for one in new]
    for tag, i, j, k, m in _opcodes(*exact):
        if tag == "equal":
            yield from _whole(first[i:j], "same")
        else:
            yield from _replaced(first[i:j], second[k:m])


def _replaced(
    old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]
) -> Iterator[MessageDiff]:
    """Pair messages of a role up, in their order."""
    roles = [role for role, _ in old], [role for role, _ in new]
    for tag, i, j, k, m in _opcodes(*roles):
        if tag == "equal":
            for (role, before), (_, after) in zip(old[i:j], new[k:m], strict=True):
                pieces = tuple(word_diff(before, after))
                yield MessageDiff(role, "changed", pieces)
        else:
            yield from _whole(old[i:j], "removed")
            yield from _whole(new[k:m], "added")


def _opcodes(first: Sequence[Any], second: Sequence[Any]) -> Any:
    return SequenceMatcher(None, first, second, autojunk=False).get_opcodes()


def _whole(messages: Iterable[tuple[str, str]], status: str) -> Iterator[MessageDiff]:
    sign = {"same": "=", "added": "+", "removed": "-"}[status]
    for role, text in messages:
        yield MessageDiff(role, status, (Piece(sign, text),) if text else ())


def _told(message: Mapping[str, Any]) -> tuple[str, str]:
    """Give a message's role, and all else of it as a text."""
    role, content = message["role"], message.get("content")
    if role == "placeholder":
        return role, f"{{{{ {message['name']} }}}}"
    if message.keys() == _PLAIN and isinstance(content, str):
        return role, content
    rest = {key: value for key, value in message.items() if key != "role"}
    return role, json.dumps(rest, ensure_ascii=False, indent=1, default=repr)
