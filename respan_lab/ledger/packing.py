"""Texts in little space: long ones compressed, short ones as they are."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from ..storage.texts import as_json

__all__ = ["in_little_space", "packed", "parts", "unpacked"]

_SHORT = 2048  # bytes; to compress what is shorter takes longer than to write it
_COMPRESSED = b"x"  # what is compressed begins so; JSON never does
_PART = 8192  # bytes


def packed(value: Any) -> bytes:
    """Write a JSON value in little space.

    Example:
        >>> unpacked(packed({"a": [1, None]}))
        {'a': [1, None]}
    """
    return in_little_space(as_json(value).encode())


def in_little_space(content: bytes) -> bytes:
    """Compress JSON, if it is long enough.

    Example:
        >>> in_little_space(b"{}")
        b'{}'
        >>> len(in_little_space(b"[" + b"0," * 5000 + b"0]")) < 100
        True
    """
    return content if len(content) < _SHORT else zlib.compress(content, 1)


def unpacked(content: bytes) -> Any:
    """Read what `packed` wrote."""
    return json.loads(
        zlib.decompress(content) if content.startswith(_COMPRESSED) else content
    )


def parts(content: bytes) -> Iterator[bytes]:
    """Give what was packed, part by part, for a reader that needs only the first.

    Example:
        >>> [len(part) for part in parts(packed("a" * 20_000))]
        [8192, 8192, 3618]
    """
    if not content.startswith(_COMPRESSED):
        yield content
        return
    unpacking = zlib.decompressobj()
    while content:
        yield unpacking.decompress(content, _PART)
        content = unpacking.unconsumed_tail
