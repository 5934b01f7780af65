"""When a failed attempt is worth another, and how long to wait: only arithmetic."""

from __future__ import annotations

import json
import random

from ..errors import APIConnectionError, APIError, APIStatusError

__all__ = ["is_retryable", "is_spent", "wait_before"]

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_LONGEST_RETRY_AFTER = 60.0
_STATUSES = frozenset({408, 409, 429})
# A 429 that says one of these is about money or a policy, and waiting mends neither.
_SPENT = (
    "budget",
    "credit",
    "insufficient_quota",
    "limit polic",
    "limit_polic",
    "spending limit",
)


def is_retryable(error: APIError, *, was_sent: bool) -> bool:
    """Whether another attempt may succeed without any risk of paying twice.

    Args:
        error: What the attempt ended with.
        was_sent: Whether the request reached an open connection. A request that was
            sent and got no answer may have been billed, so it is never repeated.
    """
    if isinstance(error, APIStatusError):
        if is_spent(error):
            return False
        asked = error.retry_after or 0.0
        retryable = error.status_code in _STATUSES or error.status_code >= 500
        return retryable and asked <= _LONGEST_RETRY_AFTER
    return isinstance(error, APIConnectionError) and not was_sent


def wait_before(
    retry: int, *, retry_after: float | None = None, rng: random.Random
) -> float:
    """Seconds to wait before a retry.

    Args:
        retry: 1 for the first retry.
        retry_after: Seconds the gateway asked for; None if it did not say. It is
            honoured, and a little is added so that callers do not return in step.
        rng: The source of the jitter.

    Example:
        >>> 0.25 <= wait_before(1, rng=random.Random(0)) <= 0.5
        True
    """
    if retry_after is not None:
        return retry_after * (1.0 + 0.1 * rng.random())
    ceiling = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (retry - 1))
    return ceiling * (0.5 + 0.5 * rng.random())


def is_spent(error: APIStatusError) -> bool:
    """Whether it is a 429 about money or a policy, which waiting does not mend.

    Example:
        >>> is_spent(APIStatusError("Customer budget exceeded", status_code=429))
        True
        >>> is_spent(APIStatusError("Too many requests", status_code=429))
        False
    """
    if error.status_code != 429:
        return False
    text = f"{error} {json.dumps(error.body, default=str)}".lower()
    return any(word in text for word in _SPENT)
