"""The connections of one event loop: aiohttp's pool, spoken to in httpx's values."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import ssl
from typing import NamedTuple

import aiohttp
import httpx
import truststore
import yarl

from .clock import Clock
from .exchange import Exchange
from .faults import FAULTS, Phase, fault_of
from .loop import at_exit, is_loop_thread, not_at_exit
from .patience import Patience
from .proxies import proxy_for

__all__ = ["Session"]


class Session:
    """Open connections and what is needed to use them, on the loop that runs now.

    aiohttp opens and keeps the connections: DNS, TLS, proxies, the pool. Its client
    on top of them is left out, since what that does for others (cookies, redirects,
    forms) would cost more CPU than all the rest of a call.

    Args:
        keepalive: Whether connections are used again.
        connect_timeout: Seconds for DNS, TCP and TLS together.

    Attributes:
        loop: The loop the connections belong to.
    """

    def __init__(self, *, keepalive: bool, connect_timeout: float) -> None:
        self.loop = asyncio.get_running_loop()
        self._keepalive = keepalive
        self._connect_timeout = connect_timeout
        self._route = functools.lru_cache(maxsize=256)(_route)
        self._connections = aiohttp.TCPConnector(
            limit=0,
            force_close=not keepalive,
            ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        self._patience = Patience()
        self._process = os.getpid()
        self._closing: asyncio.Task[None] | None = None
        if is_loop_thread():
            at_exit(self.close)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see `OutgoingTransport.handle_async_request`."""
        clock = request.extensions.get("clock") or Clock()
        await request.aread()
        try:
            return await self._exchange(request, clock)
        except FAULTS as error:
            phase: Phase = "set-up" if clock.handed_at is None else "exchange"
            # The original stays out of sight: aiohttp's carry the request's headers.
            raise fault_of(error, phase=phase, request=request) from None
        except httpx.TransportError as error:
            error.request = request
            raise

    async def close(self) -> None:
        """Close all connections."""
        not_at_exit(self.close)
        self._patience.stop()
        await self._connections.close()

    def close_soon(self) -> None:
        """Have all connections closed, from any thread, without waiting for it.

        In a child process this does nothing: the sockets are the parent's.
        """
        if self._process == os.getpid():
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self.loop.call_soon_threadsafe(self._begin_closing)

    def _begin_closing(self) -> None:
        self._closing = self.loop.create_task(self.close())

    async def _exchange(self, request: httpx.Request, clock: Clock) -> httpx.Response:
        limits = request.extensions.get("timeout") or {}
        route = self._route(str(request.url), request.extensions.get("sni_hostname"))
        timeout = _timeout(limits.get("connect", self._connect_timeout))
        connection = await self._connections.connect(route.way, [], timeout)
        try:
            exchange = Exchange(connection, request, self._patience)
            clock.handed_at = exchange.write(route.target, self._more_headers(route))
            return await exchange.answer(silence=limits.get("read"))
        except BaseException:
            connection.close()
            raise

    def _more_headers(self, route: _Route) -> list[tuple[bytes, bytes]]:
        headers = [] if self._keepalive else [(b"connection", b"close")]
        if password := route.way.headers.get("Proxy-Authorization"):
            headers.append((b"proxy-authorization", password.encode()))
        return headers


class _Route(NamedTuple):
    """How an address is reached: what aiohttp's pool goes by, and the first line."""

    way: aiohttp.ClientRequest
    target: str


def _route(address: str, sni: str | None) -> _Route:
    url = httpx.URL(address)
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol(f"{address!r} is not an http or https address")
    proxy = proxy_for(url)
    if proxy and not proxy.startswith(("http://", "https://")):
        kind = proxy.partition(":")[0]
        raise httpx.ProxyError(
            f"the environment names a {kind} proxy; only http and https proxies are "
            "spoken: change the proxy variables or put the host into NO_PROXY"
        )
    way = aiohttp.ClientRequest(
        "GET",
        yarl.URL(address, encoded=True),
        proxy=yarl.URL(proxy) if proxy else None,
        server_hostname=sni,
        loop=asyncio.get_running_loop(),
    )
    target = url.raw_path.decode("ascii")
    if proxy and url.scheme == "http":  # a tunnel is asked for by aiohttp
        target = f"http://{url.netloc.decode('ascii')}{target}"
    return _Route(way, target)


@functools.lru_cache(maxsize=64)
def _timeout(connect: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect)
