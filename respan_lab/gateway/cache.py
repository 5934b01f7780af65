"""Step: has this been answered before.

An answer is found by exactly what was asked; nothing is found by likeness. Of requests
that come at the same time and ask the same, one is answered by a provider, and the
others by what was kept of that.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .store.cache import CacheStore, Entry

if TYPE_CHECKING:
    from .asked import Asked
    from .record import Record

__all__ = ["Cache", "Turn", "cache_key", "omits_log"]

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_LIFETIME = 30 * 86_400.0  # seconds; the platform's own default
_LONGEST_LIFETIME = 1e11

# They say how the answer travels, for whom it is, what the provider keeps of it, and
# where its own prompt cache is; none can change a word of it. `service_tier` is not
# among them: the answer tells which one it was served with.
_SILENT = frozenset(
    {
        "model",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "store",
        "stream",
        "stream_options",
        "user",
    }
)
_CHOOSERS = (
    "disable_fallback",
    "exclude_models",
    "exclude_providers",
    "fallback_models",
    "load_balance_group",
    "load_balance_models",
    "model_name_map",
    "models",
)
_CREDENTIALS = (
    "credential_override",
    "customer_credentials",
    "load_balance_group",
    "load_balance_models",
)

# How an answer ends that was neither broken off nor withheld, in the words of OpenAI
# and of servers that speak its dialect.
_WHOLE = frozenset(
    {
        "end_turn",
        "eos",
        "function_call",
        "length",
        "stop",
        "stop_sequence",
        "tool_calls",
        "tool_use",
    }
)
# The gateway's own additions to one answer, which are not the next one's.
_EXTRAS = frozenset({"prompt_message", "request_breakdown"})

_MOST_LEADERS = 3
_PATIENCE = 600.0  # seconds; as long as a provider may take between two bytes
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
    """

    def __init__(self, store: CacheStore, *, patience: float = _PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._leaders: dict[str, _Leader] = {}
        self._writes: set[asyncio.Task[None]] = set()
        self._is_broken = False

    @asynccontextmanager
    async def turn(self, record: Record) -> AsyncIterator[Turn]:
        """Wait for the request's turn to call a provider, or for its answer.

        A request that does not ask for the cache has its turn at once. Of those that
        ask the same at the same time, the first has it; the others wait until it has
        kept its answer. If it leaves without one, the next has its turn. A request
        that has seen three leave, or has waited for `patience`, waits no more.

        Args:
            record: The call, to be filled in; what it asks is read.
        """
        asked = record.asked
        key = record.cache_key = None if asked is None else cache_key(asked)
        if asked is None or key is None:
            yield Turn(self, None, None)
            return
        hit, leader = await self._wait(key)
        if self._is_broken:
            asked.warnings.append(_OUT_OF_USE)
        record.cached, record.hit = hit is not None, hit
        try:
            yield Turn(self, hit, leader)
        finally:
            if leader is not None:
                self._leaders.pop(key, None)
                leader.left.set()

    async def aclose(self) -> None:
        """Finish what is being kept and close the file; it can still be used."""
        await asyncio.gather(*self._writes)
        with suppress(Exception):  # it was said when it was used
            await self._store.aclose()
        self._is_broken = False

    async def _wait(self, key: str) -> tuple[Entry | None, _Leader | None]:
        """Give the hit; or the lead, where this request has it; or neither."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                for _ in range(_MOST_LEADERS):
                    hit = await self._get(key)
                    ahead = self._leaders.get(key)
                    if hit is not None:
                        return hit, None
                    if ahead is None:
                        self._leaders[key] = leader = _Leader()
                        return None, leader
                    await ahead.left.wait()
                    if ahead.entry is not None:
                        return await self._get(key) or ahead.entry, None
        return None, None

    async def _get(self, key: str) -> Entry | None:
        return None if self._is_broken else await self._guarded(self._store.get(key))

    async def keep(self, entry: Entry) -> None:
        """Keep an answer, even if the caller does not wait for it."""
        if self._is_broken:
            return
        write = asyncio.create_task(self._guarded(self._store.put(entry)))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        await asyncio.shield(write)

    def now(self) -> float:
        """Give the seconds since 1970."""
        return self._store.clock()

    async def _guarded(self, work: Awaitable[T]) -> T | None:
        try:
            return await work
        except Exception as error:  # no answer is worth less than the cache
            if not self._is_broken:
                _logger.warning("the response cache is out of use: %s", error)
            self._is_broken = True
            return None


class _Leader:
    """The request that calls a provider while others, who ask the same, wait."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.entry: Entry | None = None


class Turn:
    """One request's time with the cache.

    Attributes:
        hit: The answer that was kept; None if a provider is to be called.
    """

    def __init__(self, cache: Cache, hit: Entry | None, leader: _Leader | None) -> None:
        self.hit = hit
        self._cache = cache
        self._leader = leader

    async def keep(self, record: Record) -> None:
        """Keep the answer, if the request asks for that and the answer is good.

        Kept are whole answers alone: every choice that was asked for is there and has
        come to its end. `length` is such an end, since the limit is a part of what was
        asked; `content_filter` and errors are not. The answer of a fallback is not
        kept in place of the model's own, which may be back in a minute.

        Args:
            record: The call, which has ended.
        """
        entry = _entry(record, self._cache.now())
        if entry is None:
            return
        if self._leader is not None:
            self._leader.entry = entry
        await self._cache.keep(entry)


def cache_key(asked: Asked) -> str | None:
    """Give what the answer to a request is kept under.

    It is made of the messages, of every parameter that may change the answer, exactly
    as given, and of who was asked: the model, the lists and the fallbacks. The hosted
    gateway, by default, leaves the model out, and so may answer for one model what
    another has said; here it takes `"is_cached_by_model": false` to have that. With
    `cache_by_customer` it is made of the customer, too.

    Keys are no part of it, not even hashed. An address given with a key is: the same
    name at another server is another model.

    Args:
        asked: The request, its fields checked.

    Returns:
        64 hexadecimal digits; None if the request does not ask for the cache.

    Example:
        >>> from respan_lab.gateway.asked import Asked
        >>> cold = Asked({"messages": [], "temperature": 0}, {"cache_enabled": True})
        >>> warm = Asked({"messages": [], "temperature": 1}, {"cache_enabled": True})
        >>> cache_key(cold) == cache_key(warm)
        False
    """
    if asked.respan.get("cache_enabled") is not True:
        return None
    options = _options(asked)
    parts: dict[str, Any] = {
        "asked": {
            name: value
            for name, value in asked.openai.items()
            if name not in _SILENT and value is not None
        }
    }
    if _is_by_model(asked):
        parts["of"] = _answerers(asked)
    if options.get("cache_by_customer"):
        parts["for"] = _customer(asked.respan)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def omits_log(asked: Asked) -> bool:
    """Whether a hit of this request leaves no log row."""
    return _options(asked).get("omit_log") is True


def _options(asked: Asked) -> dict[str, Any]:
    return asked.respan.get("cache_options") or {}


def _is_by_model(asked: Asked) -> bool:
    return _options(asked).get("is_cached_by_model") is not False


def _customer(respan: dict[str, Any]) -> Any:
    params = respan.get("customer_params") or {}
    return params.get("customer_identifier") or respan.get("customer_identifier")


def _answerers(asked: Asked) -> dict[str, Any]:
    public = asked.public()
    found = {name: public[name] for name in ("model", *_CHOOSERS) if public.get(name)}
    found["route_provider"] = asked.route_provider
    found["places"] = _places({n: asked.respan.get(n) for n in _CREDENTIALS})
    return _pruned(found)


def _places(value: Any) -> Any:
    """The addresses in credentials, each where it stands, and nothing else of them."""
    if isinstance(value, list):
        value = {str(at): each for at, each in enumerate(value)}
    if not isinstance(value, dict):
        return None
    url = value.get("api_base")
    inner = {name: _places(each) for name, each in value.items()}
    return _pruned({**inner, "api_base": _bare(url) if isinstance(url, str) else None})


def _pruned(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if each}


def _bare(url: str) -> str:
    """An address without what may be secret in it."""
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])


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
        completion=_completion(payload),
        messages=None if asked.respan.get("disable_log") else asked.openai["messages"],
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
    tried = {attempt["model"] for attempt in record.attempts}
    return _is_by_model(asked) and len(tried) > 1


def _completion(payload: dict[str, Any]) -> dict[str, Any]:
    """The answer without what the gateway added, in the one form that streams have."""
    kept = {name: value for name, value in payload.items() if name not in _EXTRAS}
    if not kept.get("usage"):
        kept.pop("usage", None)
    return {**kept, "object": "chat.completion"}
