r"""Messages as blocks of text, each begun by a line with its role.

    ## system ##

    You are brief.

    ## user ##

    {{ question }}

A role stands between two pairs of hashes, which Markdown shows as a heading. Line ends
around a content do not count. A line of a content that looks like such a heading has a
backslash before it, one more than it had. `## placeholder: messages ##` stands for the
conversation in the variable `messages`, and what no text can say (a list of parts,
other fields, line ends at a content's ends) follows `## user (YAML) ##` as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import PromptError
from ..messages import ROLES
from .yaml_text import plain, read_yaml, written_yaml

__all__ = ["begins_with_heading", "read_messages", "written_messages"]

_PLACEHOLDER = "placeholder"
_NAMED = re.compile(r"placeholder: ([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_HEADING = re.compile(r"([^\s()]+)( \(YAML\))?")
_ENDS = "\r\n"


class _Block(NamedTuple):
    """A heading's text, the line it stands in, and the lines below it."""

    heading: str
    line: int
    lines: list[str]


def begins_with_heading(body: str) -> bool:
    r"""Tell whether a text would be taken for messages.

    Example:
        >>> begins_with_heading("\n## user ##\nHi"), begins_with_heading("# user")
        (True, False)
    """
    return _heading(body.lstrip(_ENDS).partition("\n")[0]) is not None


def written_messages(messages: Iterable[Mapping[str, Any]]) -> str:
    """Write messages as blocks.

    Raises:
        PromptError: One holds what a file cannot.

    Example:
        >>> print(written_messages([{"role": "user", "content": "Hi"}]), end="")
        ## user ##
        <BLANKLINE>
        Hi
    """
    blocks = (_written(at, message) for at, message in enumerate(messages))
    return "\n\n".join(blocks) + "\n"


def read_messages(body: str, *, first_line: int = 1) -> list[dict[str, Any]]:
    r"""Read messages from blocks.

    Args:
        body: The blocks.
        first_line: The line of the file in which they begin, for errors.

    Raises:
        PromptError: A heading is not known, or something is not under any.

    Example:
        >>> read_messages("## user ##\nHi\n")
        [{'role': 'user', 'content': 'Hi'}]
    """
    blocks = list(_blocks(body.split("\n"), first_line))
    if not blocks:
        raise PromptError(
            f"line {first_line}: there are no messages: each begins with a line such "
            "as `## user ##`"
        )
    return [_message(block) for block in blocks]


def _heading(line: str) -> str | None:
    """Give what stands between the hashes of a line; None if it is no heading."""
    bare = line.rstrip(" \t\r")
    if not bare.startswith("## ") or not bare.endswith(" ##"):
        return None
    return bare[3:-3].strip() or None


def _is_like_heading(line: str) -> bool:
    return _heading(line.lstrip("\\")) is not None


def _written(at: int, message: Mapping[str, Any]) -> str:
    role = message["role"]
    rest = {key: value for key, value in message.items() if key != "role"}
    named = f"{role}: {rest.get('name')}"
    if role == _PLACEHOLDER and len(rest) == 1 and _NAMED.fullmatch(named):
        return f"## {named} ##"
    content = rest.get("content")
    if len(rest) == 1 and isinstance(content, str) and content == content.strip(_ENDS):
        escaped = "\n".join(
            f"\\{line}" if _is_like_heading(line) else line
            for line in content.split("\n")
        )
        return f"## {role} ##\n\n{escaped}".rstrip("\n")
    fields = plain(rest, f"message {at}")
    return f"## {role} (YAML) ##\n\n{written_yaml(fields)}".rstrip("\n")


def _blocks(lines: Sequence[str], first_line: int) -> Iterator[_Block]:
    block = None
    for number, line in enumerate(lines, first_line):
        if (heading := _heading(line)) is not None:
            if block:
                yield block
            block = _Block(heading, number, [])
        elif block:
            block.lines.append(line)
        elif line.strip():
            raise PromptError(
                f"line {number}: {line[:40]!r} is in no message: each begins with a "
                "line such as `## user ##`"
            )
    if block:
        yield block


def _message(block: _Block) -> dict[str, Any]:
    if named := _NAMED.fullmatch(block.heading):
        return _placeholder(block, named[1])
    found = _HEADING.fullmatch(block.heading)
    if not found or found[1] not in (*ROLES, _PLACEHOLDER):
        raise PromptError(
            f"line {block.line}: `## {block.heading} ##` names no role; known are "
            f"{', '.join(ROLES)} and `placeholder: <variable>`. A line of text that "
            "looks like this begins with a backslash; a template that is one text has "
            "`format: text` in its front matter"
        )
    if found[2]:
        return {"role": found[1], **_fields(block)}
    lines = [line[1:] if _is_escaped(line) else line for line in block.lines]
    return {"role": found[1], "content": "\n".join(lines).strip(_ENDS)}


def _is_escaped(line: str) -> bool:
    return line.startswith("\\") and _is_like_heading(line)


def _placeholder(block: _Block, name: str) -> dict[str, Any]:
    if any(line.strip() for line in block.lines):
        raise PromptError(
            f"line {block.line}: `## {block.heading} ##` stands for the messages in "
            f"the variable {name!r} and has no text of its own"
        )
    return {"role": _PLACEHOLDER, "name": name}


def _fields(block: _Block) -> dict[str, Any]:
    fields = read_yaml("\n".join(block.lines), first_line=block.line + 1)
    if not isinstance(fields, dict) or "role" in fields:
        raise PromptError(
            f"line {block.line}: under `## {block.heading} ##` stand the message's "
            "fields as YAML, such as `content: ...`, and not its role"
        )
    return fields
