"""Values of a saved prompt's variables: from the contract's objects to a template's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...prompts import Image
from ..failure import GatewayFailure

__all__ = ["is_prompt", "value_of"]

_TYPES = ("text", "image_url", "json", "prompt")
_SCHEMES = ("http://", "https://", "data:image/")


def is_prompt(value: Any) -> bool:
    """Tell whether a variable's value is another prompt."""
    return isinstance(value, dict) and value.get("_type") == "prompt"


def value_of(
    value: Any, where: str, *, child: Callable[[], str], warn: Callable[[str], None]
) -> Any:
    """Give what a template is to see of a variable's value.

    Args:
        value: A text, number, boolean or null; or an object whose `_type` is `text`,
            `image_url`, `json` or `prompt`. Other objects and lists are taken as they
            are, with a warning.
        where: The variable's place in the request, for errors.
        child: Renders the prompt that a `prompt` stands for.
        warn: Takes a warning.

    Raises:
        GatewayFailure: 400, naming the place.
    """
    if not isinstance(value, dict | list):
        return value
    if not isinstance(value, dict) or "_type" not in value:
        warn(
            f'{where} has no _type, and is taken as it is; write {{"_type": "json", '
            '"value": ...}'
        )
        return value
    kind = value["_type"]
    if kind == "prompt":
        return child()
    if kind not in _TYPES:
        raise _bad(
            f"{where}._type",
            f"{where}._type is {kind!r}; known are {', '.join(_TYPES)}",
        )
    return _READERS[kind](value.get("value"), f"{where}.value")


def _text(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    raise _bad(where, f"{where} is of type {type(value).__name__}; it must be a text")


def _picture(value: Any, where: str) -> Image:
    # Never a path: a request must not make the gateway read this machine's files.
    if isinstance(value, str) and value.lower().startswith(_SCHEMES):
        short = value if len(value) <= 80 else value[:77] + "..."
        return Image(value, short)
    raise _bad(
        where, f"{where} must be a picture's URL, http(s)://... or data:image/...;..."
    )


def _json(value: Any, where: str) -> Any:
    if isinstance(value, dict | list):
        return value
    raise _bad(
        where, f"{where} is of type {type(value).__name__}; it must be an object"
    )


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "text": _text,
    "image_url": _picture,
    "json": _json,
}


def _bad(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=param)
