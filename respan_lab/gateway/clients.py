"""Step: who may call."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ConfigError
from .failure import GatewayFailure
from .providers.vendor import check_key

__all__ = ["ClientKeys"]


class ClientKeys:
    """The keys that callers over a socket must show; without any, all may call.

    Args:
        keys: A list of keys, or a name for each; None for none.

    Raises:
        ConfigError: It is neither, or empty, or a key is not usable.
    """

    def __init__(self, keys: Sequence[str] | Mapping[str, str] | None) -> None:
        self._keys = None if keys is None else _read(keys)

    def __bool__(self) -> bool:
        return self._keys is not None

    def __repr__(self) -> str:
        return f"ClientKeys({len(self._keys or ())})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys themselves."""
        return tuple(key.decode() for key in self._keys or ())

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a caller pass, or not.

        Args:
            headers: The request's headers, names in lower case.

        Raises:
            GatewayFailure: 401.
        """
        if self._keys is None:
            return
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        offered = shown.strip().encode("latin-1", "replace")
        # All of them are compared, so that the time taken tells nothing.
        known = [hmac.compare_digest(key, offered) for key in self._keys]
        if scheme.lower() != "bearer" or not any(known):
            raise GatewayFailure(
                401,
                "this gateway needs one of its client keys: Authorization: Bearer KEY",
                code="invalid_api_key",
            )


def _read(keys: Any) -> tuple[bytes, ...]:
    values = list(keys.values()) if isinstance(keys, Mapping) else keys
    is_list = isinstance(values, Sequence) and not isinstance(values, str)
    if not is_list or not values or not all(isinstance(key, str) for key in values):
        raise ConfigError(
            "client_keys must be a list of keys, or an object of a name for each, and "
            "not empty; leave it out to let everybody on this machine call"
        )
    return tuple(check_key(key, "client_keys: an entry").encode() for key in values)
