"""Ways to put work on the one background event loop, from a thread or another loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .background import GRACE, process

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from .background import Background
    from .link import Link

__all__ = ["at_exit", "hop", "is_loop_thread", "not_at_exit", "run", "submit"]

T = TypeVar("T")
_Task: TypeAlias = "asyncio.Task[Any]"


def run(coro: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for its result.

    Works in a script, in a notebook cell and under a running loop (which stands still
    meanwhile). Whatever interrupts the wait, Ctrl-C for one, cancels the work and
    waits up to a second for its end.

    Args:
        coro: The coroutine; it is closed if it cannot be run.

    Returns:
        What the coroutine returns.

    Raises:
        RuntimeError: If called on the background loop itself, where waiting would
            stop the very work that is waited for, or while the interpreter exits.

    Example:
        >>> run(asyncio.sleep(0, "done"))
        'done'
    """
    if is_loop_thread():
        coro.close()
        raise RuntimeError(
            "a blocking call was made on respan_lab's own event loop, where it would "
            "wait for itself: use the async form (`await client.achat(...)`), or make "
            "the call in a thread (`await asyncio.to_thread(...)`)"
        )
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    cancel = _start(coro, future)
    try:
        return future.result()
    except concurrent.futures.CancelledError:
        if process.is_over:
            # A daemon thread that is left when the interpreter ends: it ends with it,
            # and nobody needs its traceback.
            raise SystemExit from None
        raise
    except BaseException:
        if not future.done():
            cancel()
            concurrent.futures.wait([future], GRACE)
        raise


def submit(coro: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start a coroutine on the background loop without waiting for it.

    Args:
        coro: The coroutine; it is closed if it cannot be run.

    Returns:
        Its future; cancelling the future cancels the work.

    Raises:
        RuntimeError: If the interpreter is shutting down.

    Example:
        >>> submit(asyncio.sleep(0, 7)).result()
        7
    """
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    cancel = _start(coro, future)
    future.add_done_callback(lambda done: done.cancelled() and cancel())
    return future


async def hop(coro: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine on the background loop, from any loop.

    Args:
        coro: The coroutine; it is closed if it cannot be run. Cancelling the awaiting
            task cancels it and waits up to a second for its end.

    Returns:
        What the coroutine returns.

    Raises:
        RuntimeError: If the interpreter is shutting down.

    Example:
        >>> asyncio.run(hop(asyncio.sleep(0, "there and back")))
        'there and back'
    """
    background = _background_for(coro)
    here = asyncio.get_running_loop()
    if here is background.loop:
        return await coro
    there, back = background.links(here)
    answer: asyncio.Future[T] = here.create_future()
    job = _Job(coro, partial(_send_back, back, answer))
    there.send(job.start)
    try:
        return await answer
    except asyncio.CancelledError:
        ended = here.create_future()
        there.send(job.cancel, partial(back.send, _end, ended))
        await asyncio.wait([ended], timeout=GRACE)
        raise


def is_loop_thread() -> bool:
    """Whether the caller is on the background loop's thread.

    Example:
        >>> is_loop_thread()
        False
    """
    background = process.background
    return background is not None and background.is_current


def at_exit(close: Callable[[], Awaitable[object]]) -> None:
    """Have something closed on the background loop before the interpreter ends.

    Args:
        close: Called and awaited there, after all work was cancelled.
    """
    process.running().closers.add(close)


def not_at_exit(close: Callable[[], Awaitable[object]]) -> None:
    """Take `close` off the list again; nothing happens if it is not on it."""
    if process.background is not None:
        process.background.closers.discard(close)


class _Job:
    """A coroutine on its way to the background loop, in its caller's context."""

    __slots__ = ("_context", "_coro", "_finish", "_task")

    def __init__(
        self, coro: Coroutine[Any, Any, Any], finish: Callable[[_Task], object]
    ) -> None:
        self._coro = coro
        self._finish = finish
        self._context = contextvars.copy_context()
        self._task: _Task | None = None

    def start(self) -> None:
        # The task holds the coroutine itself, without a wrapper around it: cancelled
        # before its first step, a wrapper would leave it never awaited.
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._coro, context=self._context)
        self._task.add_done_callback(self._finish)

    def cancel(self, then: Callable[[_Task], object] | None = None) -> None:
        if self._task is not None:
            self._task.cancel()
            if then is not None:
                self._task.add_done_callback(then)


def _background_for(coro: Coroutine[Any, Any, Any]) -> Background:
    try:
        return process.running()
    except RuntimeError:
        coro.close()
        raise


def _start(
    coro: Coroutine[Any, Any, T], future: concurrent.futures.Future[T]
) -> Callable[[], None]:
    """Start a job that settles `future`; calling what is returned cancels the job."""
    loop = _background_for(coro).loop
    job = _Job(coro, partial(_settle, future))
    loop.call_soon_threadsafe(job.start)

    def cancel() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, the job with it
            loop.call_soon_threadsafe(job.cancel)

    return cancel


def _settle(future: concurrent.futures.Future[Any], task: _Task) -> None:
    error = _error_of(task)
    if task.cancelled():
        future.cancel()
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


def _send_back(back: Link, answer: asyncio.Future[Any], task: _Task) -> None:
    back.send(_receive, answer, task, _error_of(task))


def _receive(
    answer: asyncio.Future[Any], task: _Task, error: BaseException | None
) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    elif task.cancelled():
        answer.cancel()
    else:
        answer.set_result(task.result())


def _end(ended: asyncio.Future[None], _task: _Task) -> None:
    if not ended.done():
        ended.set_result(None)


def _error_of(task: _Task) -> BaseException | None:
    # Asked on the loop at once: a task whose error nobody saw complains in the log.
    return None if task.cancelled() else task.exception()
