"""Step: has this been answered before.

An answer is found by exactly what was asked; nothing is found by likeness. Of requests
that come at the same time and ask the same, one is answered by a provider, and the
others by what was kept of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from functools import partial
from typing import TYPE_CHECKING, Any

from ..store.cache import CacheStore, Entry
from .keeper import Keeper, bare_completion
from .key import cache_key, is_by_model
from .setting import Setting

if TYPE_CHECKING:
    from ..asking.asked import Asked
    from ..record import Record

__all__ = ["Cache"]

_LIFETIME = 30 * 86_400.0  # seconds; the platform's own default
_LONGEST_LIFETIME = 1e11

# How an answer ends that was neither cut short nor withheld, in the words of OpenAI
# and of servers that speak its dialect.
_WHOLE = (
    *("function_call", "stop", "tool_calls"),
    *("end_turn", "eos", "stop_sequence", "tool_use"),
)

_MOST_LEADERS = 3
_PATIENCE = 600.0  # seconds; as long as a provider may take between two bytes
_SLACK = 3.0  # seconds; a caller who reads an answer as it comes needs none of them
_OUT_OF_USE = (
    "the response cache cannot be used, so this request went without; the gateway's "
    "own log says why"
)


class Cache:
    """The response cache.

    Whatever goes wrong in it is written to the log once, and the cache is then out of
    use until the gateway is closed; no request fails of it.

    Args:
        store: Where answers are kept.
        patience: Seconds a request waits at most for others that ask the same.
        slack: Seconds it waits at most for their callers to read their answers.
    """

    def __init__(
        self,
        store: CacheStore,
        *,
        patience: float = _PATIENCE,
        slack: float = _SLACK,
    ) -> None:
        self._keeper = Keeper(store, "the response cache")
        self._patience = patience
        self._slack = slack
        self._leaders: dict[str, _Leader] = {}

    def turn(
        self, record: Record, setting: Setting | None = None
    ) -> AbstractAsyncContextManager[Entry | None]:
        """Give the request its answer, or its turn to call a provider.

        A request that does not ask for the cache has its turn at once. Of those that
        ask the same at the same time, the first has it; the others wait until its
        answer is kept. If it leaves without one, the next has its turn. A request
        that has seen three leave, or has waited for `patience`, waits no more. What
        the caller takes to read is not waited for: see `handing_on`.

        When the block ends, if not before, the answer that the record has by then is
        kept, if it is a whole one: every choice that was asked for is there and has
        come to its end. `length` is no such end, whoever set the limit; nor are
        `content_filter` and errors. It is kept even if the caller has left meanwhile.
        The answer of a fallback is not kept in place of the model's own, which may be
        back in a minute.

        Args:
            record: The call; what it asks is there, and the answer is to come.
            setting: The gateway it came to, and how; None for no configuration and a
                caller in this process.

        Returns:
            What was kept; None if a provider is to be called.
        """
        asked = record.asked
        key = None if asked is None else cache_key(asked, setting or Setting())
        if asked is None or key is None:
            return nullcontext()
        return self._turn(key, record, asked)

    @asynccontextmanager
    async def _turn(
        self, key: str, record: Record, asked: Asked
    ) -> AsyncIterator[Entry | None]:
        hit, leader = await self._wait(key, record)
        if self._keeper.is_broken:
            asked.warnings.append(_OUT_OF_USE)
        record.cache_key, record.hit, record.cached = key, hit, hit is not None
        try:
            yield hit
        finally:
            if leader is None or not leader.is_over:
                self._settle(record, leader)

    @contextmanager
    def handing_on(self, record: Record) -> Iterator[None]:
        """Have nobody wait for the caller of a request, who is handed a piece of it.

        A stream comes from its provider as fast as its caller reads. If that caller
        has been waited for longer than `slack` in all, those who ask the same go on,
        and the next of them has its turn; the answer is kept even so, if it ends. If
        this is the last piece, all of the answer is there, and is kept at once.

        Args:
            record: The call.
        """
        leader = self._leaders.get(record.cache_key or "")
        if leader is None or leader.record is not record:
            yield
            return
        if record.payload is not None:
            self._settle(record, leader)
            yield
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        timer = loop.call_later(leader.slack, self._leave, leader, None)
        try:
            yield
        finally:
            timer.cancel()
            leader.slack -= loop.time() - began
            if leader.slack <= 0:
                self._leave(leader, None)

    async def aclose(self) -> None:
        """Finish what is being kept and close the file; it can still be used."""
        await self._keeper.aclose()

    async def _wait(
        self, key: str, record: Record
    ) -> tuple[Entry | None, _Leader | None]:
        """Give the hit; or the lead, where this request has it; or neither."""
        hit, ahead = await self._look(key)
        if hit is not None:
            return hit, None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                for _ in range(_MOST_LEADERS):
                    if ahead is None:
                        leader = _Leader(key, record, self._slack)
                        self._leaders[key] = leader
                        return None, leader
                    await ahead.left.wait()
                    entry = ahead.entry
                    if entry is not None and entry.expires > self._keeper.now():
                        return await self._keeper.get(key) or entry, None
                    hit, ahead = await self._look(key)
                    if hit is not None:
                        return hit, None
        return None, None

    async def _look(self, key: str) -> tuple[Entry | None, _Leader | None]:
        """Give what is kept, and who has the lead."""
        ahead = self._leaders.get(key)  # it may leave while the file is looked into
        hit = await self._keeper.get(key)
        return hit, self._leaders.get(key, ahead)

    def _settle(self, record: Record, leader: _Leader | None) -> None:
        """Keep the answer, if it is to be kept, and end the lead."""
        if leader is not None:
            leader.is_over = True
        entry = None if record.hit else _entry(record, self._keeper.now())
        if entry is None:
            self._leave(leader, None)
        else:
            self._keeper.put_soon(entry, partial(self._leave, leader, entry))

    def _leave(self, leader: _Leader | None, entry: Entry | None) -> None:
        """Let the others go on, with the answer if there is one."""
        if leader is None:
            return
        leader.entry = entry
        if self._leaders.get(leader.key) is leader:
            del self._leaders[leader.key]
        leader.left.set()


class _Leader:
    """The request that calls a provider while others, who ask the same, wait."""

    def __init__(self, key: str, record: Record, slack: float) -> None:
        self.key = key
        self.record = record
        self.slack = slack  # seconds that its caller may still take to read
        self.is_over = False  # the answer is kept, or there is none
        self.left = asyncio.Event()
        self.entry: Entry | None = None


def _entry(record: Record, now: float) -> Entry | None:
    """What is to be kept of a call; None if nothing is."""
    asked, payload = record.asked, record.payload
    if asked is None or payload is None or record.cache_key is None:
        return None
    is_good = record.status_code == 200 and record.failure is None
    if not is_good or not _is_whole(payload, asked) or _is_substitute(record, asked):
        return None
    candidate = record.candidate
    lifetime = asked.respan.get("cache_ttl") or _LIFETIME
    return Entry(
        key=record.cache_key,
        completion=bare_completion(payload),
        messages=None
        if asked.respan.get("disable_log")
        else asked.openai.get("messages"),
        model=record.model,
        provider=candidate.destination.provider.name if candidate else "",
        candidate=candidate.name if candidate else "",
        cost=record.cost,
        latency=record.since_began(record.ended),
        created=now,
        expires=now + float(min(lifetime, _LONGEST_LIFETIME)),
    )


def _is_whole(payload: dict[str, Any], asked: Asked) -> bool:
    choices = payload.get("choices")
    if payload.get("error") or not isinstance(choices, list):
        return False
    return len(choices) >= (asked.openai.get("n") or 1) and all(
        isinstance(choice, dict)
        and isinstance(choice.get("message"), dict)
        and choice.get("finish_reason") in _WHOLE
        for choice in choices
    )


def _is_substitute(record: Record, asked: Asked) -> bool:
    candidate = record.candidate  # no attempt tells of a model whose key is missing
    is_fallback = candidate is not None and candidate.reason == "fallback"
    return is_by_model(asked) and is_fallback
