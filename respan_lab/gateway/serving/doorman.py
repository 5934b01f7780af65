"""Step: what a web page must not make the gateway do.

A server on loopback is within reach of every page that the user's browser shows, and
the browser is on this machine. Three rules keep pages out, for every path alike:

- `Host` is a name of this server, else 421. A page whose own name was made to lead
  here (DNS rebinding) is of the same origin as the gateway to the browser; its name
  gives it away.
- A page of another origin is refused with 403, be it that `Origin` or `Sec-Fetch-Site`
  says so. There are no CORS headers, so no page can read an answer either.
- A body is declared as JSON, else 415. Forms cannot do that, and a script of another
  origin has to ask first. A POST or a PATCH declares it even if there is none.

Without client keys there is a fourth: only this machine may call, else 403.

Names of this server are the address that took the connection (with `localhost` and
all addresses of loopback, if it is one or a Unix socket), the one it was started with,
and those it was told of.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ..failure import GatewayFailure
from .addresses import host_named, is_address, is_loopback, is_path, plain_host

if TYPE_CHECKING:
    from ..exchange import Scope

__all__ = ["check_hosts", "check_local", "check_page"]

_HOST = re.compile(r"[A-Za-z0-9._-]+|\[?([0-9a-fA-F.]*:){2,}[0-9a-fA-F.]*\]?")
_JSON = re.compile(r"application/(json|[\w.+-]+\+json)")
_SHOWN = 100  # characters of what a stranger sent
_BODILESS = ("GET", "HEAD", "OPTIONS")
_DECLARED = ("POST", "PATCH")  # of these the platform's contract asks it, body or none


def check_hosts(allow_hosts: Any) -> frozenset[str]:
    """Read the names a server was told of.

    Args:
        allow_hosts: A list of host names, without a scheme or a port.

    Raises:
        ConfigError: It is none, or a name is not usable.
    """
    is_list = isinstance(allow_hosts, Iterable) and not isinstance(allow_hosts, str)
    for host in allow_hosts if is_list else [allow_hosts]:
        if not is_list or not isinstance(host, str) or not _HOST.fullmatch(host):
            raise ConfigError(
                f"allow_hosts: {host!r} is not usable; it must be a list of names as "
                "they stand in an address, without a scheme or a port, such as "
                "['llm.example.org']"
            )
    return frozenset(map(plain_host, allow_hosts))


def check_page(scope: Scope, hosts: Collection[str]) -> None:
    """Let a request over a socket pass, unless a web page may be behind it.

    Args:
        scope: ASGI's.
        hosts: Names of this server beside the address of its socket.

    Raises:
        GatewayFailure: 421, 403 or 415.
    """
    said: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        said.setdefault(name.lower(), []).append(value.decode("latin-1"))
    host = said.get(b"host", [])
    if len(host) != 1 or not _is_own(host[0], _server(scope), frozenset(hosts)):
        raise _misdirected(host)
    _check_origin(said, host[0])
    if _is_typed(scope, said):
        _check_type(scope["method"], said.get(b"content-type", []))


def check_local(scope: Scope, hosts: Collection[str]) -> None:
    """Let a request over a socket pass if only this machine can have sent it.

    `serve` does not open a socket to others without client keys, but a server of the
    user's own listens where it likes. A name in its scope is a test client's, or taken
    from the request: it must be one the gateway was told of.

    Args:
        scope: ASGI's, of a request that passed `check_page`.
        hosts: As for that.

    Raises:
        GatewayFailure: 403.
    """
    server = _server(scope)
    if is_loopback(server) or (server in hosts and not is_address(server)):
        return
    raise GatewayFailure(
        403,
        f"without client keys this gateway answers its own machine alone, and it was "
        f"called at {server[:_SHOWN]!r}: give Gateway(client_keys=[...]), or bind its "
        "server to 127.0.0.1 (a test client's own name can be added to allow_hosts)",
        code="client_keys_needed",
    )


@lru_cache(256)
def _is_own(host: str, server: str, hosts: frozenset[str]) -> bool:
    name = host_named(host)
    if not name:
        return False
    if name in hosts or name == server:
        return True
    return is_loopback(server) and is_loopback(name)


def _server(scope: Scope) -> str:
    server = (scope.get("server") or ("",))[0]
    return "localhost" if is_path(server) else plain_host(server)


def _misdirected(host: list[str]) -> GatewayFailure:
    name = repr(", ".join(host)[:_SHOWN]) if host else "no Host at all"
    return GatewayFailure(
        421,
        f"the request is for {name}, which is not a name of this gateway: call it by "
        "its address, or let its owner add the name to allow_hosts",
        code="unknown_host",
    )


def _check_origin(said: dict[bytes, list[str]], host: str) -> None:
    for origin in said.get(b"origin", []):
        scheme, _, place = origin.partition("://")
        if scheme not in ("http", "https") or place.lower() != host.lower():
            raise _foreign(f"pages of {origin[:_SHOWN]!r}")
    for site in said.get(b"sec-fetch-site", []):
        # "none" is a person at the address bar.
        if site not in ("same-origin", "none"):
            raise _foreign("pages of other origins")


def _foreign(who: str) -> GatewayFailure:
    return GatewayFailure(
        403,
        f"{who} may not call this gateway: have the page's own server call it",
        code="foreign_origin",
    )


def _is_typed(scope: Scope, said: dict[bytes, list[str]]) -> bool:
    method = scope["method"]
    if method in _DECLARED:
        return True
    return method not in _BODILESS and _has_body(scope, said)


def _has_body(scope: Scope, said: dict[bytes, list[str]]) -> bool:
    if said.get(b"content-length", ["0"]) != ["0"] or b"transfer-encoding" in said:
        return True
    # From HTTP/2 on, a body may come without either.
    is_old = scope.get("http_version", "1.1").startswith("1")
    return not is_old and b"content-length" not in said


def _check_type(method: str, types: list[str]) -> None:
    essences = [each.partition(";")[0].strip().lower() for each in types]
    if not essences or not all(map(_JSON.fullmatch, essences)):
        got = repr(", ".join(types)[:_SHOWN]) if types else "none"
        raise GatewayFailure(
            415,
            f"{method} needs the header 'Content-Type: application/json'; got {got}",
            code="unsupported_media_type",
        )
