"""How long servers may keep their readers waiting: one timer for all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import ref

__all__ = ["Patience", "in_time"]

T = TypeVar("T")


async def in_time(work: Awaitable[T], seconds: float | None) -> T:
    """Do as `asyncio.timeout`, at a third of its CPU.

    Args:
        work: What must not last longer.
        seconds: How long; None is for ever.

    Raises:
        TimeoutError: It did; it was cancelled.

    Example:
        >>> asyncio.run(in_time(asyncio.sleep(0, "done"), 5))
        'done'
        >>> asyncio.run(in_time(asyncio.sleep(5), 0.01))
        Traceback (most recent call last):
        TimeoutError
    """
    if seconds is None:
        return await work
    task = asyncio.current_task()
    assert task is not None  # whatever awaits is in one
    before = task.cancelling()
    is_late = False

    def give_up() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    try:
        return await _patience().wait(work, max(seconds, 1e-6), give_up)
    except asyncio.CancelledError:
        # One who cancels the task as well has the last word.
        if is_late and task.cancelling() - 1 <= before:
            raise TimeoutError from None
        raise
    finally:
        if is_late:
            task.uncancel()


def _patience() -> Patience:
    """The running loop's, for work of any kind."""
    loop = asyncio.get_running_loop()
    if _own.loop() is not loop:
        _own.loop, _own.patience = ref(loop), Patience()
    return _own.patience


class Patience:
    """Ends the waits of one event loop that last too long.

    A timer of its own for each wait, nearly always cancelled again, would cost more CPU
    than reading what was waited for. So there is one, for the first wait that is due;
    when it rings, it is set for the next one. Where nobody waits there is none.

    Example:
        >>> async def wait_for_nobody() -> None:
        ...     loop = asyncio.get_running_loop()
        ...     news = loop.create_future()
        ...     give_up = lambda: news.set_exception(TimeoutError("nobody came"))
        ...     await Patience().wait(news, 0.01, give_up)
        >>> asyncio.run(wait_for_nobody())
        Traceback (most recent call last):
        TimeoutError: nobody came
    """

    def __init__(self) -> None:
        self._due: dict[Callable[[], None], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait(
        self, work: Awaitable[T], seconds: float | None, give_up: Callable[[], None]
    ) -> T:
        """Wait for something.

        Args:
            work: What is waited for.
            seconds: The longest wait; None or 0 waits for ever.
            give_up: Called when it has lasted too long; has `work` raise something. No
                two waits at the same time may have the same one.

        Returns:
            What `work` gives.
        """
        if not seconds:
            return await work
        loop = asyncio.get_running_loop()
        due = self._due[give_up] = loop.time() + seconds
        if self._timer is None or due < self._timer.when():
            self._ring_at(due, loop)
        try:
            return await work
        finally:
            del self._due[give_up]
            if not self._due:
                self.stop()

    def stop(self) -> None:
        """Let whatever still waits wait for ever."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_at(self, due: float, loop: asyncio.AbstractEventLoop) -> None:
        self.stop()
        self._timer = loop.call_at(due, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for give_up in [each for each, due in self._due.items() if due <= now]:
            give_up()
        later = [due for due in self._due.values() if due > now]
        if later:
            self._ring_at(min(later), loop)


class _Own(threading.local):
    """A thread runs one loop at a time."""

    loop: Callable[[], asyncio.AbstractEventLoop | None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        self.patience = Patience()


_own = _Own()
