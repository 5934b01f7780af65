"""How long servers may keep their readers waiting: one timer for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["Patience"]

T = TypeVar("T")


class Patience:
    """Ends the waits of one event loop that last too long.

    A timer of its own for each wait, nearly always cancelled again, would cost more CPU
    than reading what was waited for. So there is one, for the first wait that is due;
    when it rings, it is set for the next one.

    Args:
        loop: The loop whose waits they are.

    Example:
        >>> async def wait_for_nobody() -> None:
        ...     loop = asyncio.get_running_loop()
        ...     news = loop.create_future()
        ...     give_up = lambda: news.set_exception(TimeoutError("nobody came"))
        ...     await Patience(loop).wait(news, 0.01, give_up)
        >>> asyncio.run(wait_for_nobody())
        Traceback (most recent call last):
        TimeoutError: nobody came
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
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
        due = self._due[give_up] = self._loop.time() + seconds
        if self._timer is None or due < self._timer.when():
            self._ring_at(due)
        try:
            return await work
        finally:
            del self._due[give_up]

    def stop(self) -> None:
        """Let whatever still waits wait for ever."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_at(self, due: float) -> None:
        self.stop()
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        for give_up in [each for each, due in self._due.items() if due <= now]:
            give_up()
        later = [due for due in self._due.values() if due > now]
        if later:
            self._ring_at(min(later))
