"""The credentials inside a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["as_credentials", "secrets_of"]

_HOLDERS = ("customer_credentials", "credential_override", "customer_api_keys")
# What stands beside a key and is none; to blot it out would make errors unreadable.
_OPEN = frozenset({"api_base", "api_version", "base_url", "location", "region"})


def as_credentials(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Bring credentials into the object form; a bare string is the key.

    Example:
        >>> as_credentials({"openai": "sk-1"})
        {'openai': {'api_key': 'sk-1'}}
    """
    return {
        name: {"api_key": value} if isinstance(value, str) else value
        for name, value in credentials.items()
    }


def secrets_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Find every credential in a body or in a set of Respan's fields.

    Args:
        fields: The fields, with their container or without.

    Returns:
        The texts that must not be shown, each once.

    Example:
        >>> secrets_of({"credential_override": {"m": {"api_key": "sk-1"}}})
        ('sk-1',)
    """
    return tuple(dict.fromkeys(_find(fields)))


def _find(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in _HOLDERS:
        yield from _texts(fields.get(name))
    group = fields.get("load_balance_group")
    listed = group.get("models") if isinstance(group, Mapping) else None
    for candidates in (fields.get("load_balance_models"), listed):
        for each in candidates or ():
            yield from _texts(each.get("credentials"))
    box = fields.get("respan_params")
    if isinstance(box, Mapping):
        yield from _find(box)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name not in _OPEN:
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
