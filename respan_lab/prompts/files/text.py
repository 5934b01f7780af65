"""A prompt's file as text: front matter, where there is any, and the template."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...errors import PromptError
from .blocks import begins_with_heading, read_messages, written_messages
from .yaml_text import plain, read_yaml, written_yaml

__all__ = ["FIELDS", "Fields", "fields_of", "text_of"]

FIELDS = ("name", "version", "system", "defaults", "format")
_FORMATS = ("text", "messages")
_MARK = "---"
_BOM = "\ufeff"


class Fields(NamedTuple):
    """What a prompt is made of, as `Prompt` takes it; and the template's first line."""

    template: str | list[dict[str, Any]]
    name: str | None
    version: str | int | None
    system: str | None
    defaults: dict[str, Any]
    line: int = 1


def text_of(fields: Fields) -> str:
    r"""Write a prompt as the text of its file.

    There is front matter only if there is something to say, or if the template would
    be taken for it, or for messages.

    Raises:
        PromptError: Something of it cannot stand in a file.

    Example:
        >>> print(text_of(Fields("Hi {{ name }}", "greeting", 3, None, {})))
        ---
        name: greeting
        version: 3
        ---
        Hi {{ name }}
    """
    head = _head(fields)
    if isinstance(fields.template, str):
        body, is_mistaken = fields.template, _is_mistaken(fields.template)
        if begins_with_heading(body):
            head["format"] = "text"
    else:
        body, is_mistaken = written_messages(fields.template), False
    if not head and not is_mistaken:
        return body
    gap = "" if isinstance(fields.template, str) else "\n"
    told = written_yaml(head) if head else ""
    return f"{_MARK}\n{told}{_MARK}\n{gap}{body}"


def fields_of(text: str) -> Fields:
    r"""Read a prompt from the text of its file.

    Raises:
        PromptError: The front matter or a message is wrong; says the line.

    Example:
        >>> fields_of("---\nname: greeting\n---\nHi").name
        'greeting'
    """
    text = text.removeprefix(_BOM)  # an editor's mark
    head, body, line = _parted(text)
    _check(head)
    is_messages = head.get("format") == "messages"
    if head.get("format") is None:
        is_messages = begins_with_heading(body)
    template = read_messages(body, first_line=line) if is_messages else body
    return Fields(
        template,
        head.get("name"),
        head.get("version"),
        head.get("system"),
        head.get("defaults") or {},
        line,
    )


def _head(fields: Fields) -> dict[str, Any]:
    head = {name: getattr(fields, name) for name in ("name", "version", "system")}
    known = {
        name: plain(value, f"the {name}")
        for name, value in head.items()
        if value is not None
    }
    if fields.defaults:
        known["defaults"] = {
            name: plain(value, f"the default {name!r}")
            for name, value in fields.defaults.items()
        }
    _check(known)
    return known


def _is_mistaken(template: str) -> bool:
    return template.startswith(_BOM) or _is_mark(template.partition("\n")[0])


def _is_mark(line: str) -> bool:
    return line.rstrip(" \t\r") == _MARK


def _parted(text: str) -> tuple[dict[str, Any], str, int]:
    """Give the front matter, the body, and the line in which the body begins."""
    first, _, rest = text.partition("\n")
    if not _is_mark(first):
        return {}, text, 1
    at, number = 0, 2
    while at < len(rest):
        end = rest.find("\n", at)
        end = len(rest) if end < 0 else end
        if _is_mark(rest[at:end]):
            head = read_yaml(rest[:at], first_line=2)
            return _mapping(head), rest[end + 1 :], number + 1
        at, number = end + 1, number + 1
    raise PromptError(
        "line 1: the front matter is not closed by another line `---`; a template that "
        "begins with such a line has an empty front matter before it: two lines `---`"
    )


def _mapping(head: Any) -> dict[str, Any]:
    if head is None:
        return {}
    if isinstance(head, dict):
        return head
    raise PromptError(
        f"line 2: the front matter is {type(head).__name__!r}, not fields such as "
        "`name: support`"
    )


def _check(head: dict[str, Any]) -> None:
    for name in head:
        if name not in FIELDS:
            raise PromptError(
                f"the front matter has a field {name!r}; allowed are "
                f"{', '.join(FIELDS)}"
            )
    for name in ("name", "system"):
        if not isinstance(head.get(name), str | None):
            raise PromptError(
                f"{name}: {head[name]!r} is no text; write it in quotes: "
                f"{name}: '{head[name]}'"
            )
    version = head.get("version")
    if isinstance(version, bool) or not isinstance(version, str | int | None):
        raise PromptError(
            f"version: {version!r} is neither a whole number nor a text; write it in "
            f"quotes: version: '{version}'"
        )
    if not isinstance(head.get("defaults"), dict | None):
        raise PromptError(f"defaults: {head['defaults']!r} are no names with values")
    if odd := [name for name in head.get("defaults") or {} if type(name) is not str]:
        raise PromptError(f"defaults: {odd[0]!r} is no name of a variable")
    if head.get("format") not in (None, *_FORMATS):
        raise PromptError(
            f"format: {head['format']!r} is none of {', '.join(_FORMATS)}"
        )
