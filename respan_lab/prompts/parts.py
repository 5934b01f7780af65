"""What a prompt is made of: its messages, and what they read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import PromptError
from .messages import check_messages, templates_of
from .template import Template, template_of

__all__ = ["described", "listed", "names_in", "texts_of", "unguarded", "variables_of"]

Message = Mapping[str, Any]
_PLAIN = {"role", "content"}


def listed(template: Any, system: str | None) -> list[Message]:
    """Give all messages of a prompt, every template in them checked.

    Args:
        template: A text, which is one user message, or a list of messages.
        system: The template of a system message before them; None for none.

    Raises:
        PromptError: A message is none, a template has a mistake, or there are two
            system messages.

    Example:
        >>> [message["role"] for message in listed("Hi {{ name }}", "Be brief.")]
        ['system', 'user']
    """
    messages = _with_system(_messages(template), system)
    for message in messages:
        templates_of(message)
    return messages


def _messages(template: Any) -> list[Message]:
    if isinstance(template, str):
        return [{"role": "user", "content": template}]
    return check_messages(template)


def _with_system(messages: list[Message], system: str | None) -> list[Message]:
    if system is None:
        return messages
    if messages[0]["role"] in ("system", "developer"):
        raise PromptError("it has a system message already: leave out system=")
    return [{"role": "system", "content": system}, *messages]


def variables_of(messages: Iterable[Message]) -> tuple[str, ...]:
    """Name the variables that messages read, in order of appearance."""
    return tuple(
        dict.fromkeys(name for message in messages for name in names_in(message))
    )


def names_in(message: Message) -> Iterable[str]:
    """Name what one message reads, as often as it does."""
    if message["role"] == "placeholder":
        return (message["name"],)
    return (name for part in templates_of(message) for name in part.variables)


def unguarded(messages: Sequence[Message]) -> frozenset[str]:
    """Find variables which are read somewhere and guarded nowhere."""
    guarded = {
        name
        for message in messages
        for template in templates_of(message)
        for name in template.variables
        if name not in template.required
    }
    return frozenset(variables_of(messages)) - guarded


def texts_of(messages: Sequence[Message]) -> tuple[tuple[str, Template], ...] | None:
    """The role and the template of each message; None if one has anything else."""
    texts = []
    for message in messages:
        role, content = message["role"], message.get("content")
        if message.keys() != _PLAIN or {type(role), type(content)} != {str}:
            return None
        texts.append((role, template_of(content)))
    return tuple(texts)


def described(name: str, values: Mapping[str, Any]) -> str:
    """Say of a variable without a value what may have been meant.

    Example:
        >>> described("city", {"City": "Rome"}), described("city", {"city": None})
        ("'city' (did you mean 'City'?)", "'city' (it is given, but None or NaN)")
    """
    if name in values:
        return f"{name!r} (it is given, but None or NaN)"
    near = difflib.get_close_matches(name, values, n=1)
    return f"{name!r} (did you mean {near[0]!r}?)" if near else repr(name)
