"""Step: is this a request that was sent before, under the same `Idempotency-Key`.

A client that was cut off while it waited does not know whether it has paid. Its call
runs to its end all the same; asked again with the same key, the gateway gives the
answer of that call, or what is to come of it. Only successes are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..caching.keeper import Keeper
from ..exchange import Disconnected
from ..store.cache import CacheStore
from .kept import Kept
from .key import fingerprint, reused

if TYPE_CHECKING:
    from ..exchange import Exchange
    from ..record import Record

__all__ = ["Repeats", "open_repeats"]

_MOST_LEFT = 256  # calls that go on without their callers
_GRACE = 2.0  # seconds they get when the gateway is closed, as when its server stops
_OUT_OF_USE = (
    "Idempotency-Key: the file of answers cannot be used, so this request may be paid "
    "for again; the gateway's own log says why"
)


def open_repeats(home: Path) -> Repeats:
    """Give the repeats of a gateway, in a file of its folder.

    Args:
        home: The folder; nothing is opened before the first use.
    """
    name = "idempotency.db"
    store = CacheStore(home, name=name, max_entries=20_000, max_size=2**28)
    return Repeats(store)


class Repeats:
    """Answers under the keys that callers gave their requests.

    Args:
        store: Where they are kept.
        most_left: How many calls may go on at once whose callers have left.
        grace: Seconds these get to end when it is closed.
    """

    def __init__(
        self,
        store: CacheStore,
        *,
        most_left: int = _MOST_LEFT,
        grace: float = _GRACE,
    ) -> None:
        self._keeper = Keeper(store, "the file of idempotency keys")
        self._most_left = most_left
        self._grace = grace
        self._leads: dict[str, _Lead] = {}
        self._left: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def turn(
        self, record: Record, exchange: Exchange, key: str
    ) -> AsyncIterator[Kept | None]:
        """Give a request the answer it had before, or its turn to be answered.

        Of requests with the same key at the same time one has its turn, and the others
        wait until it is over, however long that takes: a second call would be paid for
        twice. If it failed, the next has its turn. The caller of the one may leave; the
        block goes on, and when it ends the answer is kept. A caller who waits and
        leaves is a caller who left.

        Args:
            record: The call; what it asks is there, no saved prompt put into it yet.
            exchange: Where it came from.
            key: What `entry_key` gave.

        Returns:
            What was answered before; None if it is to be answered now.

        Raises:
            GatewayFailure: 422, if the key belongs to another question.
        """
        assert record.asked is not None
        question = fingerprint(record.asked)
        kept = await self._wait(key, question, exchange)
        if self._keeper.is_broken:
            record.asked.warnings.append(_OUT_OF_USE)
        if kept is not None:
            record.replay(kept)
            yield kept
            return
        lead = self._leads[key]
        try:
            yield None
        finally:
            self._settle(lead, record)

    async def aclose(self) -> None:
        """End the calls whose callers have left, and close the file.

        They get the grace to end by themselves. It can still be used.
        """
        await self._end_left()
        await self._keeper.aclose()

    async def _end_left(self) -> None:
        for _ in range(2):
            if self._left:
                _, late = await asyncio.wait(self._left, timeout=self._grace)
                for task in late:
                    task.cancel()

    async def _wait(self, key: str, question: str, exchange: Exchange) -> Kept | None:
        """Give what was answered; None if this request has the lead now."""
        task = asyncio.current_task()
        assert task is not None
        while True:
            exchange.outlive(partial(self._adopt, task))
            if key not in self._leads:
                kept = Kept.read(await self._keeper.get(key))
                if kept is not None:
                    return _checked(kept, question)
            lead = self._leads.get(key)
            if lead is None:
                self._leads[key] = _Lead(key, question)
                return None
            if lead.question != question:
                raise reused()
            if exchange.is_forsaken:
                raise Disconnected
            exchange.outlive(None)  # who waits for another's call has paid nothing
            await lead.over.wait()
            if lead.kept is not None:
                return lead.kept

    def _settle(self, lead: _Lead, record: Record) -> None:
        """Keep the answer, if there is one, and end the lead."""
        try:
            lead.kept = Kept.of(record, lead.key, lead.question, self._keeper.now())
        finally:
            if lead.kept is None:
                self._leave(lead)
        if lead.kept is not None:
            self._keeper.put_soon(lead.kept.written(), partial(self._leave, lead))

    def _leave(self, lead: _Lead) -> None:
        del self._leads[lead.key]
        lead.over.set()

    def _adopt(self, task: asyncio.Task[Any]) -> bool:
        """Let a call go on whose caller has left, if there is room for it."""
        if task not in self._left:
            if len(self._left) >= self._most_left:
                return False
            self._left.add(task)
            task.add_done_callback(self._left.discard)
        return True


class _Lead:
    """The request that is being answered while others with its key wait."""

    def __init__(self, key: str, question: str) -> None:
        self.key = key
        self.question = question
        self.over = asyncio.Event()
        self.kept: Kept | None = None


def _checked(kept: Kept, question: str) -> Kept:
    if kept.question != question:
        raise reused()
    return kept
