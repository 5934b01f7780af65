"""Hosts and origins, read in one way wherever they decide something."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import httpx

__all__ = [
    "Origin",
    "Reach",
    "address_fault",
    "host_named",
    "is_address",
    "is_loopback",
    "is_path",
    "plain_host",
]

# How far an address that a request brings along may reach. A caller in this process
# is the user's own code; one on this machine may name this machine's servers; all
# others only what is configured, since this machine's loopback is not theirs.
Reach: TypeAlias = Literal["anywhere", "loopback", "configured"]

_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65_535
_REMEMBERED = 256  # hosts; a server meets the same ones with every request


class Origin(NamedTuple):
    """Where an address leads: two of one origin go to the same server."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: object) -> Origin | None:
        """Read an address.

        Args:
            url: Anything.

        Returns:
            None unless it is an http or https address with a host and a path alone.

        Example:
            >>> Origin.of("https://api.openai.com/v1")
            Origin(scheme='https', host='api.openai.com', port=443)
            >>> Origin.of("http://127.0.0.1@example.org/")
        """
        if not isinstance(url, str) or "\\" in url or not url.isprintable():
            return None
        try:
            found = httpx.URL(url)
        except httpx.InvalidURL:
            return None
        is_bare = not (found.userinfo or found.query or found.fragment)
        if found.scheme not in _PORTS or not found.host or not is_bare:
            return None
        host = found.raw_host.decode("ascii")
        port = _PORTS[found.scheme] if found.port is None else found.port
        return cls(found.scheme, host, port) if 0 < port <= _LAST_PORT else None


def address_fault(url: object) -> str | None:
    """Say why an address cannot be read, without showing it: it may hold a key.

    Args:
        url: Anything.

    Returns:
        The end of a sentence that begins with the address's name; None if
        `Origin.of` reads it.

    Example:
        >>> address_fault("http://me:pw@10.0.0.1/v1")
        'holds a user or a password'
        >>> address_fault("http://10.0.0.1:99999")
        'has no host, or no port from 1 to 65535'
        >>> address_fault("http://10.0.0.1:8000/v1") is None
        True
    """
    if Origin.of(url) is not None:
        return None
    if not isinstance(url, str):
        return f"is a {type(url).__name__}, not a text"
    rest = url.partition("//")[2]
    if not url.lower().startswith(("http://", "https://")):
        return "does not begin with http:// or https://"
    if "\\" in url or not url.isprintable():
        return "holds a backslash, or a character that is not printable"
    if "@" in rest.partition("/")[0]:
        return "holds a user or a password"
    if "?" in rest or "#" in rest:
        return "holds a `?` or a `#`, after which no path can follow"
    return f"has no host, or no port from 1 to {_LAST_PORT}"


@lru_cache(_REMEMBERED)
def is_loopback(host: str) -> bool:
    """Whether a host is this machine, seen from itself.

    Other names that lead there are not known to be: who answers for a name can
    change.

    Example:
        >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("localhost.net")
        (True, True, False)
    """
    try:
        return host == "localhost" or _address(host).is_loopback
    except ValueError:
        return False


@lru_cache(_REMEMBERED)
def plain_host(host: str) -> str:
    """Give a host in the one form in which two of them can be compared.

    Example:
        >>> [plain_host(host) for host in ("[0:0::1]", "LLM.Lab.", "::ffff:10.0.0.1")]
        ['::1', 'llm.lab', '10.0.0.1']
    """
    host = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return str(_address(host))
    except ValueError:
        return host


def host_named(header: str) -> str:
    """Give the host that a `Host` header names, in the form of `plain_host`.

    Example:
        >>> [host_named(header) for header in ("LLM.Lab:8000", "[0::1]:80", ":80")]
        ['llm.lab', '::1', '']
    """
    return plain_host(re.sub(r":\d*$", "", header))


def is_address(host: str) -> bool:
    """Whether a host is a number of the fourth or sixth family, not a name.

    Example:
        >>> is_address("10.0.0.1"), is_address("llm.lab")
        (True, False)
    """
    try:
        _address(host)
    except ValueError:
        return False
    return True


def is_path(server: str) -> bool:
    r"""Whether the host of ASGI's `server` is none but a Unix socket's name.

    Example:
        >>> [is_path(server) for server in ("/run/gw.sock", "", "\0gw", "10.0.0.1")]
        [True, True, True, False]
    """
    return not server or server[0] in "/\0" or server.startswith("unix:")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(host)
    # A socket for both families sees IPv4 callers under an address of the sixth.
    return getattr(found, "ipv4_mapped", None) or found
