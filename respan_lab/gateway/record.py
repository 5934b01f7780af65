"""What is known of one call: who answered, when, and at what cost."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..wire import Usage

if TYPE_CHECKING:
    from ..prices import PriceTable
    from .asked import Asked
    from .candidates import Candidate

__all__ = ["Record"]


@dataclass(slots=True)
class Record:
    """One call, filled in on its way through the gateway.

    Times are readings of `time.perf_counter`, durations seconds.

    Attributes:
        log_id: Identifies the call's log row.
        request_id: Identifies the request.
        timestamp: When it came, UTC.
        began: When it came.
        called: When its provider was called; None before that.
        first_token: When the first content came; None for plain answers.
        ended: When the answer was whole; None before that.
        queue_time: Seconds it was held for a provider's slot.
        asked: What was asked; None if it could not be read.
        candidate: The model chosen; None before that.
        model: The name the answer carries; None if it has none.
        usage: The tokens it took.
        cost: US dollars; None if unknown.
        notes: What is odd about usage or cost.
        declared: Exact times of a simulated model; None for measured ones.
        message: The answer of choice 0; None if nobody wants to see it.
    """

    log_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)
    called: float | None = None
    first_token: float | None = None
    ended: float | None = None
    queue_time: float = 0.0
    asked: Asked | None = None
    candidate: Candidate | None = None
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    notes: tuple[str, ...] = ()
    declared: Mapping[str, float | None] | None = None
    message: dict[str, Any] | None = None

    def call(self, queue_time: float) -> None:
        """Note that the provider is called now."""
        self.queue_time = queue_time
        self.called = time.perf_counter()

    def end(self, prices: PriceTable, *, usage: Any, model: Any) -> None:
        """Note that the answer is whole, and reckon what it cost.

        Args:
            prices: Who asks how much.
            usage: The answer's `usage`, as sent.
            model: The answer's `model`, as sent.
        """
        self.ended = time.perf_counter()
        self.usage = Usage.from_wire(usage)
        self.model = model if isinstance(model, str) else None
        if self.candidate is None:
            return
        provider, slug = self.candidate.destination
        self.cost, note = prices.cost(self.usage, slug, provider.name)
        if self.cost is None and self.model:  # a new name of an old model, perhaps
            self.cost, _ = prices.cost(self.usage, self.model, provider.name)
        self.notes = (*self.usage.notes, *([note] if note else []))

    def since_began(self, moment: float | None) -> float | None:
        """Give the seconds to a moment, without those spent waiting for a slot."""
        return None if moment is None else moment - self.began - self.queue_time

    def headers(self) -> dict[str, str]:
        """Give the headers every answer carries."""
        headers = {
            "x-respan-log-id": self.log_id,
            "x-respan-gateway-request-id": self.request_id,
        }
        if self.candidate is not None:
            headers["x-respan-provider"] = self.candidate.destination.provider.name
        if self.queue_time > 0:
            headers["x-respan-lab-queue-time"] = f"{self.queue_time:.6f}"
        if self.asked is not None and self.asked.warnings:
            headers["x-respan-lab-warnings"] = _warnings(self.asked.warnings)
        return headers


def _warnings(warnings: list[str]) -> str:
    """As many as a header should carry, as a JSON list in ASCII."""
    shown = list(dict.fromkeys(warnings))
    while len(json.dumps(shown)) > 4000:
        shown = shown[: len(shown) // 2]
    return json.dumps(shown)
