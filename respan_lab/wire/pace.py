"""How long an answer took and how fast it came, measured or declared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .timing import Timing
from .usage import Usage

__all__ = ["REASONING", "Pace", "number", "pace", "streamed_tokens"]

REASONING = ("reasoning_content", "reasoning", "thinking")
"""Where providers put the reasoning text of a message or a delta."""

_REPORTED = ("routing_time", "latency")  # in a breakdown
_FEWEST_DELTAS = 5  # a rate over fewer is mostly chance


class Pace(NamedTuple):
    """Times of one answer; None is unknown.

    Attributes:
        latency: Seconds from hand-over to the last byte.
        time_to_first_token: Seconds from hand-over to the first delta.
        tokens_per_second: Of what was streamed, after the first token.
        source: ``measured`` here, or ``declared`` by a simulated model.
        queue_time: Seconds waited before the last send, here and for a provider's slot.
        routing_time: Seconds the gateway took to choose, by its own account.
        gateway_latency: Seconds the answer took, by the gateway's own account.
    """

    latency: float | None = None
    time_to_first_token: float | None = None
    tokens_per_second: float | None = None
    source: str | None = None
    queue_time: float | None = None
    routing_time: float | None = None
    gateway_latency: float | None = None


def pace(
    timing: Timing | None,
    *,
    held: float,
    breakdown: Mapping[str, Any],
    streamed_tokens: Callable[[], int | None],
) -> Pace:
    """Work out the times of an answer.

    Args:
        timing: The clock readings; None if nobody measured.
        held: Seconds the gateway held the call for a provider's slot: waiting, not
            work.
        breakdown: The gateway's breakdown; one with ``simulated: true`` declares the
            times.
        streamed_tokens: Gives the completion tokens less hidden reasoning; asked only
            where a rate can be had, since a plain answer has none.

    Example:
        >>> pace(None, held=0, breakdown={}, streamed_tokens=int).source is None
        True
    """
    queue_time = None if timing is None else timing.queue_time + held
    routing, reported = (number(breakdown.get(name)) for name in _REPORTED)
    if breakdown.get("simulated") is True:
        return Pace(
            reported,
            number(breakdown.get("time_to_first_token")),
            number(breakdown.get("tokens_per_second")),
            "declared",
            queue_time,
            routing,
            reported,
        )
    if timing is None:
        return Pace(routing_time=routing, gateway_latency=reported)
    first = timing.time_to_first_token
    return Pace(
        max(0.0, timing.latency - held),
        None if first is None else max(0.0, first - held),
        _rate(timing, streamed_tokens),
        "measured",
        queue_time,
        routing,
        reported,
    )


def streamed_tokens(usage: Usage, message: Mapping[str, Any]) -> int | None:
    """Count the completion tokens that were streamed: hidden reasoning is not.

    Example:
        >>> streamed_tokens(Usage(completion_tokens=9, reasoning_tokens=4), {})
        5
    """
    tokens = usage.completion_tokens
    if tokens is None or any(message.get(name) for name in REASONING):
        return tokens
    return tokens - (usage.reasoning_tokens or 0)


def _rate(timing: Timing, streamed_tokens: Callable[[], int | None]) -> float | None:
    first, last = timing.first_delta, timing.last_delta
    if timing.n_deltas < _FEWEST_DELTAS or first is None or last is None:
        return None
    tokens = streamed_tokens()
    if tokens is None or tokens < 2 or last <= first:
        return None
    return (tokens - 1) / (last - first)  # the first token came at the start


def number(value: Any) -> float | None:
    """Read an amount; None unless it is a finite number from 0 up.

    Example:
        >>> number(3), number(True), number("3"), number(-1)
        (3.0, None, None, None)
    """
    if type(value) is not float and type(value) is not int:
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) and amount >= 0 else None
