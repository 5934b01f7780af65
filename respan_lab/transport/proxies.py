"""Which proxy, if any, stands between us and a host."""

from __future__ import annotations

import ipaddress
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

__all__ = ["is_loopback", "proxy_for"]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, judged by its name alone.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("example.com")
        (True, True, False)
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def proxy_for(url: httpx.URL) -> str | None:
    """The proxy the environment names for a URL.

    Args:
        url: Where the request goes.

    Returns:
        The proxy's URL; None for loopback hosts, for hosts that ``NO_PROXY`` excepts,
        and where no proxy is set.
    """
    if is_loopback(url.host):
        return None
    authority = url.netloc.decode("ascii")
    if urllib.request.proxy_bypass(authority):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
