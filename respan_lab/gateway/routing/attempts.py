"""Step: call one candidate after another until one answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar

from ...wire.failure import retry_after
from ..asking.idle import MOST_RETRIES
from ..failure import GatewayFailure

if TYPE_CHECKING:
    from ..asking.asked import Asked
    from ..record import Record
    from .candidates import Candidate

__all__ = ["Attempt", "Retries", "attempt"]

T = TypeVar("T")

_RETRIED = frozenset({408, 409, 429})
_LONGEST_WAIT = 60.0  # seconds; nobody waits longer for one attempt
_FIRST_WAIT = 0.2  # seconds; the platform's own default


class Attempt(TypedDict):
    """One call of a provider, as breakdowns and log rows show it.

    `latency` is the seconds it took, None while it lasts; `wait` those waited after
    it. `status_code` is None while it lasts, `error` None unless it failed.
    """

    model: str
    provider: str
    status_code: int | None
    error: str | None
    latency: float | None
    wait: float


class Retries(NamedTuple):
    """How often one candidate is called again.

    Attributes:
        most: Calls after the first.
        wait: Seconds before the second call; before each further one twice as many.
    """

    most: int = 0
    wait: float = _FIRST_WAIT

    @classmethod
    def of(cls, respan: Mapping[str, Any]) -> Retries:
        """Read `retry_params`, or else `retries`; without either nothing is repeated.

        Args:
            respan: Respan's fields, of the right types.

        Example:
            >>> Retries.of({"retry_params": {"retry_enabled": True}, "retries": 9})
            Retries(most=3, wait=0.2)
        """
        params = respan.get("retry_params")
        if params is None:
            return cls(min(respan.get("retries") or 0, MOST_RETRIES))
        if not params.get("retry_enabled", True):
            return cls()
        most = min(params.get("num_retries") or 3, MOST_RETRIES)
        return cls(most, params.get("retry_after") or _FIRST_WAIT)

    def wait_after(self, failure: GatewayFailure, n_calls: int) -> float | None:
        """Give the seconds to wait before a candidate is called again.

        Args:
            failure: What its last call ended with.
            n_calls: How often it has been called.

        Returns:
            What the provider asked for, if it did; None if it is not called again.
        """
        is_retried = failure.status in _RETRIED or failure.status >= 500
        if n_calls > self.most or not is_retried:
            return None
        asked = retry_after(failure.headers, failure.body, datetime.now(UTC))
        wait = self.wait * 2 ** (n_calls - 1) if asked is None else asked
        return wait if wait <= _LONGEST_WAIT else None


async def attempt(
    candidates: Sequence[Candidate],
    asked: Asked,
    record: Record,
    call: Callable[[Candidate], Awaitable[T]],
    *,
    may_repeat: Callable[[], bool],
) -> T:
    """Call the candidates in turn, each with its retries.

    Args:
        candidates: In the order they are tried.
        asked: The request.
        record: Is told of every attempt.
        call: Calls one.
        may_repeat: Whether another call would do no harm: nothing of an answer has
            been sent yet.

    Returns:
        What the first success gave.

    Raises:
        GatewayFailure: The last candidate's own.
    """
    retries = Retries.of(asked.respan)
    for candidate in candidates:
        record.candidate = candidate
        is_last = candidate is candidates[-1]
        n_calls, wait = 0, None
        while n_calls == 0 or wait is not None:
            n_calls += 1
            began = time.perf_counter()
            record.attempts.append(_begun(candidate))
            try:
                return await call(candidate)
            except GatewayFailure as failure:
                wait = retries.wait_after(failure, n_calls) if may_repeat() else None
                _note(record, failure, time.perf_counter() - began, wait)
                if not may_repeat() or (wait is None and is_last):
                    raise
            if wait is not None:
                await asyncio.sleep(wait)
    raise AssertionError("there is always a candidate")


def _begun(candidate: Candidate) -> Attempt:
    return {
        "model": candidate.name,
        "provider": candidate.destination.provider.name,
        "status_code": None,
        "error": None,
        "latency": None,
        "wait": 0.0,
    }


def _note(
    record: Record, failure: GatewayFailure, took: float, wait: float | None
) -> None:
    record.earlier += took + (wait or 0.0)
    last = record.attempts[-1]
    last["status_code"] = failure.provider_status or failure.status
    last["error"] = failure.message
    last["latency"], last["wait"] = took, wait or 0.0
