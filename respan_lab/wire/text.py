"""Text as it enters: no lone surrogates, and only values JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import index
from typing import Any

from ..errors import ConfigError

__all__ = ["clean", "clean_tree", "plain"]


def clean(text: str) -> str:
    r"""Replace lone surrogates by U+FFFD and join the halves of split pairs.

    Lone surrogates come from truncated JSON escapes; they crash SQLite, pandas
    strings and Parquet. Text without any is returned as it is.

    Args:
        text: Any string.

    Returns:
        A string that UTF-8 can encode.

    Example:
        >>> clean("caf\u00e9"), clean("a\ud83d!") == "a\ufffd!"
        ('café', True)
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_tree(value: Any) -> Any:
    """Clean every string of a JSON value.

    Args:
        value: A JSON value: dicts, lists, strings, numbers, booleans, None.

    Returns:
        The very same object if nothing had to change, else a cleaned copy.

    Example:
        >>> answer = {"role": "assistant", "content": "hi"}
        >>> clean_tree(answer) is answer
        True
    """
    return value if _is_clean(value) else _cleaned(value)


def _is_clean(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return value.isascii() or clean(value) is value
    if kind is dict:
        return all(map(_is_clean, value)) and all(map(_is_clean, value.values()))
    return kind is not list or all(map(_is_clean, value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(each) for key, each in value.items()}
    return list(map(_cleaned, value)) if isinstance(value, list) else value


def plain(value: Any, path: str) -> Any:
    """Copy a value into plain JSON types, cleaning its text.

    Tuples become lists, mappings become dicts, NumPy and pandas scalars become
    Python numbers, pydantic objects become dicts, integer keys become strings.

    Args:
        value: What the caller handed over.
        path: Where it stands, for the error: ``"metadata"``, ``"messages[0]"``.

    Returns:
        A new value of dicts, lists, strings, finite numbers, booleans and None.

    Raises:
        ConfigError: If something in it has no JSON form.

    Example:
        >>> plain({"stop": ("a", "b"), 7: 1.5}, "extra")
        {'stop': ['a', 'b'], '7': 1.5}
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else clean(value)
    if kind is bool or kind is int or value is None:
        return value
    if kind is dict:
        return {
            key if type(key) is str and key.isascii() else _plain_key(key, path): (
                each
                if type(each) is str and each.isascii()
                else plain(each, f"{path}.{key}")
            )
            for key, each in value.items()
        }
    if kind is list or kind is tuple:
        return [plain(each, f"{path}[{i}]") for i, each in enumerate(value)]
    if isinstance(value, float):
        return _finite(value, path)
    return _plain_other(value, path)


def _finite(value: float, path: str) -> float:
    if math.isfinite(value):
        return float(value)
    raise ConfigError(
        f"{path} is {float(value)!r}, which JSON cannot carry. "
        "Allowed are finite numbers; leave it out, or give None, for unknown."
    )


def _plain_key(key: Any, path: str) -> str:
    if isinstance(key, str):
        return clean(str.__str__(key))
    if hasattr(key, "__index__") and not isinstance(key, bool):
        return str(index(key))
    raise ConfigError(
        f"{path} has the key {key!r} of type {type(key).__name__}. "
        "Allowed are strings; convert it with str()."
    )


def _plain_other(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return clean(str.__str__(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping):
        return plain(dict(value), path)
    if isinstance(value, list | tuple):
        return plain(list(value), path)
    if hasattr(value, "model_dump"):  # a pydantic object, another SDK's message too
        return plain(value.model_dump(mode="json", exclude_none=True), path)
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return plain(value.tolist(), path)
    hint = "; an image goes in through lab.image()" if isinstance(value, bytes) else ""
    raise ConfigError(
        f"{path} is of type {type(value).__name__}, which JSON cannot carry. "
        "Allowed are strings, numbers, booleans, None, and lists and dicts of "
        f"those{hint}."
    )
