"""Vendors of another dialect, called through respan-gateway in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import httpx

from .credentials import access_of
from .provider import ModelCard, ProviderAnswer, ProviderCall

if TYPE_CHECKING:
    from .translations import Translations
    from .vendor import Access, Vendor

__all__ = ["TranslatedVendor"]

_URL = httpx.URL("http://respan-gateway/v1/chat/completions")


class TranslatedVendor:
    """A vendor whose dialect respan-gateway translates; one candidate a call.

    Args:
        vendor: Who.
        access: Our key and its address.
        translations: Shared by all of them.
        listing: Gives the models on its price list.
    """

    max_concurrency: int | None = None
    is_open = True

    def __init__(
        self,
        vendor: Vendor,
        access: Access,
        *,
        translations: Translations,
        listing: Callable[[], Sequence[ModelCard]],
    ) -> None:
        self.name = vendor.name
        self._vendor = vendor
        self._access = access
        self._translations = translations
        self._listing = listing

    def __repr__(self) -> str:
        return f"TranslatedVendor({self.name!r})"

    @property
    def key_source(self) -> str | None:
        """Where its own key is from; None if that is not known."""
        return self._access.source

    def models(self) -> Sequence[ModelCard]:
        """List the models on the price list."""
        return self._listing()

    def card(self, slug: str) -> ModelCard:
        """Tell what is known of one model."""
        return ModelCard.among(self.models(), slug)

    async def prepare(self, slug: str) -> None:
        """Do nothing: a call needs no preparation."""

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        """Have the request translated and sent; return with the answer's head."""
        access = access_of(self._access, call.credentials)
        if access.base_url is None:
            return ProviderAnswer.failure(
                424,
                f"the address of {self.name} is not known: set {self._vendor.url_name},"
                " or give `api_base` with the credentials",
                type="upstream_error",
                code="missing_credentials",
            )
        transport = await self._translations.get(self._vendor, access)
        response = await transport.handle_async_request(_request(call))
        return ProviderAnswer.relay(response)

    async def aclose(self) -> None:
        """Do nothing: the translators are shared, and dropped by their owner."""


def _request(call: ProviderCall) -> httpx.Request:
    return httpx.Request(
        "POST",
        _URL,
        headers={"content-type": "application/json"},
        content=json.dumps(call.body).encode(),
        extensions={"timeout": {"read": call.timeout}},
    )
