"""What a request's `Idempotency-Key` stands for, and what question it was given to."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ..failure import GatewayFailure

if TYPE_CHECKING:
    from ..asking.asked import Asked

__all__ = ["HEADER", "entry_key", "fingerprint", "reused"]

HEADER = "idempotency-key"  # as it stands among a request's headers
_LONGEST = 255

# They say how the answer travels and what is noted beside it, not what is asked.
_SILENT = ("stream", "stream_options", "metadata")


def entry_key(text: str, caller: str | None) -> str:
    """Give what an answer is kept under: keys of different callers never meet.

    Args:
        text: The header.
        caller: Tells the caller from all others; None for one who cannot be told.

    Returns:
        64 hexadecimal digits, which do not tell the key.

    Raises:
        GatewayFailure: 400, if the header is not usable.

    Example:
        >>> entry_key("a", "Ada") == entry_key("a", "Bob")
        False
    """
    if not 1 <= len(text) <= _LONGEST or not (text.isascii() and text.isprintable()):
        raise _unusable(text)
    parts = json.dumps([caller, text])
    return hashlib.sha256(parts.encode()).hexdigest()


def fingerprint(asked: Asked) -> str:
    """Give what tells one question from another; credentials are no part of it.

    Args:
        asked: The request as it came, no saved prompt put into it yet.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> from respan_lab.gateway.asking.asked import Asked
        >>> plain, streamed = ({"messages": [], "stream": s} for s in (False, True))
        >>> fingerprint(Asked(plain, {})) == fingerprint(Asked(streamed, {}))
        True
    """
    public = asked.public()
    parts = {name: public[name] for name in public if name not in _SILENT}
    text = json.dumps([parts, asked.route_provider], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _unusable(text: str) -> GatewayFailure:
    return GatewayFailure(
        400,
        f"Idempotency-Key is {text[:40]!r}, of {len(text)} characters; it must be 1 to "
        f"{_LONGEST} printable ASCII characters, such as a UUID's",
        code="invalid_value",
        param="Idempotency-Key",
    )


def reused() -> GatewayFailure:
    """Give the failure of a request whose key belongs to another question."""
    return GatewayFailure(
        422,
        "this Idempotency-Key was given to another request within the last 24 hours, "
        "and what was asked then is not what is asked now: give every request a key "
        "of its own, and the same key only to repeat it as it was",
        code="idempotency_key_reused",
        param="Idempotency-Key",
    )
