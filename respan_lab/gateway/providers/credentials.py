"""The credentials one call brings along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ConfigError
from .vendor import Access, check_key

__all__ = ["access_of"]


def access_of(own: Access, given: Mapping[str, Any] | None) -> Access:
    """Choose between a provider's own key and address, and those of the call.

    Our key is never sent to an address the call names.

    Args:
        own: The provider's own.
        given: The call's `api_key` and, if it has one, `api_base`; None for none.

    Raises:
        ConfigError: An address without a key, or values that are not usable.
    """
    if not given:
        return own
    key, url = given.get("api_key"), given.get("api_base")
    if not isinstance(key, str):
        raise ConfigError("credentials need an `api_key`, which is a string")
    if url is not None and not _is_address(url):
        raise ConfigError("credentials: `api_base` must be an http or https address")
    key = check_key(key, "credentials: `api_key`")
    return Access(key, url.rstrip("/") if url else own.base_url)


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("http://", "https://"))
