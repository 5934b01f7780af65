"""Step: wait for a provider that runs only so many calls at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from typing import TYPE_CHECKING

from ...errors import RespanError

if TYPE_CHECKING:
    from ..providers import Provider

__all__ = ["Slots"]

_FREE = nullcontext(0.0)
_NOTICED = 0.001  # seconds; less is the time of asking, not of waiting


class Slots:
    """How many calls each provider is running."""

    def __init__(self) -> None:
        self._semaphores: dict[str, asyncio.Semaphore] = {}

    def hold(self, provider: Provider, slug: str) -> AbstractAsyncContextManager[float]:
        """Hold one of a provider's slots, and have the provider get ready.

        Gives the seconds that took, which are no part of the call's own time.

        Args:
            provider: Whose slot.
            slug: The model it is to get ready.
        """
        if provider.max_concurrency is None:
            return _FREE
        semaphore = self._semaphores.get(provider.name)
        if semaphore is None:
            semaphore = asyncio.Semaphore(provider.max_concurrency)
            self._semaphores[provider.name] = semaphore
        return _held(semaphore, provider, slug)


@asynccontextmanager
async def _held(
    semaphore: asyncio.Semaphore, provider: Provider, slug: str
) -> AsyncIterator[float]:
    asked_at = time.perf_counter()
    async with semaphore:
        with suppress(RespanError):  # the call itself will say it better
            await provider.prepare(slug)
        waited = time.perf_counter() - asked_at
        yield waited if waited > _NOTICED else 0.0
