"""Whatever speaks OpenAI's dialect, called by our own transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx
from pydantic_core import PydanticSerializationError, to_json

from ..failure import GatewayFailure
from .credentials import access_of
from .provider import ModelCard, ProviderAnswer, ProviderCall

if TYPE_CHECKING:
    from .vendor import Access

__all__ = ["OpenAIDialect"]

# A compressed stream arrives in lumps.
_STREAMED = (("accept", "text/event-stream"), ("accept-encoding", "identity"))

Listing = Callable[[], Sequence[ModelCard]]


class OpenAIDialect:
    """A server that answers `POST <base_url>/chat/completions`.

    Args:
        name: The prefix of its models' names.
        access: Its key and address. Without a key no `Authorization` is sent.
        transport: What carries the requests.
        listing: Gives its models.
        is_open: Whether it may know models that are not listed.
    """

    max_concurrency: int | None = None

    def __init__(
        self,
        name: str,
        access: Access,
        *,
        transport: httpx.AsyncBaseTransport,
        listing: Listing,
        is_open: bool,
    ) -> None:
        self.name = name
        self.is_open = is_open
        self._access = access
        self._transport = transport
        self._listing = listing
        self._urls: dict[str, httpx.URL] = {}
        self._own_headers: dict[bool, httpx.Headers] = {}

    def __repr__(self) -> str:
        return f"OpenAIDialect({self.name!r})"

    @property
    def key_source(self) -> str | None:
        """Where its own key is from; None if that is not known."""
        return self._access.source

    def models(self) -> Sequence[ModelCard]:
        """List the models known beforehand."""
        return self._listing()

    def card(self, slug: str) -> ModelCard:
        """Tell what is known of one model."""
        return ModelCard.among(self.models(), slug)

    async def prepare(self, slug: str) -> None:
        """Do nothing: a call needs no preparation."""

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        """Post the body and return once the head of the answer is there."""
        response = await self._transport.handle_async_request(self._request(call))
        return ProviderAnswer.relay(response)

    async def aclose(self) -> None:
        """Do nothing: the transport is shared, and closed by its owner."""

    def _request(self, call: ProviderCall) -> httpx.Request:
        access = access_of(self._access, call.credentials)
        url = self._url(access.base_url or "")
        request = httpx.Request(
            "POST",
            url,
            # httpx hides the key in its repr, so a traceback that prints locals does.
            headers=self._headers(access, url, is_stream=call.is_stream),
            stream=httpx.ByteStream(_content(call.body)),
            extensions={"timeout": {"read": call.timeout}},
        )
        request.read()  # at once, else each transport reads it as a stream
        return request

    def _headers(
        self, access: Access, url: httpx.URL, *, is_stream: bool
    ) -> httpx.Headers:
        # To make them takes as long as all the rest of a request.
        if access is not self._access:
            return _headers_of(access, url, is_stream=is_stream)
        if is_stream not in self._own_headers:
            made = _headers_of(access, url, is_stream=is_stream)
            self._own_headers[is_stream] = made
        return self._own_headers[is_stream]

    def _url(self, base_url: str) -> httpx.URL:
        # Parsing one takes longer than everything else here; callers' own addresses
        # are not kept, since there may be any number of them.
        url = self._urls.get(base_url) or httpx.URL(f"{base_url}/chat/completions")
        if base_url == self._access.base_url:
            self._urls[base_url] = url
        return url


def _content(body: Mapping[str, Any]) -> bytes:
    try:
        return to_json(body)
    except PydanticSerializationError as error:
        raise _unwritable(body) or error from None


def _unwritable(body: Mapping[str, Any]) -> GatewayFailure | None:
    """Name the field that no JSON can be made of; None if there is none."""
    for name, value in body.items():
        try:
            to_json({name: value})
        except PydanticSerializationError as error:
            message = f"{name} cannot be sent; 250 levels deep at most: {error}"
            return GatewayFailure(400, message, code="invalid_value", param=name)
    return None


def _headers_of(access: Access, url: httpx.URL, *, is_stream: bool) -> httpx.Headers:
    own = [] if access.key is None else [("authorization", f"Bearer {access.key}")]
    return httpx.Headers(
        [
            ("host", url.netloc.decode("ascii")),
            ("content-type", "application/json"),
            *own,
            *(_STREAMED if is_stream else ()),
        ]
    )
