"""Messages on their way out: a text, or a list of roles and contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ConfigError
from .text import clean, plain

__all__ = ["check_messages"]

_PLAIN = {"role", "content"}
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def check_messages(messages: str | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Bring messages into the wire's form.

    Args:
        messages: A text, which becomes one user message, or a list of messages, each
            with a ``role`` and a ``content``; messages of another SDK will do.

    Returns:
        New plain dicts, their text free of lone surrogates.

    Raises:
        ConfigError: If a message has no known role, or its content is neither a text
            nor a list of parts.

    Example:
        >>> check_messages("Hi")
        [{'role': 'user', 'content': 'Hi'}]
    """
    if isinstance(messages, str):
        return [{"role": "user", "content": clean(str(messages))}]
    if not isinstance(messages, Sequence) or isinstance(messages, bytes):
        raise ConfigError(
            f"messages is a {type(messages).__name__}. Allowed are a text, or a list "
            "of dicts with role and content."
        )
    return [_message(message, i) for i, message in enumerate(messages)]


def _message(message: Any, i: int) -> dict[str, Any]:
    if _is_plain(message):
        return dict(message)
    found = plain(message, f"messages[{i}]")
    if type(found) is not dict:
        raise ConfigError(
            f"messages[{i}] is a {type(message).__name__}. Allowed is a dict with "
            "role and content."
        )
    role = found.get("role")
    if role not in _ROLES:
        raise ConfigError(
            f"messages[{i}] has the role {role!r}. Allowed are {', '.join(_ROLES)}."
        )
    content = found.get("content")
    if type(content) is not str:
        _check_content(content, role, i)
    return found


def _is_plain(message: Any) -> bool:
    """Whether it is the commonest of all, a role and a text with nothing to clean."""
    if type(message) is not dict or message.keys() != _PLAIN:
        return False
    role, text = message["role"], message["content"]
    if type(role) is not str or type(text) is not str:
        return False
    return role in _ROLES and text.isascii()


def _check_content(content: Any, role: str, i: int) -> None:
    """Only an assistant may have said nothing: it called a tool, or refused."""
    if content is None and role == "assistant":
        return
    parts = content if type(content) is list else [None]
    for part in parts:
        if type(part) is not dict or type(part.get("type")) is not str:
            raise ConfigError(
                f"messages[{i}] ({role}) has a content of type "
                f"{type(content).__name__} that is not readable. Allowed are a text, "
                'or a list of parts like {"type": "text", "text": ...}.'
            )
