"""A run that goes on while the notebook does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import LedgerError
from ..transport import run, submit

if TYPE_CHECKING:
    from ..results import Results
    from .job import Job
    from .progress import Progress

__all__ = ["Handle"]


class Handle:
    """A run in the background: look at it, wait for it, stop it.

    Made by `Experiment.start`. Letting go of it does not stop the run; the end of the
    process does, and what had come by then is in the ledger.

    Args:
        job: What runs.

    Example:
        >>> client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
        >>> handle = lab.Experiment("Hi", "sim/small").start(client, progress=False)
        >>> len(handle.wait()), handle.is_running
        (1, False)
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._is_stopped = self._is_told = False
        self._task: asyncio.Task[None] | None = None
        self._future = submit(self._work())

    def __repr__(self) -> str:
        state = "running" if self.is_running else "over"
        return f"Handle({state}, {self.progress!r})"

    @property
    def run_id(self) -> str:
        """The run's id, under which the ledger has it."""
        return self._job.run_id

    @property
    def is_running(self) -> bool:
        """Whether calls may still be made."""
        return not self._future.done()

    @property
    def progress(self) -> Progress:
        """How far it is: `.done` of `.total` cells, `.cost`, `.errors`, `.found`."""
        return self._job.progress

    @property
    def results(self) -> Results:
        """What has come so far, a row for every cell.

        What was not asked yet is `skipped`, and what is in flight `maybe_billed`.

        Raises:
            RespanError: The run could not begin.
        """
        self._job.is_known.wait()
        if not self._job.has_begun:
            self._future.result()
        return self._job.results()

    def stop(self) -> Results:
        """End it now: calls in flight are cut off, and may have been billed.

        Returns:
            What had come. Run the experiment again to go on from there.
        """
        self._is_stopped = True
        run(self._cut_off())
        return self.results

    def wait(self, timeout: float | None = None) -> Results:
        """Wait until it is over; interrupting the wait stops the run.

        Args:
            timeout: Seconds to wait at most; None waits for ever.

        Returns:
            The results, as `Experiment.run` gives them.

        Raises:
            TimeoutError: It goes on still.
            LedgerError: It could not go on; the error's `results` are what had come.
            ConfigError: It could not begin; nothing was sent.
        """
        try:
            self._future.result(timeout)
        except LedgerError as error:
            if self._job.has_begun:
                with suppress(LedgerError):  # it cannot be read either
                    error.results = self._job.results()  # type: ignore[attr-defined]
            raise error
        except TimeoutError:
            raise TimeoutError(f"after {timeout} s: {self.progress!r}") from None
        except KeyboardInterrupt:
            self.stop()
            raise
        if not self._is_told:
            self._is_told = True
            self._job.tell()
        return self._job.results()

    async def _work(self) -> None:
        self._task = asyncio.current_task()
        try:
            with self._job.progress:
                await self._job.work()
        except asyncio.CancelledError:
            if not self._is_stopped:  # the process ends
                raise

    async def _cut_off(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
