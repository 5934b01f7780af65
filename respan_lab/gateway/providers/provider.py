"""What the gateway asks of a provider, and what it gets back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ...prices import Price

if TYPE_CHECKING:
    import httpx

__all__ = ["ModelCard", "Provider", "ProviderAnswer", "ProviderCall"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model a provider offers.

    Attributes:
        id: The slug, without the provider's prefix.
        label: What reports call it, such as `"135M-parameter local model"`; None for
            no label.
        is_simulated: Whether its text, times and prices are made up.
        is_available: Whether a call can succeed on this machine, now.
        reason: Why it is not available; None if it is.
        price: Dollars per million tokens; None leaves it to the price table.
        context_window: Tokens that fit; None if unknown.
        provenance: What exactly answers under this name, such as a file's hash and
            the runtime's version; None if nobody here knows.
    """

    id: str
    label: str | None = None
    is_simulated: bool = False
    is_available: bool = True
    reason: str | None = None
    price: Price | None = None
    context_window: int | None = None
    provenance: Mapping[str, str] | None = None

    @classmethod
    def among(cls, cards: Sequence[ModelCard], slug: str) -> ModelCard:
        """The listed card of a model, or a bare one if it is not listed."""
        return next((card for card in cards if card.id == slug), cls(slug))


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One request to one provider for one model.

    Attributes:
        model: The slug, without the provider's prefix; the path for a model named
            `local:<path>`.
        body: OpenAI's fields only, as the caller gave them; `model` is the slug. For
            a stream `stream` is true and the usage is asked for, else `stream` is
            absent. The object is this call's own: a provider may change it.
        is_stream: Whether the answer's body must be server-sent events.
        draw: Gives the next random number of this request, in [0, 1). Seeded by the
            gateway with the request, its `custom_identifier` and how often it has
            seen that pair, so a repeated request draws afresh.
        credentials: Overrides the provider's own, such as `{"api_key": ...}`; None
            for its own. Never in a repr.
        custom_identifier: The caller's tag; None without one.
        timeout: Seconds allowed between two bytes; None for no limit.
    """

    model: str
    body: dict[str, Any]
    is_stream: bool
    draw: Callable[[], float]
    credentials: Mapping[str, Any] | None = field(default=None, repr=False)
    custom_identifier: str | None = None
    timeout: float | None = 600.0


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@dataclass(slots=True)
class ProviderAnswer:
    """The head of a provider's answer, and its body as it comes.

    Attributes:
        status_code: The HTTP status; any status but 200 is an error whose body is
            JSON or text.
        body: Raw bytes in any chunking: a `chat.completion` object, or server-sent
            events with `chat.completion.chunk` objects, ended by `data: [DONE]`.
            Streams carry a usage chunk whenever the provider knows the usage.
        headers: The provider's headers, names in lower case. Only `retry-after` and
            rate-limit headers are passed on.
        declared: Exact `latency`, `time_to_first_token` (seconds) and
            `tokens_per_second` of a simulated model, for the breakdown; None if the
            gateway is to measure. Read after the body has ended.
        close: Ends the call if the body was not read to its end; None if there is
            nothing to end.
    """

    status_code: int
    body: AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, float | None] | None = None
    close: Callable[[], Awaitable[None]] | None = None

    @classmethod
    def relay(cls, response: httpx.Response) -> ProviderAnswer:
        """Hand on the answer of a server as it comes.

        Args:
            response: Its body is still to be read.
        """
        stream: Any = response.stream
        body, close = aiter(stream), stream.aclose
        # Where nothing is encoded, httpx's own way takes several times the CPU. Asked
        # for one name, it would first find out how all of them are encoded.
        if b"content-encoding" in {name.lower() for name, _ in response.headers.raw}:
            body, close = response.aiter_bytes(), response.aclose
        return cls(response.status_code, body, headers=response.headers, close=close)

    @classmethod
    def from_json(
        cls,
        payload: Mapping[str, Any],
        status_code: int = 200,
        *,
        declared: Mapping[str, float | None] | None = None,
    ) -> ProviderAnswer:
        """Make an answer whose body is one JSON object.

        Args:
            payload: The object.
            status_code: The HTTP status.
            declared: As in the class.
        """
        content = json.dumps(payload, ensure_ascii=False).encode()
        return cls(status_code, _once(content), declared=declared)

    @classmethod
    def failure(
        cls, status_code: int, message: str, *, type: str, code: str | None = None
    ) -> ProviderAnswer:
        """Make an error answer in OpenAI's shape.

        Args:
            status_code: The HTTP status.
            message: A sentence for a person.
            type: The family of the error, such as `"server_error"`.
            code: The error's own name; None without one.
        """
        error = {"message": message, "type": type, "param": None, "code": code}
        return cls.from_json({"error": error}, status_code)

    async def aclose(self) -> None:
        """End the call. May be called twice, and after the body has ended."""
        if self.close is not None:
            await self.close()


class Provider(Protocol):
    """Whoever runs models: a vendor, this machine, a simulation.

    Attributes:
        name: The prefix of its models' names.
        max_concurrency: Calls it runs at once, over all its models; the gateway holds
            back the others, from before `send` until the body has ended. None for no
            limit.
        is_open: Whether it may know models that `models` does not list (a vendor
            does); a closed provider's unknown models are refused before `send`.
    """

    name: str
    max_concurrency: int | None
    is_open: bool

    def models(self) -> Sequence[ModelCard]:
        """List the models. May read the disk; no network, and quick when repeated."""

    def card(self, slug: str) -> ModelCard:
        """Tell what is known of one model, listed or not. May read the disk."""

    async def prepare(self, slug: str) -> None:
        """Get ready for a call, such as by loading the model; often nothing.

        The time is not the call's: it counts as waiting. What goes wrong here goes
        wrong again in `send`, which says so in its answer.
        """

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        """Start the call and return once the head of the answer is there.

        Faults of the connection are raised as `httpx.TransportError`; a model that is
        unknown or cannot run is an error answer, not an exception. Cancelling the
        task must end the work.
        """

    async def aclose(self) -> None:
        """Release what it holds; it can still be used afterwards."""
