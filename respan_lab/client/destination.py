"""Which gateway a client talks to, and the way there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..prices import PriceTable
from ..storage.home import default_home
from ..transport import ASGITransport, OutgoingTransport
from .address import HOSTED_URL, Address
from .default import shared_gateway
from .door import Door, Secret

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from ..gateway import Gateway

__all__ = ["Destination"]

_EMBEDDED_URL = "http://embedded.localhost/api"


class Destination:
    """One gateway, over HTTP or in this process.

    Args:
        api_key: As for `Client`, and so the rest.
        base_url: See there.
        gateway: See there.
        transport: See there.

    Attributes:
        address: Where it is.
        door: The way to it.
        gateway: The embedded one; None over HTTP.
        prices: What prices an answer whose gateway reports no cost.
        own_transport: The transport that was given; None for none.

    Raises:
        ConfigError: The arguments contradict each other, or the address is unusable.
    """

    def __init__(
        self,
        api_key: str | None,
        base_url: str | None,
        *,
        gateway: Gateway | None,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        _check(gateway, api_key, base_url)
        self.own_transport = transport
        if gateway is None:
            api_key = api_key or os.environ.get("RESPAN_API_KEY") or None
            base_url = base_url or os.environ.get("RESPAN_BASE_URL") or None
        if gateway is None and not (api_key or base_url or transport):
            gateway = shared_gateway()
        self.gateway = gateway
        if gateway is not None:
            self.address = Address(_EMBEDDED_URL, "embedded", "embedded")
            key, self.prices = None, gateway.prices
        else:
            self.address = Address.parse(base_url or HOSTED_URL)
            key, self.prices = Secret.checked(api_key), PriceTable()
        self.door = Door(self.address.url, self._carrier(), key)

    def __repr__(self) -> str:
        return str(self.gateway if self.gateway is not None else self.address.url)

    @property
    def home(self) -> Path:
        """The folder for what runs leave behind."""
        return default_home() if self.gateway is None else self.gateway.home

    def identity_of(self, candidates: Sequence[str]) -> str:
        """What names the gateway in a cell's key; see `Client.identity_of`."""
        if self.gateway is None:
            return self.address.identity
        behind = {self.gateway.address_of(model) for model in candidates} - {None}
        return " ".join(["embedded", *sorted(map(str, behind))])

    def check_pickled(self) -> None:
        """Refuse what cannot be made again from an address.

        Raises:
            TypeError: The gateway is in this process, or the transport the user's own.
        """
        if self.own_transport is not None:
            raise TypeError("a client with a transport of its own cannot be pickled")
        if self.gateway is not None:
            raise TypeError(
                "a client of an embedded gateway cannot be pickled: make one where it "
                "is needed"
            )

    def _carrier(self) -> httpx.AsyncBaseTransport:
        if self.own_transport is not None:
            return self.own_transport
        if self.gateway is not None:
            return ASGITransport(self.gateway.in_process)
        return OutgoingTransport()


def _check(gateway: Gateway | None, api_key: str | None, base_url: str | None) -> None:
    if gateway is not None and not hasattr(gateway, "in_process"):
        raise ConfigError(
            f"gateway is a {type(gateway).__name__}: it is a lab.Gateway on this "
            "machine; give another one's address as base_url="
        )
    if gateway is not None and (api_key or base_url):
        raise ConfigError(
            "gateway= is an embedded gateway; leave api_key and base_url out, or "
            "leave gateway out to call over HTTP"
        )
