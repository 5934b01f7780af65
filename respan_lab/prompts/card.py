"""How a prompt shows itself in a notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["card"]

_EXPRESSION = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
_BOX = (
    "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:.4em .8em;"
    "margin:.3em 0;max-width:60em"
)
_TEXT = "white-space:pre-wrap;margin:.2em 0 .5em;font-family:monospace"
_MARK = (
    "background:rgba(255,190,60,.35);color:inherit;border-radius:3px;padding:0 .15em"
)


def card(
    label: str, variables: Sequence[str], messages: Sequence[Mapping[str, Any]]
) -> str:
    """Give a prompt as HTML: everything escaped, what is filled in marked.

    Args:
        label: What the prompt is called.
        variables: The names it reads.
        messages: Its messages, contents being templates.
    """
    names = escape(", ".join(variables) or "none")
    return (
        f'<div style="{_BOX}"><div><b>{escape(label)}</b> &middot; variables: '
        f"{names}</div>{''.join(_message(message) for message in messages)}</div>"
    )


def _message(message: Mapping[str, Any]) -> str:
    if message["role"] == "placeholder":
        text = f"{{{{ {message['name']} }}}}"
    else:
        content = message.get("content")
        text = content if isinstance(content, str) else repr(content)
    role = escape(str(message["role"]))
    return f'<div><small>{role}</small><div style="{_TEXT}">{_marked(text)}</div></div>'


def _marked(text: str) -> str:
    return "".join(
        f'<mark style="{_MARK}">{escape(piece)}</mark>' if index % 2 else escape(piece)
        for index, piece in enumerate(_EXPRESSION.split(text))
    )
