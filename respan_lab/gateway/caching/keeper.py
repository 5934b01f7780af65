"""A file of answers that costs no request anything, whatever goes wrong with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ..store.cache import CacheStore, Entry

__all__ = ["Keeper", "bare_completion"]

T = TypeVar("T")

_logger = logging.getLogger(__name__)

# The gateway's own additions to one answer, which are not the next one's.
_EXTRAS = frozenset({"prompt_message", "request_breakdown"})


class Keeper:
    """A file of answers, out of use once something went wrong with it.

    What went wrong is written to the log once; closing puts it to use again.

    Args:
        store: The file.
        name: What it is to a person.

    Attributes:
        is_broken: Whether it is out of use.
    """

    def __init__(self, store: CacheStore, name: str) -> None:
        self._store = store
        self._name = name
        self._writes: set[asyncio.Task[None]] = set()
        self.is_broken = False

    def now(self) -> float:
        """Give the seconds since 1970, by the file's clock."""
        return self._store.clock()

    async def get(self, key: str) -> Entry | None:
        """Find an answer; None if there is none, or the file is out of use."""
        return None if self.is_broken else await self._guarded(self._store.get(key))

    def put_soon(self, entry: Entry, then: Callable[[], object]) -> None:
        """Keep an answer; the caller waits for its own, not for the file.

        Args:
            entry: The answer.
            then: Called when it is kept, or cannot be.
        """
        if self.is_broken:
            then()
            return
        write = asyncio.create_task(self._put(entry, then))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def aclose(self) -> None:
        """Finish what is being kept and close the file; it can still be used."""
        await asyncio.gather(*self._writes)
        with suppress(Exception):  # it was said when it was used
            await self._store.aclose()
        self.is_broken = False

    async def _put(self, entry: Entry, then: Callable[[], object]) -> None:
        await self._guarded(self._store.put(entry))
        then()

    async def _guarded(self, work: Awaitable[T]) -> T | None:
        try:
            return await work
        except Exception as error:  # no answer is worth less than the file
            if not self.is_broken:
                _logger.warning("%s is out of use: %s", self._name, error)
            self.is_broken = True
            return None


def bare_completion(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Give an answer without what the gateway added, in the one form streams have.

    Args:
        payload: The answer, as a `chat.completion`.

    Example:
        >>> bare_completion({"id": "c", "usage": None, "request_breakdown": {}})
        {'id': 'c', 'object': 'chat.completion'}
    """
    kept = {name: value for name, value in payload.items() if name not in _EXTRAS}
    if not kept.get("usage"):
        kept.pop("usage", None)
    return {**kept, "object": "chat.completion"}
