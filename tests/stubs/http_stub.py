"""A small HTTP/1.1 server for tests, on a real socket of the loopback interface."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Handler", "HangUp", "Reply", "Request", "Stub", "until"]


class HangUp(Exception):
    """Raised by a handler: the connection is dropped, whatever was sent before."""


@dataclass
class Request:
    """What a client sent, and whether it still waits for the answer."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    is_gone: threading.Event = field(default_factory=threading.Event, repr=False)


@dataclass
class Reply:
    """What a handler answers: bytes as a whole, an iterator in chunks as it yields.

    A `content-length` among the headers is a promise that the body may break.
    """

    body: bytes | AsyncIterator[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Reply]]


async def until(event: threading.Event) -> None:
    """Wait, on a loop, for what another thread will say."""
    if not await asyncio.to_thread(event.wait, 30):
        raise TimeoutError("nobody set the event")


class Stub:
    """A server in a thread of its own; use it in a `with` statement.

    Attributes:
        port: Where it listens, once it does.
        requests: Every request that has arrived whole, in order.
        peak: The most requests that were being answered at the same time.
        n_connections: Connections accepted so far.
        n_open: Connections that are open now.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self._change = threading.Condition()
        self.port = 0
        self.peak = 0
        self.n_connections = 0
        self._n_running = 0
        self._loop = asyncio.new_event_loop()
        self._connections: set[_Connection] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def n_open(self) -> int:
        return len(self._connections)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait, in a thread, for something that requests or connections change."""
        with self._change:
            assert self._change.wait_for(condition, 30), "it never came to that"

    def changed(self) -> None:
        with self._change:
            self._change.notify_all()

    def __enter__(self) -> Stub:
        self._thread.start()
        self._on_loop(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _on_loop(self, coro: Any) -> None:
        asyncio.run_coroutine_threadsafe(coro, self._loop).result(30)

    async def _open(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=1024
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        # A connection that is being accepted is only a task as yet, and leaks if the
        # server closes meanwhile (CPython issue 109564): first none is accepted, then
        # all are ended, which cancels what answers them.
        for listening in self._server.sockets:
            self._loop.remove_reader(listening.fileno())
        while self._connections or len(asyncio.all_tasks()) > 1:
            for connection in list(self._connections):
                connection.transport.abort()
            await asyncio.sleep(0)
        self._server.close()

    async def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        self.changed()
        self._n_running += 1
        self.peak = max(self.peak, self._n_running)
        try:
            return await self.handler(request)
        finally:
            self._n_running -= 1


class _Connection(asyncio.Protocol):
    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._received = b""
        self._request: Request | None = None
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._stub.n_connections += 1
        self._stub._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stub._connections.discard(self)
        self._stub.changed()
        if self.task is not None:
            self.task.cancel()
        if self._request is not None:
            self._request.is_gone.set()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not head[:1].isalpha():  # not HTTP: a TLS greeting, for one
            self.transport.abort()
            return
        if not blank:
            return
        request = _parsed(head.decode("latin-1"))
        length = int(request.headers.get("content-length", 0))
        if len(rest) < length:
            return
        request.body, self._received = rest[:length], rest[length:]
        self._request = request
        self.task = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            await self._write(await self._stub.answer(request))
        except HangUp:
            self.transport.close()
        except Exception:
            self.transport.abort()
        self._request = self.task = None

    async def _write(self, reply: Reply) -> None:
        is_chunked = "content-length" not in reply.headers
        framing = {"transfer-encoding": "chunked"} if is_chunked else {}
        if isinstance(reply.body, bytes):
            framing = {"content-length": str(len(reply.body))}
        lines = [f"HTTP/1.1 {reply.status} Stub"]
        lines += [f"{k}: {v}" for k, v in {**framing, **reply.headers}.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if isinstance(reply.body, bytes):
            self.transport.write(head + reply.body)
            return
        self.transport.write(head)
        async for chunk in reply.body:
            framed = b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk
            self.transport.write(framed)
        if is_chunked:
            self.transport.write(b"0\r\n\r\n")


def _parsed(head: str) -> Request:
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs}
    return Request(method, target, headers, b"")
