"""The connections of one event loop: aiohttp underneath, httpx's values on top."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import os
import ssl
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import truststore
import yarl
from multidict import CIMultiDict

from .clock import Clock
from .faults import FAULTS, Phase, fault_of
from .loop import at_exit, is_loop_thread, not_at_exit
from .proxies import proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

__all__ = ["Session"]

_clock: ContextVar[Clock] = ContextVar("respan_lab_clock")

# Above this, aiohttp wants a body as a file, so that writing it does not hold up the
# event loop.
_LARGE = 2**20


class Session:
    """Open connections and what is needed to use them, on the loop that runs now.

    httpx's values are translated here, by hand: the general bridge between the two
    decodes every header several times over, at a third more CPU a call.

    Args:
        keepalive: Whether connections are used again.
        connect_timeout: Seconds for DNS, TCP and TLS together.

    Attributes:
        loop: The loop the connections belong to.
    """

    def __init__(self, *, keepalive: bool, connect_timeout: float) -> None:
        self.loop = asyncio.get_running_loop()
        self._connect_timeout = connect_timeout
        self._route = functools.lru_cache(maxsize=256)(_route)
        # The environment is read by us: aiohttp would read it anew for every request,
        # in a thread, and take passwords from ~/.netrc as well.
        self._connections = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                force_close=not keepalive,
                ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept-Encoding", "User-Agent"),
            request_class=_ClockedRequest,
            auto_decompress=False,
            trust_env=False,
        )
        self._process = os.getpid()
        self._closing: asyncio.Task[None] | None = None
        if is_loop_thread():
            at_exit(self.close)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see `OutgoingTransport.handle_async_request`."""
        clock = request.extensions.get("clock") or Clock()
        token = _clock.set(clock)
        try:
            url, proxy = self._route(str(request.url))
            answer = await self._connections.request(
                request.method,
                url,
                headers=_headers_of(request),
                data=_body_of(request),
                allow_redirects=False,
                proxy=proxy,
                timeout=self._timeout_of(request),
                server_hostname=request.extensions.get("sni_hostname"),
            )
        except FAULTS as error:
            phase: Phase = "set-up" if clock.handed_at is None else "exchange"
            # The original stays out of sight: aiohttp's carry the request's headers.
            raise fault_of(error, phase=phase, request=request) from None
        except httpx.TransportError as error:
            error.request = request
            raise
        finally:
            _clock.reset(token)
        return _response(answer, request)

    async def close(self) -> None:
        """Close all connections."""
        not_at_exit(self.close)
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

    def _timeout_of(self, request: httpx.Request) -> aiohttp.ClientTimeout:
        limits = request.extensions.get("timeout") or {}
        return _timeout(
            limits.get("connect", self._connect_timeout), limits.get("read")
        )


class _ClockedRequest(aiohttp.ClientRequest):
    """Starts the clock when an open connection gets the request.

    aiohttp's tracing hooks would tell the same moment at ten times the cost.
    """

    def send(
        self, conn: aiohttp.connector.Connection
    ) -> Coroutine[Any, Any, aiohttp.ClientResponse]:
        _clock.get().handed_at = time.perf_counter()
        return super().send(conn)

    async def write_bytes(self, *args: Any) -> None:
        # The headers wait for the body and leave with it, one turn of the loop later.
        _clock.get().handed_at = time.perf_counter()
        await super().write_bytes(*args)


class _Body(httpx.AsyncByteStream):
    """The body of an answer, handed on as it comes, still encoded."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while chunk := await self._answer.content.readany():
                yield chunk
        except FAULTS as error:
            raise fault_of(error, phase="body", request=self._request) from None

    async def aclose(self) -> None:
        # A connection whose body was not read to its end is closed by this, which
        # tells the server to stop; any other is kept for the next request.
        self._answer.release()


def _route(address: str) -> tuple[yarl.URL, str | None]:
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
    return yarl.URL(address, encoded=True), proxy


def _headers_of(request: httpx.Request) -> CIMultiDict[str]:
    headers = CIMultiDict(
        [(name.decode("ascii"), value.decode()) for name, value in request.headers.raw]
    )
    headers.popall("Transfer-Encoding", None)  # aiohttp frames the body itself
    return headers


def _body_of(request: httpx.Request) -> Any:
    try:
        content = request.content
    except httpx.RequestNotRead:
        if not isinstance(request.stream, httpx.ByteStream):
            return request.stream
        content = request.read()
    return content if len(content) < _LARGE else io.BytesIO(content)


def _response(answer: aiohttp.ClientResponse, request: httpx.Request) -> httpx.Response:
    return httpx.Response(
        answer.status,
        headers=answer.raw_headers,
        stream=_Body(answer, request),
        request=request,
        extensions={
            "http_version": b"HTTP/1.1",
            "reason_phrase": (answer.reason or "").encode(),
        },
    )


@functools.lru_cache(maxsize=64)
def _timeout(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)
