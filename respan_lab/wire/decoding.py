"""JSON as it comes from outside."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

__all__ = ["decoded"]


def decoded(content: str | bytes) -> Any:
    r"""Read JSON as `json.loads` does, in a third of its time.

    What the quick reader refuses, lone surrogates for one, the other has a look at.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deep.

    Example:
        >>> decoded(b'{"text": "a\\ud83d"}') == {"text": "a\ud83d"}
        True
    """
    try:
        return from_json(content)
    except ValueError:
        return json.loads(content)
