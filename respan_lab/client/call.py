"""One call: attempts until an answer, or until another attempt would be wrong."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from ..errors import APIError, APIStatusError
from ..wire import Completion
from .attempt import Trial
from .retry import is_retryable, wait_before

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..prices import PriceTable
    from ..wire import Attempt, ChatRequest, Chunk
    from .attempt import Answer
    from .door import Door

__all__ = ["perform"]

_RNG = random.Random()


async def perform(
    door: Door,
    request: ChatRequest,
    *,
    timeout: float | None,
    max_retries: int = 0,
    prices: PriceTable,
    queued_at: float | None = None,
    on_chunk: Callable[[Chunk], None] | None = None,
    trials: list[Trial] | None = None,
    on_refused: Callable[[APIStatusError, float | None], None] | None = None,
    before_retry: Callable[[], Awaitable[None]] | None = None,
) -> Completion:
    """Make one call, on the background loop.

    Args:
        door: The way to the gateway.
        request: What to send.
        timeout: Seconds for each attempt; None waits for ever.
        max_retries: Attempts after the first.
        prices: Prices an answer whose gateway reports no cost.
        queued_at: `perf_counter()` at which the call began to wait; None is now.
        on_chunk: Called with each chunk of a streamed answer.
        trials: Is given each attempt as it begins, for a caller that has to know
            after a cancellation whether anything was sent.
        on_refused: Called at once with each error status and the seconds that are
            waited before the next attempt, None if there is none.
        before_retry: Awaited after that wait; what it takes is queue time.

    Raises:
        APIError: The last attempt's failure, with every attempt in `.attempts`.
    """
    history: list[Attempt] = []
    waiting_since = perf_counter() if queued_at is None else queued_at
    while True:
        trial = Trial(door, request, queued_at=waiting_since, on_chunk=on_chunk)
        if trials is not None:
            trials.append(trial)
        try:
            answer = await trial.run(timeout)
        except APIError as error:
            wait = _wait(error, trial, retry=len(history) + 1, most=max_retries)
            history.append(trial.record(error, wait=wait or 0.0))
            if on_refused is not None and isinstance(error, APIStatusError):
                on_refused(error, wait)
            if wait is None:
                error.attempts = tuple(history)
                error.partial = trial.partial
                raise
            await asyncio.sleep(wait)
            waiting_since = perf_counter()
            if before_retry is not None:
                await before_retry()
        else:
            return _completion(
                answer, request, (*history, trial.record()), prices=prices
            )


def _wait(error: APIError, trial: Trial, *, retry: int, most: int) -> float | None:
    """Seconds before the next attempt; None if there must be none."""
    if retry > most or not is_retryable(error, was_sent=trial.was_sent):
        return None
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    return wait_before(retry, retry_after=asked, rng=_RNG)


def _completion(
    answer: Answer,
    request: ChatRequest,
    attempts: tuple[Attempt, ...],
    *,
    prices: PriceTable,
) -> Completion:
    earlier = attempts[:-1]
    timing = answer.timing
    if earlier:
        spent = sum(a.queue_time + (a.latency or 0.0) + a.wait for a in earlier)
        timing = replace(timing, retry_time=spent)

    def cost_of(completion: Completion) -> tuple[float | None, str | None]:
        return prices.cost(
            completion.usage, completion.model or "", completion.provider
        )

    return Completion(
        answer.raw,
        headers=answer.headers,
        timing=timing,
        attempts=attempts,
        output_type=request.output_type,
        asked_model=request.body.get("model"),
        cost_of=cost_of,
    )
