"""A one-way channel between two event loops that run in different threads."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Link"]


class Link:
    """Runs callbacks of one loop on another loop, a whole burst in one wake-up.

    Waking a loop from another thread costs a system call and a fight for the
    interpreter lock. What is sent during one turn of the source loop is therefore
    collected, and the target is woken once, at the source's next turn.

    Args:
        source: The loop whose thread calls `send`.
        target: The loop that runs the callbacks, in the order they were sent.
    """

    __slots__ = ("_is_waking", "_source", "_target", "_waiting")

    def __init__(
        self, source: asyncio.AbstractEventLoop, target: asyncio.AbstractEventLoop
    ) -> None:
        self._source = source
        self._target = target
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._is_waking = False

    def send(self, callback: Callable[..., object], *args: Any) -> None:
        """Have the target loop call `callback`; only from the source loop's thread."""
        self._waiting.append((callback, args))
        if not self._is_waking:
            self._is_waking = True
            self._source.call_soon(self._wake)

    def _wake(self) -> None:
        try:
            self._target.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the target is closed: nobody is left to be told
            self._waiting.clear()
            self._is_waking = False

    def _deliver(self) -> None:
        # The mark falls before the queue is emptied: what is appended meanwhile is
        # either seen by this round or starts a new one, never lost.
        self._is_waking = False
        while self._waiting:
            callback, args = self._waiting.popleft()
            callback(*args)
