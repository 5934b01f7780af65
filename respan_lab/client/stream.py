"""A streamed answer as an iterator, for a plain `for` and for an `async for`."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ..errors import StreamError
from ..transport import submit
from ..transport.loop import is_loop_thread

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Coroutine

    from ..wire import Chunk, Completion

    Start = Callable[[Callable[[Chunk], None]], Coroutine[Any, Any, Completion]]

__all__ = ["AsyncChatStream", "ChatStream"]

_END = object()


class _Stream:
    """What both iterators share: the work on the loop and its outcome.

    The answer is read on the background loop as it comes, whatever the reader does
    meanwhile, so that a slow reader does not spoil the times.
    """

    def __init__(self, start: Start, put: Callable[[Any], None]) -> None:
        self._completion: Completion | None = None
        self._is_over = False
        self._put = put
        self._work: concurrent.futures.Future[Completion] = submit(start(put))
        self._work.add_done_callback(lambda _: put(_END))
        weakref.finalize(self, self._work.cancel)

    @property
    def completion(self) -> Completion:
        """The whole answer.

        Raises:
            StreamError: The stream has not been read to its end.
        """
        if self._completion is None:
            raise StreamError(
                "the answer is not complete: read the stream to its end first"
            )
        return self._completion

    def close(self) -> None:
        """Stop reading, and stop the gateway from producing more."""
        self._is_over = True
        self._work.cancel()

    def _finish(self) -> None:
        """Raise what the work ended with, or keep its answer."""
        self._is_over = True
        self._put(_END)  # for whoever else waits on another thread
        if not self._work.cancelled():
            self._completion = self._work.result()


class ChatStream(_Stream):
    """Iterate over the chunks of an answer; `.completion` is the whole of it.

    Breaking off early and leaving a `with` block stop the work. Errors are raised
    where they happen, as `APIError`.
    """

    def __init__(self, start: Start) -> None:
        if is_loop_thread():
            raise RuntimeError(
                "a blocking stream was opened on respan_lab's own event loop, which "
                "it would block: use the async form (`client.astream(...)`)"
            )
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        super().__init__(start, self._queue.put)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Chunk:
        if self._is_over:
            raise StopIteration
        try:
            item = self._queue.get()
        except BaseException:
            self.close()
            raise
        if item is _END:
            self._finish()
            raise StopIteration
        return item  # type: ignore[no-any-return]  # the queue holds chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncChatStream(_Stream):
    """The same for `async for` and `async with`, on any loop."""

    def __init__(self, start: Start) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        # Nothing that the work holds may hold the stream: left alone, it must go, and
        # end the work with it.
        put = partial(_hand_over, asyncio.get_running_loop(), self._queue)
        super().__init__(start, put)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        if self._is_over:
            raise StopAsyncIteration
        try:
            item = await self._queue.get()
        except BaseException:
            self.close()
            raise
        if item is _END:
            self._finish()
            raise StopAsyncIteration
        return item  # type: ignore[no-any-return]  # the queue holds chunks

    async def aclose(self) -> None:
        """Stop reading, and stop the gateway from producing more."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()


def _hand_over(
    loop: asyncio.AbstractEventLoop, items: asyncio.Queue[Any], item: Any
) -> None:
    with contextlib.suppress(RuntimeError):  # the reader's loop has closed
        loop.call_soon_threadsafe(items.put_nowait, item)
