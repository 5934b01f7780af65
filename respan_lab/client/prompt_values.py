"""Values of a saved prompt's variables: as the contract has them, and as we do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..prompts import Image, image
from ..prompts.template import is_missing

if TYPE_CHECKING:
    from ..prompts import SavedPrompt

__all__ = ["local_values", "sent_prompt", "sent_values"]

_PICTURES = ("http://", "https://", "data:")


def sent_prompt(prompt: SavedPrompt, **values: Any) -> dict[str, Any]:
    """Give the `prompt` of a request that a saved prompt is sent by.

    Args:
        prompt: Which prompt, which version of it, and the values bound to it.
        **values: Further values, laid over those.

    Example:
        >>> from respan_lab.prompts import SavedPrompt
        >>> sent_prompt(SavedPrompt("Hi {{ n }}", prompt_id="p", version=3), n="Ada")
        {'prompt_id': 'p', 'version': 3, 'variables': {'n': 'Ada'}, 'schema_version': 2}
    """
    return {
        "prompt_id": prompt.prompt_id,
        "version": prompt.version,
        "variables": sent_values({**prompt.bound, **values}),
        "schema_version": 2,
    }


def sent_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as the contract has them; what is missing (None, NaN) is left out.

    Example:
        >>> sent_values({"n": "Ada", "order": {"id": 3}, "note": None})
        {'n': 'Ada', 'order': {'_type': 'json', 'value': {'id': 3}}}
    """
    return {
        name: _sent(value) for name, value in values.items() if not is_missing(value)
    }


def _sent(value: Any) -> Any:
    if isinstance(value, Image):
        return {"_type": "image_url", "value": value.url}
    if isinstance(value, Mapping):
        is_typed = isinstance(value.get("_type"), str)
        return dict(value) if is_typed else {"_type": "json", "value": dict(value)}
    if isinstance(value, str):
        return value
    if callable(getattr(value, "tolist", None)):  # NumPy's scalars and arrays
        return _sent(value.tolist())
    if isinstance(value, list | tuple):
        return {"_type": "json", "value": list(value)}
    return value


def local_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give a version's values as templates read them here.

    Prompts in them are left out: only the gateway can render those.

    Example:
        >>> local_values({"n": {"_type": "text", "value": "Ada"}, "m": 3})
        {'n': 'Ada', 'm': 3}
    """
    found = {}
    for name, value in values.items():
        kind = value.get("_type") if isinstance(value, Mapping) else None
        if kind in ("text", "json"):
            found[name] = value.get("value")
        elif kind == "image_url":
            # Never a path: what a gateway says must not open files here.
            url = str(value.get("value"))
            found[name] = image(url) if url.startswith(_PICTURES) else url
        elif kind != "prompt":
            found[name] = value
    return found
