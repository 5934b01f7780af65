"""Who paces a run hears of each refusal at once, not when the call is over."""

from __future__ import annotations

import httpx
import pytest

import respan_lab as lab
from respan_lab.transport import run
from respan_lab.wire import chat_request

ANSWER = {
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "x"},
            "finish_reason": "stop",
        }
    ],
}
BUSY = httpx.Response(429, json={"detail": "slow down"}, headers={"retry-after": "0"})

Told = list[tuple[int, float | None, int]]


def _ask(*answers: httpx.Response | Exception, max_retries: int) -> Told:
    """What is told of a call: the status, the wait, and how many were sent by then."""
    sent: list[httpx.Request] = []
    told: Told = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        reply = answers[len(sent) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def on_refused(error: lab.APIStatusError, wait: float | None) -> None:
        told.append((error.status_code, wait, len(sent)))

    client = lab.Client("sk-0123456789", transport=httpx.MockTransport(answer))
    request = chat_request("Hi", model="m", params={})
    try:
        run(client.perform(request, max_retries=max_retries, on_refused=on_refused))
    except lab.APIError:
        told.append((0, None, len(sent)))
    return told


def test_each_refusal_is_told_before_the_next_attempt() -> None:
    told = _ask(BUSY, BUSY, httpx.Response(200, json=ANSWER), max_retries=2)
    assert told == [(429, 0.0, 1), (429, 0.0, 2)]


def test_the_last_refusal_is_told_with_no_wait() -> None:
    told = _ask(BUSY, BUSY, max_retries=1)
    assert told == [(429, 0.0, 1), (429, None, 2), (0, None, 2)]


@pytest.mark.parametrize("failure", [httpx.ReadError("x"), httpx.ConnectError("x")])
def test_a_fault_is_no_refusal(failure: Exception) -> None:
    assert _ask(failure, max_retries=0) == [(0, None, 1)]
