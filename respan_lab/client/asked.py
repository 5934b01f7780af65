"""What a call may be given, for type checkers and for Shift-Tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..wire import ChatParams
from ..wire.request import Channel

if TYPE_CHECKING:
    from ..prompts import Prompt
    from .client import Client

    Messages = str | Sequence[Mapping[str, Any]] | Prompt | None

__all__ = ["OWN", "Asked", "spelled"]


class Asked(ChatParams, total=False):
    """What a call may be given: the contract's parameters and our own five."""

    model: str | None
    route_provider: str | None
    beta: Sequence[str]
    channel: Channel | None
    extra: Mapping[str, Any] | None


OWN = ("model", "route_provider", "beta", "channel", "extra")


def spelled(
    self: Client,
    messages: Messages = None,
    *,
    model: str | None = None,
    route_provider: str | None = None,
    beta: Sequence[str] = (),
    channel: Channel | None = None,
    extra: Mapping[str, Any] | None = None,
    **params: Any,
) -> None:
    """What every call takes, for Shift-Tab."""
