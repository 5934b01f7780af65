"""Step: wait for a provider that runs only so many calls at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .providers import Provider

__all__ = ["Slots"]


class Slots:
    """How many calls each provider is running."""

    def __init__(self) -> None:
        self._semaphores: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def hold(self, provider: Provider) -> AsyncIterator[float]:
        """Hold one of a provider's slots; give the seconds waited for it."""
        if provider.max_concurrency is None:
            yield 0.0
            return
        semaphore = self._semaphores.get(provider.name)
        if semaphore is None:
            semaphore = asyncio.Semaphore(provider.max_concurrency)
            self._semaphores[provider.name] = semaphore
        asked_at = time.perf_counter()
        is_free = not semaphore.locked()
        async with semaphore:
            yield 0.0 if is_free else time.perf_counter() - asked_at
