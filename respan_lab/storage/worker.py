"""A thread with its own connection to a SQLite file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias, TypeVar

from .file import File

__all__ = ["Worker"]

T = TypeVar("T")
_Work: TypeAlias = Callable[[sqlite3.Connection], Any]
_Jobs: TypeAlias = "SimpleQueue[tuple[Future[Any], _Work] | None]"


class Worker:
    """Does one piece of work after the other, on a thread that comes with the first.

    The thread ends when it is closed, or when nobody has the worker any more; what was
    asked for by then is done before. It is a daemon of ours, not an executor's: those
    take no work any more once the interpreter begins to exit, which is when the last
    rows are written. A child process starts its own.

    Args:
        file: What it opens.
        name: The thread's.
    """

    def __init__(self, file: File, name: str) -> None:
        self._file = file
        self._name = name
        self._running: _Running | None = None
        self._lock = threading.Lock()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Have something done with the connection; gives its future."""
        future: Future[T] = Future()
        with self._lock:
            if self._running is None or self._running.process != os.getpid():
                self._running = self._start()
            self._running.jobs.put((future, work))
        return future

    async def aclose(self) -> None:
        """Finish all work and close the file; the next piece of work opens it again."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None and running.process == os.getpid():
            running.jobs.put(None)
            await asyncio.wrap_future(running.ended)

    def _start(self) -> _Running:
        running = _Running(SimpleQueue(), Future(), os.getpid())
        # The thread is not given the worker, which could never be collected then.
        threading.Thread(
            target=_serve,
            args=(self._file, running.jobs, running.ended),
            name=self._name,
            daemon=True,
        ).start()
        weakref.finalize(self, running.jobs.put, None).atexit = False
        return running


class _Running(NamedTuple):
    """A thread: what it is to do, its end, and the process it is in."""

    jobs: _Jobs
    ended: Future[None]
    process: int


def _serve(file: File, jobs: _Jobs, ended: Future[None]) -> None:
    connection: sqlite3.Connection | None = None
    while (job := jobs.get()) is not None:
        future, work = job
        if future.set_running_or_notify_cancel():
            try:
                connection = connection or file.open()
                future.set_result(work(connection))
            except BaseException as error:
                future.set_exception(error)
        del job, future, work  # they may hold the worker, and the next may never come
    if connection is not None:
        connection.close()
    if ended.set_running_or_notify_cancel():
        ended.set_result(None)
