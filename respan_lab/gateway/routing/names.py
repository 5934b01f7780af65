"""Step: from a model's name to who runs it."""

from __future__ import annotations

import asyncio
import copy
import difflib
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..failure import GatewayFailure

if TYPE_CHECKING:
    from ...prices import PriceTable
    from ..providers import Provider

__all__ = ["Destination", "Names"]

_PATH = "local:"  # what follows is the path of a model's file


class Destination(NamedTuple):
    """Who runs a model, and what they call it."""

    provider: Provider
    slug: str


def _no_key(found: Destination) -> bool:
    return False


class Names:
    """The providers by name, and what it takes to find a model among them.

    `provider/model` is exact. A bare slug goes to the vendor whose price list has it
    and whose key is there; none or several is an error that names them.

    Args:
        providers: By name.
        missing: What is missing before a provider can be called; providers that lack
            nothing are not in it.
        prices: The price lists, which know who has which model.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        missing: Mapping[str, str],
        prices: PriceTable,
    ) -> None:
        self.providers = providers
        self.missing = missing
        self._prices = prices
        self._is_loaded = False
        self._closed: dict[str, frozenset[str]] = {}
        self._has_files = True

    @cached_property
    def without_files(self) -> Names:
        """The same, but for callers who must not have just any file loaded."""
        names = copy.copy(self)
        names._has_files = False
        return names

    async def locate(
        self,
        model: str,
        *,
        pin: str | None = None,
        keyed: Collection[str] = (),
        has_key: Callable[[Destination], bool] = _no_key,
    ) -> Destination:
        """Do as `resolve`, the price lists being read in a thread the first time."""
        if not self._is_loaded and self._needs_lists(model, pin):
            await asyncio.to_thread(self._prices.load)
            self._is_loaded = True
        return self.resolve(model, pin=pin, keyed=keyed, has_key=has_key)

    def resolve(
        self,
        model: str,
        *,
        pin: str | None = None,
        keyed: Collection[str] = (),
        has_key: Callable[[Destination], bool] = _no_key,
    ) -> Destination:
        """Find who runs a model.

        Args:
            model: Its name.
            pin: The provider to take; None leaves it to the name.
            keyed: Providers, and models as `provider/slug`, whose key the call brings
                along; they go before others that have a model of the same slug.
            has_key: Whether the call brings a key for this model at this provider.

        Raises:
            GatewayFailure: 400 if it is not clear who; 403 for a file that this caller
                must not name; 404 if nobody has it; 424 if a key is missing.
        """
        provider, slug = self._split(model)
        if pin is not None:
            provider = self._pinned(pin)
        if provider is None:
            provider = self._vendor_of(slug, keyed, has_key)
        missing = self.missing.get(provider.name)
        if missing is not None and not has_key(Destination(provider, slug)):
            raise _locked(f"{model!r} needs a key for {provider.name}: {missing}")
        is_path = model.startswith(_PATH)
        if is_path and not self._has_files and slug not in self._slugs(provider):
            raise _no_files(model)
        if not (provider.is_open or is_path or slug in self._slugs(provider)):
            raise self._unknown(model)
        return Destination(provider, slug)

    def listed(self) -> list[str]:
        """Name every model that is listed and can be called, sorted by provider."""
        return [
            f"{name}/{card.id}"
            for name, provider in sorted(self.providers.items())
            if name not in self.missing
            for card in provider.models()
            if card.is_available
        ]

    def _needs_lists(self, model: str, pin: str | None) -> bool:
        provider = self.providers.get(pin) if pin else self._split(model)[0]
        return provider is None or self._prices.is_listed(provider.name)

    def _split(self, model: str) -> tuple[Provider | None, str]:
        if model.startswith(_PATH):
            return self.providers.get("local"), model.removeprefix(_PATH)
        prefix, _, slug = model.partition("/")
        if slug and prefix in self.providers:
            return self.providers[prefix], slug
        return None, model

    def _pinned(self, pin: str) -> Provider:
        if pin not in self.providers:
            raise GatewayFailure(
                400,
                f"X-Respan-Route-Provider: there is no provider {pin!r}; there are "
                + ", ".join(sorted(self.providers)),
                code="unknown_provider",
            )
        return self.providers[pin]

    def _vendor_of(
        self,
        slug: str,
        keyed: Collection[str],
        has_key: Callable[[Destination], bool],
    ) -> Provider:
        vendors = [v for v in self._prices.vendors_of(slug) if v in self.providers]
        usable = [v for v in vendors if v in keyed or f"{v}/{slug}" in keyed] or [
            v
            for v in vendors
            if v not in self.missing or has_key(Destination(self.providers[v], slug))
        ]
        if len(usable) == 1:
            return self.providers[usable[0]]
        if usable:
            names = " or ".join(f"{vendor}/{slug}" for vendor in usable)
            raise GatewayFailure(
                400,
                f"several providers have {slug!r}: say {names}",
                code="ambiguous_model",
                param="model",
            )
        if vendors:
            keys = " or ".join(self.missing[vendor] for vendor in vendors)
            raise _locked(f"{slug!r} is a model of {', '.join(vendors)}, but {keys}")
        raise self._unknown(slug)

    def _slugs(self, provider: Provider) -> frozenset[str]:
        if provider.name not in self._closed:
            slugs = frozenset(card.id for card in provider.models())
            self._closed[provider.name] = slugs
        return self._closed[provider.name]

    def _unknown(self, model: str) -> GatewayFailure:
        near = difflib.get_close_matches(model, self.listed(), n=3, cutoff=0.5)
        hint = f"; the nearest are {', '.join(near)}" if near else ""
        return GatewayFailure(
            404,
            f"there is no model {model!r} on this gateway{hint}; GET /api/models lists "
            "what there is",
            code="model_not_found",
            param="model",
        )


def _locked(message: str) -> GatewayFailure:
    return GatewayFailure(424, message, code="missing_credentials", param="model")


def _no_files(model: str) -> GatewayFailure:
    return GatewayFailure(
        403,
        f"{model!r} names a file of this machine, which callers over a socket cannot: "
        "call it in the gateway's own process, with respan_lab.Client(gateway=...)",
        code="file_not_allowed",
        param="model",
    )
