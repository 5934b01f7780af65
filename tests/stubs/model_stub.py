"""A model behind a real socket, which counts what it is asked and what it answers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from stubs.http_stub import Reply, Request, Stub

__all__ = ["Arrival", "ModelStub", "plain", "sse", "streamed"]

EVENTS = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


class Arrival(NamedTuple):
    """One request that has come in whole."""

    key: str  # the cell's, its `custom_identifier`
    idempotency: str | None
    text: str  # of the last message
    run: str | None = None  # the run's id


class ModelStub(Stub):
    """Answers chat completions with what it was asked, streamed and plain.

    Args:
        service: Seconds that each answer takes.
        fault: As the attribute.

    Attributes:
        fault: Is given the request, its text and how often that text has come before;
            gives another reply than the usual, or None. It may raise `HangUp`. None
            answers everything.
        arrivals: Every call that has come in, in order.
        answered: The key of every call whose answer was given to the socket.
    """

    def __init__(
        self,
        *,
        service: float = 0.0,
        fault: Callable[[Request, str, int], Reply | None] | None = None,
    ) -> None:
        super().__init__(self._answered)
        self.arrivals: list[Arrival] = []
        self.answered: list[str] = []
        self._service = service
        self.fault = fault
        self._seen: Counter[str] = Counter()
        self._lets = asyncio.Event()
        self._lets.set()
        self._hold_from: float = float("inf")

    def hold(self, after: float = 0) -> None:
        """Keep answers back, beginning with that to call number `after`."""
        self._lets.clear()
        self._hold_from = after

    def release(self) -> None:
        """Give the answers that were kept back, and all further ones."""
        self._hold_from = float("inf")
        self._loop.call_soon_threadsafe(self._lets.set)

    def forget(self) -> list[Arrival]:
        """Begin to count anew; gives what had arrived."""
        arrivals, self.arrivals, self.answered = self.arrivals, [], []
        return arrivals

    def wait_until_alone(self) -> None:
        """Wait until all that callers have sent is read, and they are gone."""
        self.wait_for(lambda: self.n_open == 0)

    async def _answered(self, request: Request) -> Reply:
        if not request.target.endswith("/chat/completions"):
            return Reply(b"{}", status=404, headers=JSON)
        body = json.loads(request.body)
        text = body["messages"][-1]["content"] if body.get("messages") else ""
        key = body.get("custom_identifier", "")
        number = len(self.arrivals)
        run = (body.get("metadata") or {}).get("respan_lab_run")
        idempotency = request.headers.get("idempotency-key")
        self.arrivals.append(Arrival(key, idempotency, text, run))
        self.changed()
        before, self._seen[text] = self._seen[text], self._seen[text] + 1
        if self._service:
            await asyncio.sleep(self._service)
        if number >= self._hold_from:
            await self._lets.wait()
        reply = self.fault(request, text, before) if self.fault else None
        self.answered.append(key)
        self.changed()
        return reply or usual(body, f"re: {text}")


def usual(body: dict[str, Any], text: str) -> Reply:
    """The answer as it was asked for: streamed, or whole."""
    return streamed(text) if body.get("stream") else plain(text)


def plain(text: Any, **more: Any) -> Reply:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = {"id": "c", "model": "m", "choices": [choice], "usage": USAGE, **more}
    return Reply(json.dumps(whole).encode(), headers=JSON)


def sse(payload: Any) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def piece(text: Any, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, **more}
    return sse({"id": "c", "model": "m", "choices": [choice]})


def streamed(text: str) -> Reply:
    half = len(text) // 2
    parts = [
        piece(text[:half]),
        piece(text[half:], finish_reason="stop"),
        sse({"id": "c", "model": "m", "choices": [], "usage": USAGE}),
        b"data: [DONE]\n\n",
    ]
    return Reply(_each(parts), headers=EVENTS)


async def _each(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
