"""The providers a user names: servers that speak OpenAI's dialect."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from ..serving.addresses import address_fault
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
    if not isinstance(providers, Mapping | None):
        raise ConfigError(
            f"providers is a {type(providers).__name__}; give a dict of name to an "
            f"object like {_SHAPE}"
        )
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
            + (
                f"; got the keys {sorted(map(str, entry))}"
                if isinstance(entry, Mapping)
                else ""
            )
        )
    key, source = entry.get("api_key"), f"providers[{name!r}]['api_key']"
    if key is not None:
        key = check_key(str(key), source)
    url = _address(name, entry.get("base_url"))
    return CustomProvider(Access(key, url, source), _models(name, entry.get("models")))


def _address(name: str, url: Any) -> str:
    fault = "is missing" if url is None else address_fault(url)
    if fault is not None:
        raise ConfigError(
            f"providers[{name!r}]['base_url'] {fault}; it must be an http or https "
            "address with a host and a path alone, such as 'http://127.0.0.1:8000/v1', "
            "and a key belongs in 'api_key'"
        )
    return str(url).rstrip("/#?")


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
    is_list = isinstance(models, Collection) and not isinstance(models, str | Mapping)
    if not is_list or not all(isinstance(m, str) and m for m in models):
        raise ConfigError(
            f"providers[{name!r}]['models'] is {models!r}; it must be a list of names"
        )
    return tuple(models)
