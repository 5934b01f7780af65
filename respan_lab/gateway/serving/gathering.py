"""What is written of an answer in one turn of the loop, sent in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["Gathering"]

_MOST = 64 * 1024  # bytes that wait for the turn to end


class Gathering:
    """A transport whose writes leave together, at the end of the loop's turn.

    An answer's head and its body are two writes of uvicorn's, and sending costs far
    more than joining. All else goes to the transport itself.

    Args:
        transport: An open one, to be used through this alone.
        loop: Its loop.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Take some bytes, to be sent soon."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > _MOST:  # so that a slow reader is noticed
            self._flush()

    def close(self) -> None:
        """Send what is left, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))
