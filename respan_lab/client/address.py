"""Where a gateway is: one spelling for every way to write its address."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigError
from ..transport.proxies import is_loopback

__all__ = ["HOSTED_URL", "Address", "Backend"]

HOSTED_URL = "https://api.respan.ai/api"
_HOSTED_HOSTS = frozenset({"api.respan.ai", "api.keywordsai.co"})

Backend = Literal["hosted", "custom", "embedded"]


class Address(NamedTuple):
    """A gateway's address, with its path ending in `/api`.

    Attributes:
        url: For example `https://api.respan.ai/api`; never ends in a slash.
        backend: `hosted` for Respan's own hosts, else `custom`.
        identity: Host and path, the part of a cell's key that names the gateway.
    """

    url: str
    backend: Backend
    identity: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address; with or without `/api`, with or without a last slash.

        Args:
            text: For example `https://host`, `https://host/api/`.

        Raises:
            ConfigError: Not an http(s) address, or plain http to another machine.

        Example:
            >>> Address.parse("https://api.respan.ai").url
            'https://api.respan.ai/api'
        """
        parts = urlsplit(text.strip())
        if not _is_usable(parts):
            raise ConfigError(
                f"base_url {_shown(text)!r} is not an address; "
                f"write it like {HOSTED_URL!r}"
            )
        if parts.username or parts.password:
            raise ConfigError(
                "base_url must not carry a user name or password; pass api_key="
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ConfigError(
                f"base_url {_shown(text)!r} would send the key unencrypted to another "
                "machine; use https://, or http:// for a loopback address only"
            )
        path = parts.path.rstrip("/").removesuffix("/api") + "/api"
        host = parts.netloc.lower()
        backend: Backend = "hosted" if parts.hostname in _HOSTED_HOSTS else "custom"
        return cls(f"{parts.scheme}://{host}{path}", backend, host + path)


def _is_usable(parts: SplitResult) -> bool:
    try:
        parts.port  # noqa: B018  # raises if it is no number, or too large
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _shown(text: str) -> str:
    """The address without what a careless paste may have put before its host."""
    head, at, tail = text.rpartition("@")
    return f"{head.split('://')[0]}://***@{tail}" if at else text
