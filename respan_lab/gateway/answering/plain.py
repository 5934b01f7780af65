"""Step: give an answer that is not streamed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...wire import redact
from ...wire.decoding import decoded
from ..failure import GatewayFailure
from .breakdown import with_extras
from .refused import refused

if TYPE_CHECKING:
    from ...prices import PriceTable
    from ..providers import ProviderAnswer
    from ..record import Record

__all__ = ["plain"]


async def plain(
    answer: ProviderAnswer,
    record: Record,
    *,
    prices: PriceTable,
    secrets: Sequence[str],
) -> bytes:
    """Read the provider's answer and give ours.

    Raises:
        GatewayFailure: The provider reported success, and then an error or something
            that cannot be read.
    """
    content = b"".join([chunk async for chunk in answer.body])
    payload = _read(content)
    if payload.get("error") and not payload.get("choices"):
        raise _late_error(redact(payload, secrets), record)
    if not isinstance(payload.get("choices"), list):
        raise _bad("the provider's answer has no choices")
    record.declared = answer.declared
    record.end(prices, payload)
    shown = with_extras(payload, record)
    return content if shown is payload else json.dumps(shown).encode()


def _read(content: bytes) -> dict[str, Any]:
    try:
        payload = decoded(content)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise _bad("the provider's answer is not a JSON object")
    return payload


def _bad(message: str) -> GatewayFailure:
    return GatewayFailure(502, message, code="bad_answer")


def _late_error(payload: dict[str, Any], record: Record) -> GatewayFailure:
    """Some report success and put the error into the body."""
    error = payload["error"]
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    if record.asked is None or record.candidate is None:
        return GatewayFailure.passed_on(status, payload, headers={})
    asked, candidate = record.asked, record.candidate
    return refused(status, payload, headers={}, asked=asked, candidate=candidate)
