"""The providers a user names: servers that speak OpenAI's dialect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from .vendor import Access, check_key

__all__ = ["CustomProvider", "read_providers"]

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_KEYS = ("base_url", "api_key", "models")
_SHAPE = '{"base_url": "http://127.0.0.1:8000/v1", "api_key": "...", "models": ["a"]}'


@dataclass(frozen=True, slots=True)
class CustomProvider:
    """One entry of `providers=`.

    Attributes:
        access: Its address, and its key if it needs one.
        models: The models it has; None if that is not known.
    """

    access: Access
    models: tuple[str, ...] | None


Functions = Mapping[str, Callable[..., str]]


def read_providers(
    providers: Mapping[str, Any] | None,
) -> tuple[dict[str, CustomProvider], Functions]:
    """Check a user's providers.

    Args:
        providers: Name to entry, and `"sim"` to functions by name; None for none.

    Returns:
        The entries, and the functions.

    Raises:
        ConfigError: A name or an entry is not usable; says which and how it must be.
    """
    entries = dict(providers or {})
    functions = _functions(entries.pop("sim", {}))
    return {name: _entry(name, entry) for name, entry in entries.items()}, functions


def _functions(given: Any) -> Functions:
    is_fine = isinstance(given, Mapping) and all(
        isinstance(name, str) and name and callable(function)
        for name, function in given.items()
    )
    if not is_fine:
        raise ConfigError(
            "providers['sim'] must map names to functions of (messages, **params) "
            f"that return text; got {given!r}"
        )
    return dict(given)


def _entry(name: Any, entry: Any) -> CustomProvider:
    _check_name(name)
    if not isinstance(entry, Mapping) or set(entry) - set(_KEYS):
        raise ConfigError(
            f"providers[{name!r}] must be an object like {_SHAPE}"
            + (f"; got the keys {sorted(entry)}" if isinstance(entry, Mapping) else "")
        )
    url, key = entry.get("base_url"), entry.get("api_key")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ConfigError(
            f"providers[{name!r}]['base_url'] is {url!r}; it must be an http or https "
            "address, such as 'http://127.0.0.1:8000/v1'"
        )
    if key is not None:
        key = check_key(str(key), f"providers[{name!r}]['api_key']")
    models = _models(name, entry.get("models"))
    source = f"providers[{name!r}]['api_key']"
    return CustomProvider(Access(key, url.rstrip("/"), source), models)


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            f"providers: {name!r} cannot be a provider's name: it is the part before "
            "the slash of `name/model`, of ASCII letters, digits and . _ - alone"
        )
    if name == "local":
        raise ConfigError("providers: 'local' is taken by the models on this machine")


def _models(name: str, models: Any) -> tuple[str, ...] | None:
    if models is None:
        return None
    if isinstance(models, str) or not all(isinstance(m, str) and m for m in models):
        raise ConfigError(
            f"providers[{name!r}]['models'] is {models!r}; it must be a list of names"
        )
    return tuple(models)
