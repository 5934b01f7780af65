from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.client.retry import is_retryable, wait_before
from respan_lab.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    StreamError,
)


def _status(
    code: int, body: object = None, retry_after: float | None = None
) -> APIError:
    return APIStatusError("no", status_code=code, body=body, retry_after=retry_after)


@pytest.mark.parametrize("code", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_passing_refusal_is_tried_again(code: int) -> None:
    assert is_retryable(_status(code), was_sent=True)


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 413, 422, 424])
def test_a_lasting_refusal_is_not(code: int) -> None:
    assert not is_retryable(_status(code), was_sent=True)


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "Customer budget exceeded"},
        {"error": {"code": "insufficient_quota", "message": "x"}},
        {"detail": "Blocked by limit policy 'team'"},
        {"error": "You have no credits left"},
    ],
)
def test_a_429_about_money_is_not(body: object) -> None:
    assert not is_retryable(_status(429, body), was_sent=True)


def test_a_fault_is_tried_again_only_if_nothing_was_sent() -> None:
    for error in (APIConnectionError("x"), APITimeoutError("x")):
        assert is_retryable(error, was_sent=False)
        assert not is_retryable(error, was_sent=True)
    assert not is_retryable(StreamError("x"), was_sent=True)


def test_a_gateway_that_asks_for_very_long_is_not_waited_for() -> None:
    assert is_retryable(_status(429, retry_after=60.0), was_sent=True)
    assert not is_retryable(_status(429, retry_after=61.0), was_sent=True)


@given(st.integers(1, 50), st.integers())
def test_waits_grow_to_a_ceiling_with_jitter(retry: int, seed: int) -> None:
    ceiling = min(8.0, 0.5 * 2 ** (retry - 1))
    assert ceiling / 2 <= wait_before(retry, rng=random.Random(seed)) <= ceiling


@given(st.floats(0, 60), st.integers())
def test_what_the_gateway_asks_is_the_least_wait(asked: float, seed: int) -> None:
    wait = wait_before(1, retry_after=asked, rng=random.Random(seed))
    assert asked <= wait <= asked * 1.1
