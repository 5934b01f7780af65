"""One HTTP request and its answer, as ASGI gives them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeAlias

from .failure import GatewayFailure
from .serving.addresses import Reach, host_named, is_loopback, plain_host

__all__ = ["IN_PROCESS", "App", "Disconnected", "Exchange", "Receive", "Scope", "Send"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# In a scope: the caller is in this process. No header can set it.
IN_PROCESS = "respan_lab.in_process"

# Whoever sets one of these has passed a request on: the caller may be anywhere.
_FORWARDING = ("forwarded", "via", "x-real-ip")
_LONGEST_BODY = 64 * 2**20
_UNWATCHED = nullcontext()


class Disconnected(Exception):
    """The client is gone; nobody reads an answer."""


class Exchange:
    """One HTTP request and its answer.

    Args:
        scope: ASGI's, and so the other two.
        receive: Gives the request's body, later whether the client is gone.
        send: Takes the answer.

    Attributes:
        headers: The request's headers, names in lower case; of repeated ones the last.
        is_in_process: Whether the caller is in this process, and so the user's own
            code.
        has_started: Whether the head of the answer has been sent.
        content: The request's body, once it has been read.
        is_forsaken: Whether the client is gone, and the request goes on without it.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self._may_outlive: Callable[[], bool] | None = None
        self.is_forsaken = False
        self.headers: Mapping[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        self.is_in_process = bool(scope.get(IN_PROCESS))
        self.has_started = False
        self.content = b""

    @property
    def reach(self) -> Reach:
        """How far the addresses that the request brings along may reach.

        A caller on this machine came to loopback and said so. One through a reverse
        proxy came there too, but asked for another name, or left the proxy's traces.
        """
        if self.is_in_process:
            return "anywhere"
        server = self.scope.get("server") or ("",)
        named = plain_host(server[0]), host_named(self.headers.get("host", ""))
        is_here = all(map(is_loopback, named)) and not self._is_forwarded
        return "loopback" if is_here else "configured"

    @property
    def _is_forwarded(self) -> bool:
        return any(
            name in _FORWARDING or name.startswith("x-forwarded-")
            for name in self.headers
        )

    async def read(self) -> None:
        """Read the request's body into `content`.

        Raises:
            Disconnected: The client went away meanwhile.
            GatewayFailure: 413, if it is longer than 64 MiB.
        """
        length = self.headers.get("content-length", "")
        # Python reads no number of thousands of digits.
        if length.isdecimal() and int(length[:20]) > _LONGEST_BODY:
            raise _too_long()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > _LONGEST_BODY:
                raise _too_long()
            if not message.get("more_body", False):
                self.content = b"".join(parts)
                return

    def outlive(self, may: Callable[[], bool] | None) -> None:
        """Have a block that runs while connected go on without the client.

        What is sent then goes nowhere.

        Args:
            may: Asked once the client is gone; False ends the block as ever, and so
                does None.
        """
        self._may_outlive = may

    def _goes_on(self) -> bool:
        """Whether the block goes on, now that the client is gone."""
        self.is_forsaken = self._may_outlive is not None and self._may_outlive()
        return self.is_forsaken

    def while_connected(self) -> AbstractAsyncContextManager[None]:
        """Run a block until its end, or until the client goes away.

        A caller in this process who goes away cancels the task, so nobody need watch.

        Raises:
            Disconnected: The client went away, and the block was cancelled.
        """
        return _UNWATCHED if self.is_in_process else self._watched()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        assert task is not None
        is_gone = False

        async def watch() -> None:
            nonlocal is_gone
            while (await self._receive())["type"] != "http.disconnect":
                pass
            if self._goes_on():
                return
            is_gone = True
            task.cancel()

        watcher = asyncio.create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if not is_gone or task.uncancel() > 0:
                raise
            raise Disconnected from None
        finally:
            watcher.cancel()

    def start(
        self, status: int, content_type: str, headers: Mapping[str, str]
    ) -> Awaitable[None]:
        """Send the head of the answer."""
        self.has_started = True
        sent = {"content-type": content_type, **headers}
        pairs = [
            (name.encode(), value.encode("latin-1")) for name, value in sent.items()
        ]
        return self._give(type="http.response.start", status=status, headers=pairs)

    def write(self, content: bytes) -> Awaitable[None]:
        """Send a piece of the body."""
        return self._give(type="http.response.body", body=content, more_body=True)

    def end(self, content: bytes = b"") -> Awaitable[None]:
        """Send the rest of the body."""
        return self._give(type="http.response.body", body=content)

    async def _give(self, **message: Any) -> None:
        if self.is_forsaken:
            return
        try:
            await self._send(message)
        except OSError:
            if not self._goes_on():
                raise Disconnected from None

    async def answer(
        self,
        status: int,
        content: bytes,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a whole answer, or its head alone if that was asked for."""
        length = {"content-length": str(len(content))}
        await self.start(status, content_type, {**length, **(headers or {})})
        await self.end(b"" if self.scope["method"] == "HEAD" else content)

    async def answer_json(self, payload: Any) -> None:
        """Send a whole answer that is a JSON value."""
        await self.answer(200, json.dumps(payload).encode())

    async def fail(self, failure: GatewayFailure, headers: Mapping[str, str]) -> None:
        """Send a failure as the whole answer."""
        await self.answer(
            failure.status,
            failure.content(),
            content_type=failure.content_type,
            headers={**headers, **failure.headers},
        )


def _too_long() -> GatewayFailure:
    return GatewayFailure(413, "the body is longer than 64 MiB", code="body_too_long")
