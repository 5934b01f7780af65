"""One chat completion, from the request to the end of the answer.

The steps, a room each: `asking` (what is asked), `idempotency` (whether this very
request has come before, over a socket and with a key that says so), `prompts` (the
saved prompt it is made of), `caching` (whether it has been answered before), `routing`
(who answers, how often each is called, and when), `answering` (the provider's call, the
answer, what it cost), `logs` (what is kept of it).
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ..wire import redact
from .answering.call import call
from .answering.plain import plain
from .answering.stream import Relay, event_bytes
from .asking.channels import read
from .caching.replay import replay
from .caching.setting import Setting
from .exchange import Disconnected, Exchange
from .failure import GatewayFailure
from .idempotency.key import HEADER, entry_key
from .logs.row import keep
from .prompts.resolve import resolve
from .providers.credentials import check_address
from .record import Record
from .routing.attempts import attempt
from .routing.candidates import choose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from .asking.asked import Asked
    from .gateway import Gateway
    from .providers import ProviderAnswer
    from .routing.candidates import Candidate

__all__ = ["chat"]

_logger = logging.getLogger(__name__)
_LEFT = 499  # what servers write down for a caller who did not wait


async def chat(gateway: Gateway, exchange: Exchange) -> None:
    """Answer one chat completion; nothing is raised but cancellation."""
    record = Record()
    try:
        await exchange.read()
        async with exchange.while_connected():
            rest = await _answer(gateway, exchange, record)
        keep(gateway, record)
        await exchange.end(rest)
    except Disconnected:
        _leave(gateway, record)
    except asyncio.CancelledError:
        _leave(gateway, record)
        raise
    except GatewayFailure as failure:
        await _fail(gateway, exchange, failure, record)
    except Exception as error:
        # Its text is for the log alone: it may hold what no caller should read.
        _log(gateway, record)
        name = type(error).__name__
        broken = GatewayFailure(500, f"the gateway failed: {name}")
        await _fail(gateway, exchange, broken, record)


def _answer(gateway: Gateway, exchange: Exchange, record: Record) -> Awaitable[bytes]:
    """Run the steps; gives what of the body is still to be sent."""
    asked = read(exchange.content, exchange.headers, gateway.precedence)
    record.asked = asked
    if not exchange.is_in_process and HEADER in exchange.headers:
        return _once(gateway, exchange, record, asked)
    return _answered(gateway, exchange, record, asked)


async def _once(
    gateway: Gateway, exchange: Exchange, record: Record, asked: Asked
) -> bytes:
    """Have the request answered, unless it was before."""
    caller = Setting.of(gateway, exchange).caller
    key = entry_key(exchange.headers[HEADER], caller)
    async with gateway.repeats.turn(record, exchange, key) as kept:
        if kept is None:
            return await _answered(gateway, exchange, record, asked)
        answer = replay(kept.entry, is_stream=asked.is_stream)
        return await _give(gateway, exchange, record, answer)


async def _answered(
    gateway: Gateway, exchange: Exchange, record: Record, asked: Asked
) -> bytes:
    """Have it answered by the response cache, or else by a provider."""
    record.prompt = await resolve(asked, gateway.prompts)
    if not asked.wants_cache:
        return await _called(gateway, exchange, record, asked)
    setting = Setting.of(gateway, exchange)
    async with gateway.cache.turn(record, setting) as hit:
        if hit is None:
            return await _called(gateway, exchange, record, asked)
        answer = replay(hit, is_stream=asked.is_stream)
        return await _give(gateway, exchange, record, answer)


async def _called(
    gateway: Gateway, exchange: Exchange, record: Record, asked: Asked
) -> bytes:
    """Have one of the candidates answer."""
    draw = gateway.draws.of(asked.identity, asked.custom_identifier)
    candidates = await choose(
        asked,
        gateway.names_for(exchange),
        groups=gateway.groups.value,
        draw=draw,
        pick=partial(gateway.draws.pick, asked.identity),
        check_address=partial(_check_address, gateway, exchange),
    )
    return await attempt(
        candidates,
        asked,
        record,
        partial(_one, gateway, exchange, record, asked, draw),
        may_repeat=lambda: not exchange.has_started,
    )


def _check_address(
    gateway: Gateway, exchange: Exchange, credentials: Mapping[str, Any]
) -> None:
    check_address(credentials, reach=exchange.reach, configured=gateway.origins)


async def _one(
    gateway: Gateway,
    exchange: Exchange,
    record: Record,
    asked: Asked,
    draw: Callable[[], float],
    candidate: Candidate,
) -> bytes:
    """Call one candidate, and give what it answers."""
    provider, slug = candidate.destination
    secrets = (*gateway.secrets.value, *asked.secrets, *candidate.secrets)
    async with gateway.slots.hold(provider, slug) as queue_time:
        record.call(queue_time)
        answer = await call(asked, candidate, draw=draw, secrets=secrets)
        try:
            return await _give(gateway, exchange, record, answer, secrets)
        finally:
            await answer.aclose()


def _give(
    gateway: Gateway,
    exchange: Exchange,
    record: Record,
    answer: ProviderAnswer,
    secrets: Sequence[str] = (),
) -> Awaitable[bytes]:
    """Hand an answer on; gives what of it is still to be sent."""
    is_stream = record.asked is not None and record.asked.is_stream
    give = _streamed if is_stream else _plain
    return give(gateway, exchange, record, answer, secrets)


async def _plain(
    gateway: Gateway,
    exchange: Exchange,
    record: Record,
    answer: ProviderAnswer,
    secrets: Sequence[str],
) -> bytes:
    content = await plain(answer, record, prices=gateway.prices, secrets=secrets)
    await _start_plain(exchange, record, content)
    return content


async def _streamed(
    gateway: Gateway,
    exchange: Exchange,
    record: Record,
    answer: ProviderAnswer,
    secrets: Sequence[str],
) -> bytes:
    async def write(content: bytes) -> None:
        with gateway.cache.handing_on(record):
            if not exchange.has_started:
                await _start_stream(exchange, record)
            await exchange.write(content)

    await Relay(record, write, secrets=secrets).run(answer, gateway.prices)
    return b""


def _start_plain(exchange: Exchange, record: Record, content: bytes) -> Awaitable[None]:
    length = {"content-length": str(len(content))}
    return exchange.start(200, "application/json", {**length, **record.headers()})


def _start_stream(exchange: Exchange, record: Record) -> Awaitable[None]:
    kind = "text/event-stream; charset=utf-8"
    return exchange.start(200, kind, {"cache-control": "no-cache", **record.headers()})


async def _fail(
    gateway: Gateway, exchange: Exchange, failure: GatewayFailure, record: Record
) -> None:
    record.fail(failure)
    keep(gateway, record)
    with suppress(Disconnected):
        if exchange.has_started:  # the status is out, so the stream has to say it
            await exchange.end(event_bytes(failure.body))
        else:
            await exchange.fail(failure, record.headers())


def _leave(gateway: Gateway, record: Record) -> None:
    if record.ended is None:  # else only the way out was cut off
        message = "the caller did not wait for the answer"
        record.fail(GatewayFailure(_LEFT, message, code="client_cancelled"))
    keep(gateway, record)


def _log(gateway: Gateway, record: Record) -> None:
    secrets = (*gateway.secrets.value, *record.secrets)
    trace = redact(traceback.format_exc(), secrets)
    _logger.error("a request failed inside the gateway\n%s", trace)
