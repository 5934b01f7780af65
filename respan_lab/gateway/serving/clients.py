"""Step: who may call."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ConfigError
from ..failure import GatewayFailure
from ..providers.vendor import check_key

__all__ = ["ClientKeys"]


class ClientKeys:
    """The keys that callers over a socket must show; without any, all may call.

    The keys themselves are not kept, only their SHA-256.

    Args:
        keys: A list of keys, or a name for each; None for none.

    Raises:
        ConfigError: It is neither, or empty, or a key is not usable.
    """

    def __init__(self, keys: Sequence[str] | Mapping[str, str] | None) -> None:
        self._digests = None if keys is None else _read(keys)

    def __bool__(self) -> bool:
        return self._digests is not None

    def __len__(self) -> int:
        return len(self._digests or ())

    def __repr__(self) -> str:
        return f"ClientKeys({len(self)})"

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a caller pass, or not.

        Args:
            headers: The request's headers, names in lower case.

        Raises:
            GatewayFailure: 401.
        """
        if self._digests is None:
            return
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        offered = _digest(shown.strip())
        # All of them are compared, so that the time taken tells nothing.
        known = [hmac.compare_digest(digest, offered) for digest in self._digests]
        if scheme.lower() != "bearer" or not any(known):
            raise _unknown()


def _unknown() -> GatewayFailure:
    failure = GatewayFailure(
        401,
        "this gateway needs one of its client keys: Authorization: Bearer KEY",
        code="invalid_api_key",
    )
    failure.headers = {"www-authenticate": "Bearer"}
    return failure


def _read(keys: Any) -> tuple[bytes, ...]:
    values = list(keys.values()) if isinstance(keys, Mapping) else keys
    is_list = isinstance(values, Sequence) and not isinstance(values, str)
    if not is_list or not values or not all(isinstance(key, str) for key in values):
        raise ConfigError(
            "client_keys must be a list of keys, or an object of a name for each, and "
            "not empty; leave it out to let everybody on this machine call"
        )
    return tuple(_digest(check_key(key, "client_keys: an entry")) for key in values)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
