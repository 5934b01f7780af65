"""Records of requests and their rows, as the log's tests need them."""

from __future__ import annotations

from typing import Any

from gateway_upstream import completion

from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.logs.row import log_row
from respan_lab.gateway.record import Record
from respan_lab.gateway.routing.candidates import Candidate
from respan_lab.gateway.routing.names import Destination
from respan_lab.wire import Usage


class Named:
    """A provider, of which a row knows the name alone."""

    name = "up"


def record(respan: dict[str, Any] | None = None, **changed: Any) -> Record:
    """A request that `up/a` has answered in a second."""
    made = Record(
        asked=Asked(
            {"model": "up/a", "messages": [{"role": "user", "content": "Hi"}]},
            respan or {},
        ),
        candidate=Candidate("up/a", Destination(Named(), "a")),
        usage=Usage(10, 4, 14),
        cost=0.25,
        model="up-1",
        payload=completion("Hello"),
        status_code=200,
    )
    made.called, made.ended = made.began + 0.125, made.began + 1
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def row(respan: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    return log_row(record(respan, **changed))
