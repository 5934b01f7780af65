"""Messages of a conversation, as templates and as values."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import PromptError
from .image import Image
from .template import Template, template_of

__all__ = ["ROLES", "check_messages", "conversation", "render_message", "templates_of"]

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_PLACEHOLDER = "placeholder"


def conversation(value: Any) -> list[dict[str, Any]]:
    """Read one row's conversation as messages; nothing in it is rendered.

    Args:
        value: A list of messages, as a Python object, an array of a Parquet file, or
            a JSON text of a CSV file. A message's content is a text, or a list of
            texts, pictures and parts.

    Returns:
        New messages that share nothing with `value`.

    Raises:
        PromptError: It is no such list, or a message has no known role.

    Example:
        >>> conversation('[{"role": "user", "content": "Hello"}]')
        [{'role': 'user', 'content': 'Hello'}]
    """
    if isinstance(value, str):
        value = _from_json(value)
    elif callable(getattr(value, "tolist", None)):
        value = value.tolist()
    return [_message(message) for message in check_messages(value, roles=ROLES)]


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise PromptError(
            f"a conversation is a list of messages, and {text[:60]!r} is neither that "
            'nor its JSON: write [{"role": "user", "content": "..."}]'
        ) from error


def check_messages(
    messages: Any, *, roles: Sequence[str] = (*ROLES, _PLACEHOLDER)
) -> list[Mapping[str, Any]]:
    """Return the messages if all have a known role and usable content.

    Raises:
        PromptError: One has not; it says which and why.
    """
    if isinstance(messages, str | Mapping) or not isinstance(messages, Iterable):
        raise PromptError(f"messages are a list, not {type(messages).__name__!r}")
    checked = list(messages)
    if not checked:
        raise PromptError("there are no messages: at least one is needed")
    for index, message in enumerate(checked):
        _check_message(index, message, roles)
    return checked


def _check_message(index: int, message: Any, roles: Sequence[str]) -> None:
    if not isinstance(message, Mapping):
        raise PromptError(f"message {index} is {type(message).__name__!r}, not a dict")
    role = message.get("role")
    if role not in roles:
        raise PromptError(
            f"message {index} has the role {role!r}; known are {', '.join(roles)}"
        )
    if role == _PLACEHOLDER:
        if not isinstance(message.get("name"), str):
            raise PromptError(
                f"message {index} is a placeholder without a name: say whose "
                'messages it stands for, such as "name": "messages"'
            )
        return
    content = message.get("content")
    if not isinstance(content, str | Image | Sequence | None) or isinstance(
        content, bytes
    ):
        raise PromptError(
            f"the content of message {index} is {type(content).__name__!r}: it is a "
            "text or a list of parts"
        )


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    # Parquet fills keys that only other rows have with None.
    plain = {
        key: value if type(value) is str else copy.deepcopy(value)
        for key, value in message.items()
        if value is not None or key == "content"
    }
    content = plain.get("content")
    if isinstance(content, Image):
        plain["content"] = [content.part()]
    elif isinstance(content, list | tuple):
        plain["content"] = [_part(part) for part in content]
    return plain


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Image):
        return part.part()
    if isinstance(part, Mapping):
        return {key: value for key, value in part.items() if value is not None}
    raise PromptError(
        f"a part of a message is {type(part).__name__!r}: it is a text, a picture "
        "from image() or a dict"
    )


def templates_of(message: Mapping[str, Any]) -> list[Template]:
    """Compile every template text in a message."""
    content = message.get("content")
    if isinstance(content, str):
        return [template_of(content)]
    if not isinstance(content, Sequence):
        return []
    texts = (text for part in content for text in _texts(part))
    return [template_of(text) for text in texts]


def _texts(part: Any) -> Iterable[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            if key != "type":
                yield from _texts(value)


def render_message(
    message: Mapping[str, Any], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Render one message; a placeholder becomes a whole conversation."""
    if message["role"] == _PLACEHOLDER:
        return conversation(values[message["name"]])
    rendered = _message(message)
    content = rendered.get("content")
    if isinstance(content, str):
        rendered["content"] = _content(template_of(content).render(values))
    elif isinstance(content, list):
        rendered["content"] = [
            done for part in content for done in _render_part(part, values)
        ]
    return [rendered]


def _content(pieces: list[str | Image]) -> str | list[dict[str, Any]]:
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return pieces[0]
    return _parts(pieces)


def _parts(pieces: list[str | Image]) -> list[dict[str, Any]]:
    """Make parts of texts and pictures; blanks between pictures are dropped."""
    return [
        _part(piece) for piece in pieces if isinstance(piece, Image) or piece.strip()
    ]


def _render_part(
    part: Mapping[str, Any], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        rest = {key: value for key, value in part.items() if key != "text"}
        pieces = _parts(template_of(part["text"]).render(values))
        return [{**rest, **piece} if "text" in piece else piece for piece in pieces]
    rendered: dict[str, Any] = _render_tree(part, values)
    return [rendered]


def _render_tree(tree: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(tree, Mapping):
        return {
            key: value if key == "type" else _render_tree(value, values)
            for key, value in tree.items()
        }
    if isinstance(tree, list | tuple):
        return [_render_tree(value, values) for value in tree]
    return _render_field(tree, values) if isinstance(tree, str) else tree


def _render_field(text: str, values: Mapping[str, Any]) -> str:
    pieces = [piece for piece in template_of(text).render(values) if piece != ""]
    if any(isinstance(piece, Image) for piece in pieces) and len(pieces) > 1:
        raise PromptError(
            f"the field {text[:60]!r} holds a picture beside other text: let it be "
            "the picture alone"
        )
    return "".join(piece.url if isinstance(piece, Image) else piece for piece in pieces)
