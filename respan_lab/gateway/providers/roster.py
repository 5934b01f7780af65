"""All providers of one gateway, and what is missing before each can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...transport import OutgoingTransport
from ..routing.names import Names
from ..serving.addresses import Origin
from .openai_dialect import OpenAIDialect
from .provider import ModelCard
from .translations import Translations
from .vendor import VENDORS, Access, Vendor
from .vendors import TranslatedVendor

if TYPE_CHECKING:
    from ...prices import PriceTable
    from .custom import CustomProvider
    from .provider import Provider

__all__ = ["Roster"]


class Roster:
    """The simulated models, this machine's, the vendors', and the user's own servers.

    A server of the user's that has a vendor's name stands in for that vendor.

    Args:
        custom: The user's servers.
        environ: Where the vendors' keys are.
        simulated: The provider of the simulated models.

    Raises:
        ConfigError: A key in the environment is not usable.
    """

    def __init__(
        self,
        custom: Mapping[str, CustomProvider],
        environ: Mapping[str, str],
        *,
        simulated: Provider,
    ) -> None:
        self._custom = custom
        self._simulated = simulated
        self._vendors = {
            vendor: vendor.access(environ)
            for vendor in VENDORS
            if vendor.name not in custom
        }
        self._transport = OutgoingTransport()
        self._translations = Translations()
        self._local = _local()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every key in it."""
        own = (entry.access for entry in self._custom.values())
        keys = (access.key for access in (*self._vendors.values(), *own))
        return tuple(key for key in keys if key is not None)

    @property
    def origins(self) -> frozenset[Origin]:
        """Where all its addresses lead."""
        own = (entry.access for entry in self._custom.values())
        found = (
            Origin.of(access.base_url) for access in (*self._vendors.values(), *own)
        )
        return frozenset(origin for origin in found if origin is not None)

    @property
    def places(self) -> dict[str, str]:
        """The address of each provider by its name; empty for those without one."""
        here = {provider.name: "" for provider in (self._simulated, self._local)}
        vendors = {v.name: access.base_url or "" for v, access in self._vendors.items()}
        own = {
            name: entry.access.base_url or "" for name, entry in self._custom.items()
        }
        return {**here, **vendors, **own}

    def address_of(self, name: str) -> str | None:
        """Give the address of one of the user's servers; None if it is none."""
        entry = self._custom.get(name)
        return entry.access.base_url if entry is not None else None

    def vendor_keys(self) -> list[str]:
        """Name the vendors that can be called."""
        return sorted(
            vendor.name
            for vendor, access in self._vendors.items()
            if vendor.missing(access) is None
        )

    def simulated_prices(self) -> dict[str, dict[str, float]]:
        """Give the prices of the simulated models, as overrides of the price lists."""
        return {
            f"{self._simulated.name}/{card.id}": {
                "input": card.price.input,
                "output": card.price.output,
            }
            for card in self._simulated.models()
            if card.price is not None
        }

    def names(self, prices: PriceTable) -> Names:
        """Give all providers by name."""
        found = [self._simulated, self._local]
        found += [
            self._vendor(vendor, access, prices)
            for vendor, access in self._vendors.items()
        ]
        found += [self._own(name, entry) for name, entry in self._custom.items()]
        missing = {
            vendor.name: reason
            for vendor, access in self._vendors.items()
            if (reason := vendor.missing(access)) is not None
        }
        by_name = {provider.name: provider for provider in found}
        return Names(by_name, missing=missing, prices=prices)

    async def aclose(self) -> None:
        """Close connections and stop models."""
        await self._transport.aclose()
        self._translations.clear()
        await self._local.aclose()
        await self._simulated.aclose()

    def _vendor(self, vendor: Vendor, access: Access, prices: PriceTable) -> Provider:
        listing = partial(_cards, prices, vendor.name)
        if vendor.dialect == "openai":
            return self._dialect(vendor.name, access, listing, is_open=True)
        return TranslatedVendor(
            vendor, access, translations=self._translations, listing=listing
        )

    def _own(self, name: str, entry: CustomProvider) -> Provider:
        cards = [ModelCard(model) for model in entry.models or ()]
        is_open = entry.models is None
        return self._dialect(name, entry.access, lambda: cards, is_open=is_open)

    def _dialect(
        self,
        name: str,
        access: Access,
        listing: Callable[[], Sequence[ModelCard]],
        *,
        is_open: bool,
    ) -> Provider:
        return OpenAIDialect(
            name, access, transport=self._transport, listing=listing, is_open=is_open
        )


def _cards(prices: PriceTable, vendor: str) -> list[ModelCard]:
    return [
        ModelCard(entry.slug, price=entry.price, context_window=entry.context_window)
        for entry in prices.models_of(vendor)
    ]


def _local() -> Provider:
    from .local import LocalProvider

    return LocalProvider()
