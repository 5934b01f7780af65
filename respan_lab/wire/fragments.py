"""Values that grow as a stream's deltas come in."""

from __future__ import annotations

from typing import Any

from .text import clean

__all__ = ["Fragments", "grow", "grown"]

# These name a thing rather than add to it: the first word said holds.
_NAMES = frozenset({"role", "id", "type", "name", "index", "format"})


class Fragments(list[str]):
    """A text as its pieces; joined once, at the end."""


def grow(into: dict[str, Any], delta: dict[str, Any]) -> None:
    """Merge a delta: text is added on, parts find theirs by ``index``.

    Args:
        into: What has come so far; changed in place.
        delta: The next piece, a JSON object.

    Example:
        >>> so_far = {}
        >>> grow(so_far, {"role": "assistant", "content": "Hel"})
        >>> grow(so_far, {"content": "lo"})
        >>> grown(so_far)
        {'role': 'assistant', 'content': 'Hello'}
    """
    for key, value in delta.items():
        kind = type(value)
        if kind is str and key not in _NAMES:
            _add_text(into, key, value)
        elif kind is dict:
            inner = into.get(key)
            if type(inner) is not dict:
                inner = into[key] = {}
            grow(inner, value)
        elif kind is list:
            inner = into.get(key)
            if type(inner) is not list:
                inner = into[key] = []
            _grow_list(inner, value)
        elif value is not None or key not in into:
            _set(into, key, value)


def _add_text(into: dict[str, Any], key: str, text: str) -> None:
    so_far = into.get(key)
    if type(so_far) is Fragments:
        so_far.append(text)
    else:
        into[key] = Fragments((text,))


def _set(into: dict[str, Any], key: str, value: Any) -> None:
    # Some servers repeat an empty name in every later delta.
    if key not in _NAMES or into.get(key) in (None, ""):
        into[key] = value


def _grow_list(into: list[Any], pieces: list[Any]) -> None:
    for piece in pieces:
        if type(piece) is not dict or piece.get("index") is None:
            into.append(piece)
            continue
        part = _part(into, piece)
        if part is None:
            into.append(part := {})
        grow(part, piece)


def _part(parts: list[Any], piece: dict[str, Any]) -> dict[str, Any] | None:
    """The part a piece belongs to; the newest one is the likeliest."""
    for part in reversed(parts):
        if type(part) is dict and part.get("index") == piece["index"]:
            # Some servers give every call of a turn the index 0, but its own id.
            ids = {part.get("id"), piece.get("id")} - {None, ""}
            return part if len(ids) < 2 else None
    return None


def grown(value: Any) -> Any:
    """Give what has grown so far as plain JSON, its text clean.

    Args:
        value: What ``grow`` worked on; left as it is.

    Returns:
        A copy of dicts, lists, strings and numbers.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else clean(value)
    if kind is Fragments:
        return clean("".join(value))
    if kind is dict:
        return {
            key if key.isascii() else clean(key): grown(each)
            for key, each in value.items()
        }
    return [grown(each) for each in value] if kind is list else value
