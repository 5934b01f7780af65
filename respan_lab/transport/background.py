"""The thread behind everything: one event loop per process, made when first needed."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .link import Link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["GRACE", "Background", "Process", "process"]

GRACE = 1.0
"""Seconds that cancelled work may take to end before nobody waits for it any longer."""


class Background:
    """An event loop in a daemon thread, so that it never keeps the process alive.

    Attributes:
        loop: The loop; it runs as soon as the object exists.
        closers: What is called and awaited on the loop before it ends.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.closers: set[Callable[[], Awaitable[object]]] = set()
        self._links: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Link, Link]] = (
            WeakKeyDictionary()
        )
        self._is_stopping = False
        self._thread = threading.Thread(
            target=self._serve, name="respan-lab-loop", daemon=True
        )
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller is on this loop's thread."""
        return threading.get_ident() == self._thread.ident

    def links(self, other: asyncio.AbstractEventLoop) -> tuple[Link, Link]:
        """The way from another loop to this one, and the way back."""
        links = self._links.get(other)
        if links is None:
            links = Link(other, self.loop), Link(self.loop, other)
            self._links[other] = links
        return links

    def stop(self) -> None:
        """End all work and the thread; what resists is left to die with the process."""
        asyncio.run_coroutine_threadsafe(self._wind_down(), self.loop)
        self._thread.join(3 * GRACE)
        if not self._thread.is_alive():
            self.loop.close()

    def _serve(self) -> None:
        # A SystemExit raised by work breaks out of the loop after it was handed to
        # whoever waits for that work; the others' work goes on.
        while not self._is_stopping:
            with contextlib.suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()

    async def _wind_down(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        resisting = (await asyncio.wait(tasks, timeout=GRACE))[1] if tasks else None
        with contextlib.suppress(Exception):
            async with asyncio.timeout(GRACE):
                await self._close_all()
        if not resisting:
            self._is_stopping = True
            self.loop.stop()

    async def _close_all(self) -> None:
        closing = [close() for close in list(self.closers)]
        await asyncio.gather(*closing, return_exceptions=True)
        await self.loop.shutdown_asyncgens()


class Process:
    """What this process has for a background: none yet, one, or none any more."""

    def __init__(self) -> None:
        self.background: Background | None = None
        self._lock = threading.Lock()
        self._is_over = False
        # After a fork the parent's loop shares its selector with the child. Collecting
        # it there would unregister the parent's sockets, so the child keeps it unused.
        self._inherited: list[Background] = []

    def running(self) -> Background:
        """The background, started if there is none.

        Raises:
            RuntimeError: If the interpreter is shutting down.
        """
        return self.background or self._started()

    @property
    def is_over(self) -> bool:
        """Whether the interpreter is ending."""
        return self._is_over

    def end(self) -> None:
        """Stop the background for good."""
        background, self.background, self._is_over = self.background, None, True
        if background is not None:
            background.stop()

    def after_fork(self) -> None:
        """Forget the parent's background in a child: its thread did not come along."""
        self._lock = threading.Lock()
        if self.background is not None:
            self._inherited.append(self.background)
            self.background = None

    def _started(self) -> Background:
        with self._lock:
            if self._is_over:
                raise RuntimeError(
                    "the interpreter is shutting down: no call can be made any more"
                )
            if self.background is None:
                self.background = Background()
            return self.background


process = Process()
atexit.register(process.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=process.after_fork)
