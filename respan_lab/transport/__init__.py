"""Calls on their way: the background loop, outgoing HTTP, the in-process ASGI app."""

from .asgi import ASGITransport
from .clock import Clock
from .loop import hop, run, submit
from .outgoing import OutgoingTransport, was_sent
from .patience import in_time

__all__ = [
    "ASGITransport",
    "Clock",
    "OutgoingTransport",
    "hop",
    "in_time",
    "run",
    "submit",
    "was_sent",
]
