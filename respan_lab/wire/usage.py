"""How many tokens an answer took, from every spelling providers use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Usage"]

# Where each count may stand, at the top or one level in; the likeliest place first.
_PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "prompt_tokens": (
        ("prompt_tokens", ""),
        ("input_tokens", ""),
    ),
    "completion_tokens": (
        ("completion_tokens", ""),
        ("output_tokens", ""),
    ),
    "total_tokens": (("total_tokens", ""),),
    "cached_tokens": (
        ("prompt_tokens_details", "cached_tokens"),
        ("input_tokens_details", "cached_tokens"),
        ("cache_read_input_tokens", ""),
        ("prompt_cache_hit_tokens", ""),
        ("cached_tokens", ""),
    ),
    "cache_write_tokens": (
        ("prompt_tokens_details", "cache_creation_tokens"),
        ("prompt_tokens_details", "cache_write_tokens"),
        ("cache_creation_input_tokens", ""),
        ("cache_creation_prompt_tokens", ""),
    ),
    "reasoning_tokens": (
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
        ("reasoning_tokens", ""),
    ),
}
# What nearly every answer has, and nothing that could say the same twice.
_PLAIN = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
    }
)
_MOST = 2**53  # beyond it a count is garbage, and no column of a frame can hold it


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one answer; None is unknown, which is not 0.

    Attributes:
        prompt_tokens: Tokens read, the cached ones included.
        completion_tokens: Tokens written, the reasoning included.
        total_tokens: As reported; else the sum, if both parts are known.
        cached_tokens: Prompt tokens the provider read from its prompt cache.
        cache_write_tokens: Prompt tokens the provider wrote to its prompt cache.
        reasoning_tokens: Completion tokens spent on reasoning.
        notes: What in the report could not be right, in words.

    Example:
        >>> usage = Usage.from_wire({"prompt_tokens": 9, "completion_tokens": 3})
        >>> usage.total_tokens, usage.cached_tokens
        (12, None)
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def from_wire(cls, usage: Any) -> Usage:
        """Read a ``usage`` object; never raises.

        Args:
            usage: What the answer holds under ``usage``; anything at all.

        Returns:
            The counts that could be read. Whatever could not, or does not add up, is
            a note.
        """
        if type(usage) is dict and not usage.keys() - _PLAIN:
            found = _read_plain(usage)
            if found is not None:
                return found
        if not isinstance(usage, Mapping):
            return cls(notes=() if usage is None else (_not_an_object(usage),))
        notes: list[str] = []
        counts = {name: _first(usage, name, notes) for name in _PLACES}
        if usage.get("total_tokens") is None:
            counts["total_tokens"] = _sum(counts)
        notes += _contradictions(counts)
        return cls(**counts, notes=tuple(notes))


def _read_plain(usage: dict[str, Any]) -> Usage | None:
    """Read the commonest form quickly; None if it needs the careful way."""
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(prompt) is not int or type(completion) is not int:
        return None
    total = usage.get("total_tokens", prompt + completion)
    fits = prompt >= 0 and completion >= 0 and total == prompt + completion <= _MOST
    read = usage.get("prompt_tokens_details") or {}
    written = usage.get("completion_tokens_details") or {}
    if not fits or type(total) is not int:
        return None
    if type(read) is not dict or type(written) is not dict:
        return None
    parts = (
        read.get("cached_tokens"),
        read.get("cache_write_tokens"),
        written.get("reasoning_tokens"),
    )
    for part, whole in zip(parts, (prompt, prompt, completion), strict=True):
        if part is not None and (type(part) is not int or not 0 <= part <= whole):
            return None
    is_twice = read.get("cache_creation_tokens") is not None
    return None if is_twice else Usage(prompt, completion, total, *parts)


def _not_an_object(usage: Any) -> str:
    return f"usage is {_shown(usage)}, not an object"


def _shown(value: Any) -> str:
    """A short text for any value, also one whose own ``repr`` fails."""
    try:
        text = repr(value)
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= 40 else text[:39] + "…"


# The class that JSON gives stands first: to ask an abstract one costs ten times more.
_OBJECTS = (dict, Mapping)


def _first(usage: Mapping[str, Any], name: str, notes: list[str]) -> int | None:
    """The first place that holds a count; other places must agree with it."""
    found: int | None = None
    for outer, inner in _PLACES[name]:
        value = usage.get(outer)
        if inner and value is not None:
            value = value.get(inner) if isinstance(value, _OBJECTS) else None
        if value is None:
            continue
        place = f"{outer}.{inner}" if inner else outer
        count = _count(value, place, notes)
        if count is None or count == found:
            continue
        if found is None:
            found = count
        else:
            notes.append(f"{name} is {found}, yet {place} says {count}")
    return found


def _count(value: Any, place: str, notes: list[str]) -> int | None:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= _MOST:
        return value
    notes.append(f"{place} is {_shown(value)}, not a count")
    return None


def _sum(counts: Mapping[str, int | None]) -> int | None:
    prompt, completion = counts["prompt_tokens"], counts["completion_tokens"]
    return None if prompt is None or completion is None else prompt + completion


def _contradictions(counts: Mapping[str, int | None]) -> list[str]:
    notes = []
    whole, total = _sum(counts), counts["total_tokens"]
    if whole is not None and total is not None and total != whole:
        notes.append(f"total_tokens is {total}, yet prompt and completion give {whole}")
    for part, of in (
        ("cached_tokens", "prompt_tokens"),
        ("cache_write_tokens", "prompt_tokens"),
        ("reasoning_tokens", "completion_tokens"),
    ):
        n, limit = counts[part], counts[of]
        if n is not None and limit is not None and n > limit:
            notes.append(f"{part} is {n}, more than {of}, {limit}")
    return notes
