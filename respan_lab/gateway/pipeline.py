"""One chat completion, from the request to the end of the answer.

Each step is a file: `clients` (who may call), `channels` (what is asked), `candidates`
and `names` (who answers), `slots` (when), `call` (the provider), `plain` or `stream`
(the answer).
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from ..wire import redact
from .call import call, faults
from .candidates import choose
from .channels import read
from .exchange import Disconnected, Exchange
from .failure import GatewayFailure
from .plain import plain
from .record import Record
from .stream import Relay, event_bytes

if TYPE_CHECKING:
    from ..prices import PriceTable
    from .gateway import Gateway
    from .providers import ProviderAnswer

__all__ = ["chat"]

_logger = logging.getLogger(__name__)


async def chat(gateway: Gateway, exchange: Exchange) -> None:
    """Answer one chat completion; nothing is raised but cancellation."""
    record = Record()
    try:
        await exchange.read()
        async with exchange.while_connected():
            rest = await _answer(gateway, exchange, record)
        await exchange.end(rest)
    except Disconnected:
        return
    except GatewayFailure as failure:
        await _fail(exchange, failure, record)
    except Exception as error:
        # Its text is for the log alone: it may hold what no caller should read.
        _log(gateway, record)
        name = type(error).__name__
        await _fail(
            exchange, GatewayFailure(500, f"the gateway failed: {name}"), record
        )


async def _answer(gateway: Gateway, exchange: Exchange, record: Record) -> bytes:
    """Run the steps; return what of the body is still to be sent."""
    gateway.check_client(exchange)
    asked = record.asked = read(exchange.content, exchange.headers)
    draw = gateway.draws.of(asked.identity(), asked.custom_identifier)
    candidate = record.candidate = await choose(asked, gateway.names, draw)
    provider, slug = candidate.destination
    secrets = (*gateway.secrets, *candidate.secrets)
    give = _streamed if asked.is_stream else _plain
    async with gateway.slots.hold(provider, slug) as queue_time:
        record.call(queue_time)
        answer = await call(asked, candidate, draw=draw, secrets=secrets)
        async with aclosing(answer):
            with faults(provider.name, secrets):
                return await give(
                    answer, record, exchange, prices=gateway.prices, secrets=secrets
                )


async def _plain(
    answer: ProviderAnswer,
    record: Record,
    exchange: Exchange,
    *,
    prices: PriceTable,
    secrets: Sequence[str],
) -> bytes:
    content = await plain(answer, record, prices=prices, secrets=secrets)
    length = {"content-length": str(len(content))}
    await exchange.start(200, "application/json", {**length, **record.headers()})
    return content


async def _streamed(
    answer: ProviderAnswer,
    record: Record,
    exchange: Exchange,
    *,
    prices: PriceTable,
    secrets: Sequence[str],
) -> bytes:
    kind = "text/event-stream; charset=utf-8"
    await exchange.start(200, kind, {"cache-control": "no-cache", **record.headers()})
    await Relay(record, exchange.write, secrets=secrets).run(answer, prices)
    return b""


async def _fail(exchange: Exchange, failure: GatewayFailure, record: Record) -> None:
    with suppress(Disconnected):
        if exchange.has_started:  # the status is out, so the stream has to say it
            await exchange.end(event_bytes(failure.body))
        else:
            await exchange.fail(failure, record.headers())


def _log(gateway: Gateway, record: Record) -> None:
    own = record.candidate.secrets if record.candidate else ()
    trace = redact(traceback.format_exc(), (*gateway.secrets, *own))
    _logger.error("a request failed inside the gateway\n%s", trace)
