"""One HTTP/1.1 request and its answer, on one open connection."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import httpx
from aiohttp import SocketTimeoutError

from .faults import FAULTS, fault_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from aiohttp import StreamReader
    from aiohttp.connector import Connection

    from .patience import Patience

__all__ = ["Exchange"]

_SWITCHING_PROTOCOLS = 101
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Exchange:
    """Writes a request, reads the answer's head, hands on its body.

    The parser is aiohttp's. With the answer's last byte the connection goes back to
    its pool.

    Args:
        connection: It is open, and the exchange's from now on.
        request: What is sent; its body has been read.
        patience: Ends waits for the answer that last too long.
    """

    def __init__(
        self, connection: Connection, request: httpx.Request, patience: Patience
    ) -> None:
        assert connection.protocol is not None  # it has not been given back yet
        self._connection = connection
        self._protocol = connection.protocol
        self._request = request
        self._patience = patience
        self._content: StreamReader | None = None
        self._is_back = False

    def write(self, target: str, more_headers: Iterable[tuple[bytes, bytes]]) -> float:
        """Give the request to the connection.

        Args:
            target: What the first line asks for: a path, or for a proxy an address.
            more_headers: Headers beside the request's own.

        Returns:
            When: ``time.perf_counter()`` just before, since the server may have all of
            it before the call is back.

        Raises:
            OSError: The connection was lost meanwhile.
            httpx.LocalProtocolError: A header holds a line break; nothing is sent.
        """
        transport = self._protocol.transport
        if transport is None:
            raise ConnectionResetError("the connection was lost before its first use")
        handed_at = time.perf_counter()
        # In no variable, which a traceback with locals would show.
        transport.write(_bytes_of(self._request, target, more_headers))
        return handed_at

    async def answer(self, *, silence: float | None) -> httpx.Response:
        """Wait for the head of the answer.

        Args:
            silence: The longest wait for any of its bytes, the body's too, in seconds;
                None waits for ever.

        Raises:
            Exception: One of `FAULTS`.
        """
        self._protocol.set_response_params(
            skip_payload=self._request.method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
        )
        wait = partial(self._patience.wait, seconds=silence, give_up=self._give_up)
        while True:
            head, content = await wait(self._protocol.read())
            if head.code >= 200 or head.code == _SWITCHING_PROTOCOLS:
                break
        self._content = content
        content.on_eof(self._give_back)
        return httpx.Response(
            head.code,
            headers=head.raw_headers,
            stream=_Body(content, self._connection, self._request, wait),
            request=self._request,
            extensions={
                "http_version": b"HTTP/1.1",
                "reason_phrase": (head.reason or "").encode(),
            },
        )

    def _give_up(self) -> None:
        if self._is_back:  # the answer's last byte has come at the last moment
            return
        fault = SocketTimeoutError("silent for too long")
        self._protocol.set_exception(fault)
        if self._content is not None:
            self._content.set_exception(fault)

    def _give_back(self) -> None:
        self._is_back = True
        transport = self._protocol.transport
        # An answer can overtake its request, as a refusal of a large one does. What is
        # left of such a request must not run into the next one.
        if transport is not None and transport.get_write_buffer_size():
            self._connection.close()
        else:
            self._connection.release()


class _Body(httpx.AsyncByteStream):
    """The body of an answer, handed on as it comes, still encoded."""

    def __init__(
        self,
        content: StreamReader,
        connection: Connection,
        request: httpx.Request,
        wait: Callable[[Awaitable[bytes]], Awaitable[bytes]],
    ) -> None:
        self._content = content
        self._connection = connection
        self._request = request
        self._wait = wait

    # No generator, which the event loop would have to keep watch over.
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._wait(self._content.readany())
        except FAULTS as error:
            raise fault_of(error, phase="body", request=self._request) from None
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        # A connection whose body was not read to its end is closed by this, which
        # tells the server to stop; any other has been given back already.
        self._connection.close()


def _bytes_of(
    request: httpx.Request, target: str, more: Iterable[tuple[bytes, bytes]]
) -> bytes:
    content = request.content
    length = b"content-length", str(len(content)).encode()
    own = [(n, v) for n, v in request.headers.raw if n.lower() not in _FRAMING]
    lines = [b": ".join(header) for header in (*own, length, *more)]
    head = b"\r\n".join((f"{request.method} {target} HTTP/1.1".encode(), *lines))
    if head.count(b"\n") > len(lines) or head.count(b"\r") > len(lines) or 0 in head:
        raise httpx.LocalProtocolError("a header holds a line break or a NUL")
    return head + b"\r\n\r\n" + content
