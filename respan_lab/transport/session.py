"""An aiohttp session that starts clocks, knows proxies and speaks httpx."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import truststore
from httpx_aiohttp import AiohttpTransport

from .clock import Clock
from .faults import FAULTS, Phase, fault_of
from .proxies import proxy_for

if TYPE_CHECKING:
    pass

__all__ = ["Session"]

_clock: ContextVar[Clock] = ContextVar("respan_lab_clock")


class _ClockedRequest(aiohttp.ClientRequest):
    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        _clock.get().handed_at = time.perf_counter()
        return await super().send(conn)

    async def write_bytes(self, *args: Any, **kwargs: Any) -> None:
        _clock.get().handed_at = time.perf_counter()
        await super().write_bytes(*args, **kwargs)


class Session:
    def __init__(self, *, keepalive: bool, connect_timeout: float) -> None:
        self.loop = asyncio.get_running_loop()
        self._connect_timeout = connect_timeout
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                force_close=not keepalive,
                ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_ClockedRequest,
            headers={"Accept-Encoding": "gzip, deflate"},
        )
        self._bridges: dict[str | None, AiohttpTransport] = {}
        self._routes: dict[tuple[str, bytes], AiohttpTransport] = {}

    def _bridge(self, url: httpx.URL) -> AiohttpTransport:
        key = url.scheme, url.netloc
        b = self._routes.get(key)
        if b is None:
            p = proxy_for(url)
            b = self._bridges.get(p)
            if b is None:
                b = self._bridges[p] = AiohttpTransport(
                    verify=self._session._connector._ssl,
                    proxy=httpx.Proxy(p) if p else None,
                    client=self._session,
                )
            self._routes[key] = b
        return b

    async def send(self, request: httpx.Request) -> httpx.Response:
        clock = request.extensions.get("clock")
        if clock is None:
            clock = Clock()
        token = _clock.set(clock)
        try:
            response = await self._bridge(request.url).handle_async_request(request)
        except FAULTS as error:
            phase: Phase = "set-up" if clock.handed_at is None else "exchange"
            raise fault_of(error, phase=phase, request=request) from error
        finally:
            _clock.reset(token)
        response.stream = _Body(response.stream, request)
        return response

    async def close(self) -> None:
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream, request):
        self._stream = stream
        self._request = request

    async def __aiter__(self):
        try:
            async for c in self._stream:
                yield c
        except FAULTS as error:
            raise fault_of(error, phase="body", request=self._request) from error

    async def aclose(self):
        await self._stream.aclose()
