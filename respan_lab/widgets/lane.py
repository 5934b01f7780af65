"""One answer as it comes: its text so far, its times, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..experiment.listening import Heard
from ..money.wording import dollars
from ..results.dtypes import is_missing
from ..results.text import visible

__all__ = ["Lane"]

_FEWEST_DELTAS = 5  # below which the frame tells no rate either
_ENDED = {"ok": "done", "error": "error", "maybe_billed": "stopped"}


@dataclass
class Lane:
    """What is known of one model's answer.

    Attributes:
        name: The target's.
        is_simulated: Whether its times and prices are made up.
        cost_of: Gives dollars for so many tokens of an answer; None where the price is
            not known.
        state: ``ready``, ``waiting``, ``streaming``, ``done``, ``from the ledger``,
            ``error`` or ``stopped``.
        text: What came so far.
        note: What went wrong; empty if nothing did.
    """

    name: str
    is_simulated: bool = False
    cost_of: Callable[[int], float | None] | None = None
    state: str = "ready"
    text: str = ""
    note: str = ""
    time: str = ""
    rate: str = ""
    cost: str = ""
    _attempt: int = 0
    _first: float | None = None
    _deltas: int = field(default=0, repr=False)

    def hear(self, heard: Heard) -> str:
        """Take what a run tells; gives the text that came with it."""
        if heard.kind == "found":
            self.state = "from the ledger"
        elif heard.kind == "sent":
            self.state = "waiting"
        elif heard.kind == "came":
            self.take(heard.rows[0])
        elif heard.chunk is not None and heard.chunk.choice == 0:
            return self._chunk(heard)
        return ""

    def is_void(self, heard: Heard) -> bool:
        """Whether what stands here is from an attempt before."""
        return heard.kind == "chunk" and heard.attempt != self._attempt != 0

    def take(self, row: Mapping[str, Any]) -> None:
        """Take the columns of a finished cell, as far as it has them."""
        status = str(row.get("status"))
        self.state = _ENDED.get(status, "stopped")
        if row.get("from_ledger") is True and status == "ok":
            self.state = "from the ledger"
        output, calls = row.get("output"), row.get("tool_calls")
        if not is_missing(output):
            self.text = visible(str(output))
        if not self.text and not is_missing(calls):
            self.text = visible(str(calls))
        self.note = _note(row)
        self.time = _given(row.get("time_to_first_token"), "{:.2f} s")
        self.rate = _given(row.get("tokens_per_second"), "{:.0f} tokens/s")
        self.cost = _cost(row.get("cost"))

    def _chunk(self, heard: Heard) -> str:
        assert heard.chunk is not None
        if self._attempt != heard.attempt:  # what the one before said is void
            self.text, self._first, self._deltas = "", None, 0
            self._attempt = heard.attempt
        self.state = "streaming"
        if heard.chunk.has_content and heard.elapsed is not None:
            self._count(heard.elapsed)
        text = visible(heard.chunk.text)
        self.text += text
        return text

    def _count(self, elapsed: float) -> None:
        self._deltas += 1
        if self._first is None:
            self._first = elapsed
            self.time = f"{elapsed:.2f} s"
        if self._deltas >= _FEWEST_DELTAS and elapsed > self._first:
            # A delta is mostly a token; how many there were is told at the end.
            self.rate = f"~{(self._deltas - 1) / (elapsed - self._first):.0f} tokens/s"
        if self.cost_of is not None:
            cost = self.cost_of(self._deltas)
            self.cost = "" if cost is None else f"~{dollars(cost)}"

    def figures(self) -> dict[str, Any]:
        """Give all but the text, for a front end."""
        names = ("name", "is_simulated", "state", "note", "time", "rate", "cost")
        return {name: getattr(self, name) for name in names}


def _cost(value: Any) -> str:
    return "no price" if is_missing(value) else dollars(float(value))


def _given(value: Any, words: str) -> str:
    return "" if is_missing(value) else words.format(float(value))


def _note(row: Mapping[str, Any]) -> str:
    status = row.get("status")
    if status == "maybe_billed":
        return "it was cut off, and may have been billed"
    message = row.get("error_message")
    if status != "error" or is_missing(message):
        return ""
    return visible(f"{row.get('error_type')}: {message}")
