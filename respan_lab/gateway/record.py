"""What is known of one call: who answered, when, and at what cost."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..wire import Usage
from .summaries import attempts_told, warnings_told

if TYPE_CHECKING:
    from ..prices import PriceTable
    from .asking.asked import Asked
    from .failure import GatewayFailure
    from .idempotency.kept import Kept
    from .prompts.resolve import ResolvedPrompt
    from .routing.attempts import Attempt
    from .routing.candidates import Candidate
    from .store.cache import Entry

__all__ = ["Record"]


_UNKNOWN = Usage()
# Seeded by the system, as nobody else seeds it. To ask the system each time gives the
# interpreter lock away, and beside other threads it takes long to come back.
_DICE = random.Random()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_DICE.seed)


def _identifier() -> str:
    return f"{_DICE.getrandbits(128):032x}"


@dataclass(slots=True)
class Record:
    """One call, filled in on its way through the gateway.

    Times are readings of `time.perf_counter`, durations seconds.

    Attributes:
        log_id: Identifies the call's log row.
        request_id: Identifies the request.
        timestamp: When it came, UTC.
        began: When it came.
        called: When the provider that answered was called; None before that.
        first_token: When the first content came; None for plain answers.
        ended: When the answer was whole, or had failed; None before that.
        queue_time: Seconds it was held for a provider's slot.
        earlier: Seconds in attempts that failed, and in the waits after them.
        asked: What was asked; None if it could not be read.
        prompt: The saved prompt it was made of; None without one.
        candidate: The model chosen, at last; None before that.
        attempts: Every call of a provider that was made for it, in order.
        model: The name the answer carries; None if it has none.
        usage: The tokens it took.
        cost: US dollars; None if unknown.
        notes: What is odd about usage or cost.
        declared: Exact times of a simulated model; None for measured ones.
        payload: The whole answer as a `chat.completion`, a streamed one put together;
            None if there is none.
        cached: Whether the response cache answered.
        cache_key: What the cache knows the request by; None if it was not asked.
        hit: What the cache answered with; None if it did not.
        replayed: What was answered before, under the same `Idempotency-Key`; None if
            nothing was.
        status_code: The HTTP status of the answer; None before that.
        failure: Why there is no answer, or only a part of one; None if there is.
    """

    log_id: str = field(default_factory=_identifier)
    request_id: str = field(default_factory=_identifier)
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)
    called: float | None = None
    first_token: float | None = None
    ended: float | None = None
    queue_time: float = 0.0
    earlier: float = 0.0
    asked: Asked | None = None
    prompt: ResolvedPrompt | None = None
    candidate: Candidate | None = None
    attempts: list[Attempt] = field(default_factory=list)
    model: str | None = None
    usage: Usage = _UNKNOWN
    cost: float | None = None
    notes: tuple[str, ...] = ()
    declared: Mapping[str, float | None] | None = None
    payload: dict[str, Any] | None = None
    cached: bool = False
    cache_key: str | None = None
    hit: Entry | None = None
    replayed: Kept | None = None
    status_code: int | None = None
    failure: GatewayFailure | None = None

    def call(self, queue_time: float) -> None:
        """Note that a provider is called now."""
        self.queue_time += queue_time
        self.called = time.perf_counter()

    def replay(self, kept: Kept) -> None:
        """Note that it is answered by what was answered before."""
        self.replayed = kept
        self.notes = (
            f"the answer of the call {kept.log_id}, sent before with the same "
            "Idempotency-Key: no provider was called, and its cost is counted there",
        )

    def end(self, prices: PriceTable, payload: dict[str, Any]) -> None:
        """Note that the answer is whole, and reckon what it cost.

        Args:
            prices: Who asks how much.
            payload: The answer, as a `chat.completion`.
        """
        self.ended = time.perf_counter()
        self.status_code = 200
        self.payload = payload
        self.usage = Usage.from_wire(payload.get("usage"))
        if self.attempts and self.called is not None:
            last = self.attempts[-1]
            last["status_code"], last["latency"] = 200, self.ended - self.called
        model = payload.get("model")
        self.model = model if isinstance(model, str) else None
        if self._given is not None:
            self.cost = 0.0
        if self.candidate is None:
            return
        provider, slug = self.candidate.destination
        self.cost, note = prices.cost(self.usage, slug, provider.name)
        if self.cost is None and self.model:  # a new name of an old model, perhaps
            self.cost, _ = prices.cost(self.usage, self.model, provider.name)
        self.notes = (*self.usage.notes, *([note] if note else []))

    def fail(self, failure: GatewayFailure) -> None:
        """Note that there is no answer, or not all of one."""
        self.ended = time.perf_counter()
        self.failure = failure
        self.status_code = failure.status

    @property
    def message(self) -> dict[str, Any] | None:
        """The message of choice 0; None if there is none."""
        choices = (self.payload or {}).get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        message = first.get("message") if isinstance(first, dict) else None
        return message if isinstance(message, dict) else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials it was asked with, which must not be shown."""
        asked = () if self.asked is None else self.asked.secrets
        return (*asked, *(() if self.candidate is None else self.candidate.secrets))

    @property
    def provider(self) -> str | None:
        """Who answers, or gave the answer that was kept; None before that is known."""
        if self._given is not None:
            return self._given.provider
        return (
            None if self.candidate is None else self.candidate.destination.provider.name
        )

    @property
    def _given(self) -> Entry | None:
        """The answer that was kept, if one is given; then no provider is called."""
        return self.hit if self.replayed is None else self.replayed.entry

    @property
    def routing_time(self) -> float | None:
        """Seconds before the provider that answered was called.

        Neither waiting for a slot nor attempts that failed are in it.
        """
        called = self.since_began(self.called)
        return None if called is None else max(0.0, called - self.earlier)

    def since_began(self, moment: float | None) -> float | None:
        """Give the seconds to a moment, without those spent waiting for a slot."""
        return None if moment is None else moment - self.began - self.queue_time

    def headers(self) -> dict[str, str]:
        """Give the headers every answer carries."""
        headers = {
            "x-respan-log-id": self.log_id,
            "x-respan-gateway-request-id": self.request_id,
        }
        if self.provider is not None:
            headers["x-respan-provider"] = self.provider
        if self.cached:
            headers["x-respan-lab-cache"] = "hit"
        if self.replayed is not None:
            headers["x-respan-lab-idempotent"] = "replayed"
        if self.queue_time > 0:
            headers["x-respan-lab-queue-time"] = f"{self.queue_time:.6f}"
        if len(self.attempts) > 1:
            headers["x-respan-lab-attempts"] = attempts_told(self.attempts)
        if self.asked is not None and self.asked.warnings:
            headers["x-respan-lab-warnings"] = warnings_told(self.asked.warnings)
        return headers
