"""Requests to an ASGI app in the same process, streamed as a server would."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

import httpx

from .background import GRACE
from .clock import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["ASGITransport"]

_Message: TypeAlias = MutableMapping[str, Any]
_App: TypeAlias = Callable[
    [
        _Message,
        Callable[[], Awaitable[_Message]],
        Callable[[_Message], Awaitable[None]],
    ],
    Awaitable[None],
]

_logger = logging.getLogger(__name__)

# Chunks an app may be ahead of its reader before `send` makes it wait.
_AHEAD = 32


class ASGITransport(httpx.AsyncBaseTransport):
    """Calls an ASGI app directly, without a socket, and streams both ways.

    The answer is returned as soon as the app has started it, and each chunk is handed
    on when it is sent. Closing an answer that is not finished tells the app that the
    client is gone, and cancels it. An app that fails before its answer began is a 500,
    as behind a server. Lifespan events are not sent.

    Args:
        app: Any ASGI 3 application.

    Example:
        >>> async def app(scope, receive, send):
        ...     await send({"type": "http.response.start", "status": 204})
        ...     await send({"type": "http.response.body"})
        >>> request = httpx.Request("GET", "http://app.localhost/")
        >>> asyncio.run(ASGITransport(app).handle_async_request(request)).status_code
        204
    """

    def __init__(self, app: _App) -> None:
        self._app = app
        self._exchanges: set[_Exchange] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Call the app and return as soon as it has started its answer.

        Args:
            request: Its ``extensions["timeout"]["read"]`` is the longest silence
                allowed while waiting, in seconds; None or absent means no limit. Its
                ``extensions["clock"]`` is started when the app is called.

        Returns:
            The answer, its body still to be read.

        Raises:
            httpx.ReadTimeout: The app was silent for too long.
            httpx.RemoteProtocolError: The app stopped before its body was complete
                (raised while the body is read).
        """
        exchange = _Exchange(request, await request.aread(), among=self._exchanges)
        return await exchange.begin(self._app)

    async def aclose(self) -> None:
        """End every call of the app that is still running."""
        await asyncio.gather(*(exchange.end() for exchange in self._exchanges))


class _Exchange(httpx.AsyncByteStream):
    """One call of the app; as the body of its answer, what the reader iterates over."""

    def __init__(
        self,
        request: httpx.Request,
        body: bytes,
        *,
        among: set[_Exchange],
    ) -> None:
        self._request = request
        self._body: bytes | None = body
        self._running = among
        among.add(self)
        timeout = request.extensions.get("timeout") or {}
        self._patience: float | None = timeout.get("read")
        self._start: _Message | None = None
        self._chunks: deque[bytes] = deque()
        self._news: asyncio.Future[None] | None = None
        # Events are made for who waits, as few do.
        self._has_room: asyncio.Event | None = None
        self._has_gone: asyncio.Event | None = None
        self._is_gone = False
        self._is_listening = False
        self._is_complete = False
        self._is_over = False
        self._error: Exception | None = None

    async def begin(self, app: _App) -> httpx.Response:
        clock = self._request.extensions.get("clock")
        if isinstance(clock, Clock):
            clock.handed_at = time.perf_counter()
        self._task = asyncio.create_task(self._call(app))
        try:
            while self._start is None:
                await self._wait()
        except BaseException:
            await self.end()
            raise
        return httpx.Response(
            self._start["status"],
            headers=list(self._start.get("headers", ())),
            stream=self,
            request=self._request,
            extensions={"http_version": b"HTTP/1.1"},
        )

    # No generator, which the event loop would have to keep watch over.
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._is_complete:
                raise StopAsyncIteration
            if self._is_over:
                raise httpx.RemoteProtocolError(
                    "the application stopped before its answer was complete",
                    request=self._request,
                ) from self._error
            await self._wait()
        if self._has_room is not None:
            self._has_room.set()
        return self._chunks.popleft()

    async def aclose(self) -> None:
        # As behind a server, an app may go on after its answer is complete.
        if not self._is_complete:
            await self.end()

    async def end(self) -> None:
        self._leave()
        if self._is_listening or self._is_complete:
            await asyncio.wait([self._task], timeout=GRACE)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=GRACE)
        if self._task.done():  # and perhaps before it began
            self._running.discard(self)

    def _wait(self) -> Awaitable[None]:
        """Wait until the app has said something, or has ended."""
        self._news = asyncio.get_running_loop().create_future()
        return self._news if self._patience is None else self._wait_for(self._news)

    async def _wait_for(self, news: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await news
        except TimeoutError:
            raise httpx.ReadTimeout(
                f"the application was silent for {self._patience} seconds",
                request=self._request,
            ) from None

    def _tell(self) -> None:
        """Wake the reader, if it waits."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def _call(self, app: _App) -> None:
        try:
            await app(_scope(self._request), self._receive, self._send)
        except Exception as error:
            self._error = error
            _logger.debug("the application failed", exc_info=True)
        finally:
            if self._start is None:
                self._answer_for_it()
            self._is_over = True
            self._tell()
            self._running.discard(self)

    def _answer_for_it(self) -> None:
        # The exception's text stays here: it may hold what no client should read.
        reason = f" ({type(self._error).__name__})" if self._error else ""
        fault = {
            "message": f"the application ended without an answer{reason}",
            "type": "server_error",
        }
        headers = [(b"content-type", b"application/json")]
        self._start = {"status": 500, "headers": headers}
        self._chunks.append(json.dumps({"error": fault}).encode())
        self._complete()

    def _complete(self) -> None:
        # What the app does from here on is not the reader's to wait for.
        self._is_complete = True
        self._leave()

    def _leave(self) -> None:
        self._is_gone = True
        if self._has_gone is not None:
            self._has_gone.set()

    async def _receive(self) -> _Message:
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        self._is_listening = True
        if not self._is_gone:
            self._has_gone = self._has_gone or asyncio.Event()
            await self._has_gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: _Message) -> None:
        if message["type"] == "http.response.start":
            if self._start is None:
                self._start = message
                self._tell()
            return
        if self._is_complete:
            return
        if self._is_gone:
            raise OSError("the client is gone")
        if chunk := message.get("body", b""):
            while len(self._chunks) >= _AHEAD:
                self._has_room = self._has_room or asyncio.Event()
                self._has_room.clear()
                await self._has_room.wait()
            self._chunks.append(chunk)
        if not message.get("more_body", False):
            self._complete()
        self._tell()


def _scope(request: httpx.Request) -> _Message:
    url = request.url
    path, raw_path, query = _parts(url.raw_path)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (url.host, url.port),
    }


@lru_cache(maxsize=64)
def _parts(target: bytes) -> tuple[str, bytes, bytes]:
    """The path, as it is meant and as it is sent, and the query."""
    path, _, query = target.partition(b"?")
    return unquote(path.decode("ascii")), path, query
