"""Answers side by side as they come: a lane for each model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from html import escape
from time import monotonic
from typing import Any

import traitlets

from ..experiment.listening import Heard
from ..transport import submit
from .lane import Lane
from .part import Part
from .shown import note

__all__ = ["Lanes"]

_BATCH = 0.04  # seconds that deltas are gathered
_WHOLE = 0.2  # seconds between two times that the whole text is told
_PER_CHARACTER = 1e-6  # seconds more for each of its characters
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;margin:.2em 0 .8em"


class Lanes(Part, front="lanes"):
    """Shows what a run's listener hears: text, times, cost and state of each cell.

    What comes is sent on in small messages, 25 a second at most; the whole text is told
    five times a second and at the end, so that a view that is opened late, and saved
    state, are right. It may be told from any thread.

    Attributes:
        lanes: What is shown: for each lane ``name``, ``is_simulated``, ``state``,
            ``text``, ``note`` and, as words, ``time`` to the first token, ``rate`` and
            ``cost``. What begins with ``~`` is reckoned from what came so far.

    Example:
        >>> lanes = Lanes()
        >>> lanes.begin([Lane("sim/small", is_simulated=True)])
        >>> lanes.take(Heard("sent", 0))
        >>> lanes.finish([{"status": "ok", "output": "Hi"}])
        >>> lanes.lanes[0]["state"], lanes.lanes[0]["text"]
        ('done', 'Hi')
    """

    lanes: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._now: list[Lane] = []
        self._sizes: list[int] = []  # in the units a browser counts in
        self._pending: dict[int, list[str]] = {}
        self._is_due = False
        self._whole_at = 0.0

    def begin(self, lanes: Sequence[Lane]) -> None:
        """Show lanes anew.

        Args:
            lanes: One for each cell of the run, in its order.
        """
        with self._lock:
            self._now, self._pending = list(lanes), {}
            self._tell_all()

    def take(self, heard: Heard) -> None:
        """Hear of a cell; what a run's `listener` is.

        Args:
            heard: What happened to it.
        """
        with self._lock:
            if heard.at >= len(self._now):
                return
            lane = self._now[heard.at]
            is_void = lane.is_void(heard)
            text = lane.hear(heard)
            if is_void or heard.kind == "came":
                self._tell_all()  # what is there is replaced
                return
            self._pending.setdefault(heard.at, []).append(text)
            is_first, self._is_due = not self._is_due, True
        if is_first:
            submit(self._later())

    def finish(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show what a run came to.

        Args:
            rows: The first row of each of its cells, in the order of the lanes.
        """
        with self._lock:
            for lane, row in zip(self._now, rows, strict=True):
                lane.take(row)
            self._tell_all()

    async def _later(self) -> None:
        await asyncio.sleep(_BATCH)
        with self._lock:
            self._is_due = False
            if not self._pending:
                return
            if monotonic() >= self._whole_at:
                self._tell_all()
            else:
                self.send({"kind": "more", "lanes": self._more()})

    def _more(self) -> list[dict[str, Any]]:
        told = []
        for at, pieces in self._pending.items():
            text = "".join(pieces)
            start = self._sizes[at]
            self._sizes[at] += _units(text)
            figures = self._now[at].figures()
            told.append({"at": at, "start": start, "text": text, **figures})
        self._pending = {}
        return told

    def _tell_all(self) -> None:
        self._pending = {}
        self._sizes = [_units(lane.text) for lane in self._now]
        self._whole_at = monotonic() + _WHOLE + sum(self._sizes) * _PER_CHARACTER
        self.lanes = [{**lane.figures(), "text": lane.text} for lane in self._now]

    def _static(self) -> str:
        return "".join(map(_lane, self.lanes))

    def __repr__(self) -> str:
        states = ", ".join(f"{one['name']} {one['state']}" for one in self.lanes)
        return f"Lanes({states})"


def _units(text: str) -> int:
    """Count as JavaScript does: UTF-16."""
    return len(text) + sum(character > "\uffff" for character in text)


def _lane(lane: Mapping[str, Any]) -> str:
    simulated = "simulated" if lane["is_simulated"] else ""
    told = (simulated, lane["state"], lane["time"], lane["rate"], lane["cost"])
    said = ", ".join(part for part in told if part)
    problem = note(lane["note"]) if lane["note"] else ""
    return (
        f"<div><b>{escape(lane['name'])}</b> <small>{escape(said)}</small></div>"
        f'<div style="{_TEXT}">{escape(lane["text"])}</div>{problem}'
    )
