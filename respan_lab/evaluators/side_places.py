"""What calls beside those of cells need: a place among all calls, and dollars."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from ..errors import APIStatusError
    from ..wire import Completion
    from .asking import Question

__all__ = ["FREE", "FewPlaces", "Funds", "Place", "Places", "Sending"]

_AT_ONCE = 32  # calls, as a run makes by default


class Funds(Protocol):
    """The dollars of a run."""

    def worst(self, question: Question, body: Mapping[str, Any]) -> float | None:
        """Give what a call costs at worst, in dollars; None if nobody asks."""

    async def reserve(self, worst: float | None) -> bool:
        """Set that aside, once there is room; False if there will be none."""

    def settle(self, worst: float | None, row: Mapping[str, Any], *, key: str) -> None:
        """Give it back, and count what the call has cost, by its first row."""


class Sending(Protocol):
    """One call that may be sent, and its retries."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: Any, error: BaseException | None, where: Any) -> None: ...

    def dropped(self) -> None:
        """Hear that it need not be made after all."""

    def refused(self, error: APIStatusError, wait: float | None) -> None:
        """Hear of a refusal at once, and of the seconds until it is tried again."""

    async def again(self) -> None:
        """Wait until it may be tried again."""

    def answered(self, completion: Completion) -> None:
        """Hear of the answer."""


class Place(Protocol):
    """A place among the calls that are in flight.

    Attributes:
        queued_at: `perf_counter()` at which the call began to wait for it.
    """

    queued_at: float

    @property
    def is_open(self) -> bool:
        """Whether a call may still be sent; not once the run was stopped."""

    async def ready(self, body: Mapping[str, Any]) -> Sending:
        """Wait until the call may be sent."""


class Places(Protocol):
    """How many calls are made at once."""

    def place(self, question: Question) -> AbstractAsyncContextManager[Place]:
        """Wait for a place, and hold it.

        Raises:
            APIError: So many such calls have failed alike that no more are made.
        """


class _Free:
    """Without a budget."""

    def worst(self, question: Question, body: Mapping[str, Any]) -> float | None:
        return None

    async def reserve(self, worst: float | None) -> bool:
        return True

    def settle(self, worst: float | None, row: Mapping[str, Any], *, key: str) -> None:
        pass


FREE: Funds = _Free()


class _Plain:
    """A place, and a call that nobody else hears of."""

    is_open = True

    def __init__(self) -> None:
        self.queued_at = perf_counter()

    async def ready(self, body: Mapping[str, Any]) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, where: Any) -> None:
        pass

    def dropped(self) -> None:
        pass

    def refused(self, error: APIStatusError, wait: float | None) -> None:
        pass

    async def again(self) -> None:
        pass

    def answered(self, completion: Completion) -> None:
        pass


class FewPlaces:
    """So many calls at once, and no other limit.

    Args:
        most: How many.
    """

    def __init__(self, most: int = _AT_ONCE) -> None:
        self._room = asyncio.Semaphore(most)

    @asynccontextmanager
    async def place(self, question: Question) -> AsyncIterator[Place]:
        """Wait for a place, and hold it."""
        place = _Plain()
        async with self._room:
            yield place
