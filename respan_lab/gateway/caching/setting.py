"""What beside a request decides who answers it, and who may have the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..exchange import Exchange
    from ..gateway import Gateway

__all__ = ["Setting"]


@dataclass(frozen=True, slots=True)
class Setting:
    """The gateway a request came to, and how it came there.

    Attributes:
        groups: Saved weighted lists by their id.
        places: What is behind a name: by each provider's, its address, empty for none;
            by the name of a model that is a function of the user's, what tells it from
            all others.
        caller: Tells the client key shown over a socket from all others, without
            telling it; None for a caller in this process, who shows none.

    Example:
        >>> Setting().caller is None
        True
    """

    groups: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    caller: str | None = None

    @classmethod
    def of(cls, gateway: Gateway, exchange: Exchange) -> Setting:
        """Give the setting of one exchange."""
        caller = None if exchange.is_in_process else _caller(exchange.headers)
        return cls(gateway.groups.value, gateway.places, caller)


def _caller(headers: Mapping[str, str]) -> str:
    shown = headers.get("authorization", "").partition(" ")[2].strip()
    return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()
