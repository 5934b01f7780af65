"""Header lookup that does not mind the case, whatever mapping holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["header", "header_seconds"]


def header(headers: Mapping[str, str] | None, name: str) -> str | None:
    """Find a header.

    Args:
        headers: Any mapping of names to values; None has none.
        name: The header's name in lower case.

    Returns:
        Its value; None if it is not there or empty.

    Example:
        >>> header({"X-Respan-Log-Id": "abc"}, "x-respan-log-id")
        'abc'
    """
    if not headers:
        return None
    found = headers.get(name)
    if found is None and type(headers) is dict:  # others look names up in any case
        found = next((v for k, v in headers.items() if k.lower() == name), None)
    return found or None


def header_seconds(headers: Mapping[str, str] | None, name: str) -> float:
    """Read a header that holds seconds; 0 if it is not there or not readable.

    Example:
        >>> header_seconds({"x-held": "0.25"}, "x-held")
        0.25
    """
    try:
        seconds = float(header(headers, name) or 0)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < math.inf else 0.0
