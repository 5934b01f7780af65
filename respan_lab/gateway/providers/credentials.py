"""The credentials one call brings along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ...errors import ConfigError
from ..failure import GatewayFailure
from ..serving.addresses import Origin, Reach, is_loopback
from .vendor import Access, check_key

__all__ = ["access_of", "check_address"]


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
    if url is not None and Origin.of(url) is None:
        raise ConfigError(_UNREADABLE)
    key = check_key(key, "credentials: `api_key`")
    return Access(key, url.rstrip("/") if url else own.base_url)


def check_address(
    credentials: Mapping[str, Any] | None,
    *,
    reach: Reach,
    configured: Collection[Origin],
) -> None:
    """Let a call's own `api_base` pass, unless its caller must not name it.

    Otherwise whoever may call the gateway could have it send requests to any server
    that this machine can reach, and read what they answer.

    Args:
        credentials: The call's; None for none.
        reach: How far they may reach.
        configured: Where the gateway's own addresses lead; these are always allowed.

    Raises:
        GatewayFailure: 400.

    Example:
        >>> there = {"api_key": "sk-1", "api_base": "https://example.org/v1"}
        >>> check_address(there, reach="anywhere", configured=[])
        >>> check_address(there, reach="loopback", configured=[])
        Traceback (most recent call last):
        ...
        respan_lab.gateway.failure.GatewayFailure: credentials: `api_base` leads to ...
    """
    url = credentials and credentials.get("api_base")
    if not url:
        return
    origin = Origin.of(url)
    if origin is None:
        raise _refused(_UNREADABLE)
    if origin in configured or (reach != "configured" and is_loopback(origin.host)):
        return
    if reach != "anywhere":
        raise _refused(
            f"credentials: `api_base` leads to {origin.host!r} (port {origin.port}), "
            "which callers over a socket cannot choose: leave it out, or let the "
            "gateway's owner give it as the base_url of a providers= entry"
        )
    if origin.scheme != "https":
        raise _refused(
            f"credentials: `api_base` leads to {origin.host!r} over plain http, where "
            "others can read the key: use https, or give it as the base_url of a "
            "providers= entry"
        )


_UNREADABLE = (
    "credentials: `api_base` must be an http or https address with a host and a path "
    "alone, such as 'https://api.example.org/v1'"
)


def _refused(message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="address_not_allowed", param="credentials")
