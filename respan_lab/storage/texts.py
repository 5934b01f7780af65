"""Values as the texts a file can hold."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from ..wire import clean, clean_tree

__all__ = ["as_json", "as_text"]


def as_json(value: Any) -> str:
    r"""Write JSON; lone surrogates, which no file can hold, become U+FFFD.

    What is nested deeper than can be read again becomes `null`.

    Example:
        >>> as_json({"n": [1, True], "text": "a\ud83d"})
        '{"n":[1,true],"text":"a\ufffd"}'
    """
    try:
        return to_json(value, inf_nan_mode="null").decode()
    except (PydanticSerializationError, ValueError):
        pass
    try:
        return to_json(clean_tree(value), inf_nan_mode="null").decode()
    except (PydanticSerializationError, ValueError, RecursionError):
        return "null"


def as_text(value: Any) -> str:
    """Give a metadata value as the text it is kept as; what is none becomes JSON.

    Example:
        >>> as_text("pro"), as_text(True), as_text(7)
        ('pro', 'true', '7')
    """
    return clean(value) if isinstance(value, str) else as_json(value)
