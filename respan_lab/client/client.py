"""The client: one class, for plain calls and for awaited ones."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self, Unpack

from ..errors import ConfigError
from ..prices import PriceTable
from ..transport import hop, run
from ..wire import params_doc, params_signature
from ..wire.request import Channel
from .address import Backend
from .asked import Asked, spelled
from .call import perform
from .catalogue import Catalogue
from .destination import Destination
from .logs import read_logs
from .prompts import Prompts
from .request import request_of
from .stream import AsyncChatStream, ChatStream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    import httpx
    import pandas as pd

    from ..gateway import Gateway
    from ..wire import ChatRequest, Chunk, Completion
    from .asked import Messages
    from .logs import LogOptions, Moment

__all__ = ["Client"]

_EMBEDDED_URL = "http://embedded.localhost/api"


class Client:
    """A thin client for the gateway contract.

    Which gateway, in this order: `gateway`, an embedded one; with a key or an address,
    one over HTTP, by default Respan's own; else an embedded gateway on this machine,
    shared by all such clients and announced once. A wrong key is an
    `AuthenticationError`, never a quiet switch to another gateway.

    Every method has an awaited twin with an `a` before its name. Both work in a
    script, in a notebook cell and under a running loop: the work is done on a
    background loop of ours, and interrupting the cell cancels it.

    Args:
        api_key: The key; None takes `RESPAN_API_KEY` from the environment.
        base_url: The gateway's address, with or without `/api`; None takes
            `RESPAN_BASE_URL`, else Respan's own. Plain http for loopback only.
        gateway: An embedded `lab.Gateway`; excludes `api_key` and `base_url`.
        channel: How Respan's own fields travel: `"top"` as fields of the body,
            `"params"` inside `respan_params`, `"header"` in a header of base64 JSON.
        max_retries: Attempts after the first, on 408, 409, 429, 5xx and on faults
            before anything was sent. A request that was sent and got no answer is
            never repeated: it may have been billed.
        timeout: Seconds for each attempt; None waits for ever.
        transport: Any `httpx.AsyncBaseTransport` instead of the network; for tests.

    Raises:
        ConfigError: The arguments contradict each other, or the address is unusable.

    Example:
        >>> client = Client(gateway=Gateway(seed=1, sim_time_scale=0))
        >>> client.chat("Say hello.", model="sim/small").finish_reason
        'stop'
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        gateway: Gateway | None = None,
        channel: Channel = "top",
        max_retries: int = 0,
        timeout: float | None = 600.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if channel not in ("top", "params", "header"):
            raise ConfigError(f"channel={channel!r}: use 'top', 'params' or 'header'")
        _check_limits(max_retries, timeout)
        self._channel, self._max_retries, self._timeout = channel, max_retries, timeout
        self._to = Destination(api_key, base_url, gateway=gateway, transport=transport)
        self._door = self._to.door
        self._catalogue = Catalogue(self._door, self.backend)

    @property
    def backend(self) -> Backend:
        """`hosted` (Respan's hosts), `custom` (any other address) or `embedded`."""
        return self._to.address.backend

    @property
    def base_url(self) -> str | None:
        """The gateway's address, ending in `/api`; None for an embedded one."""
        return None if self._to.gateway is not None else self._to.address.url

    @property
    def home(self) -> Path:
        """The folder for what runs leave behind.

        The embedded gateway's own; else `$RESPAN_LAB_HOME`, or `.respan-lab` in the
        working directory.
        """
        return self._to.home

    @property
    def prices(self) -> PriceTable:
        """What prices an answer whose gateway reports no cost."""
        return self._to.prices

    @property
    def channel(self) -> Channel:
        """How Respan's own fields travel."""
        return self._channel

    @property
    def prompts(self) -> Prompts:
        """The prompts that the gateway keeps: make, read, deploy and delete them."""
        return Prompts(self._door)

    @property
    def catalogue(self) -> Catalogue:
        """The gateway's list of models, as the experiment engine reads it."""
        return self._catalogue

    def identity_of(self, candidates: Sequence[str]) -> str:
        """What names the gateway in a cell's key.

        Args:
            candidates: The models that may answer: the addresses behind an embedded
                gateway's own providers count, and differ by model.
        """
        return self._to.identity_of(candidates)

    def __repr__(self) -> str:
        return f"Client({self.backend}, {self._to})"

    def chat(self, messages: Messages = None, **asked: Unpack[Asked]) -> Completion:
        """Ask, and wait for the whole answer.

        Nothing is added to the request but what is given here, save an explicit
        `cache_ttl` beside `cache_enabled=True`.

        Args:
            messages: One user message as a string, a list of messages, or a
                `lab.Prompt`, rendered with its defaults; one from `client.prompts.get`
                is sent by its id instead. None with `prompt=`, a saved prompt.
            model: The model; None with a router list, a weighted list or `prompt=`.
            route_provider: Pins the provider without changing the model's name.
            beta: Names of the gateway's beta features to switch on.
            channel: How Respan's own fields travel; None is the client's.
            extra: Fields that are not known here, sent as they are.
            **asked: Every parameter of the contract, by its wire name, listed below.
                None leaves a parameter out.

        Returns:
            The answer, with its cost, times and tokens.

        Raises:
            ConfigError: Something is unknown, contradictory or out of range; nothing
                was sent.
            PromptError: The prompt lacks a value.
            APIError: The call failed.
        """
        request = request_of(messages, asked, channel=self._channel)
        return run(self.perform(request))

    async def achat(
        self, messages: Messages = None, **asked: Unpack[Asked]
    ) -> Completion:
        """Ask, and await the whole answer; as `chat`."""
        return await hop(
            self.perform(request_of(messages, asked, channel=self._channel))
        )

    def stream(self, messages: Messages = None, **asked: Unpack[Asked]) -> ChatStream:
        """Ask, and read the answer as it is written; takes what `chat` takes.

        Returns:
            An iterator of `Chunk` (`.text`, `.delta`); when it is drained, its
            `.completion` is the whole answer. Usage comes only with
            `stream_options={"include_usage": True}`.

        Raises:
            ConfigError: As `chat`; nothing was sent.

        Example:
            >>> stream = Client(gateway=Gateway(seed=1, sim_time_scale=0)).stream(
            ...     "Say hello.", model="sim/small"
            ... )
            >>> "".join(chunk.text for chunk in stream) == stream.completion.text
            True
        """
        return ChatStream(self._streamer(messages, asked))

    def astream(
        self, messages: Messages = None, **asked: Unpack[Asked]
    ) -> AsyncChatStream:
        """The same for `async for`; as `stream`."""
        return AsyncChatStream(self._streamer(messages, asked))

    def models(self) -> pd.DataFrame:
        """The models the gateway knows.

        Returns:
            A row per model: `model`, `provider`, `input` and `output` (dollars per
            million tokens; missing if unknown), and what else the gateway tells, such
            as `available` with the `reason` why not.

        Raises:
            APIError: The gateway gave no list.
        """
        return run(self._catalogue.frame())

    async def amodels(self) -> pd.DataFrame:
        """The models the gateway knows; as `models`."""
        return await hop(self._catalogue.frame())

    def logs(self, start: Moment = None, **how: Unpack[LogOptions]) -> pd.DataFrame:
        """What the gateway has logged: a row per request.

        A time is a datetime or an ISO text, local time unless it says otherwise, or a
        timedelta back from now. On the hosted gateway a row may take a while to appear.

        Args:
            start: The earliest time; None is 24 hours before `end`.
            end: The latest time; None is now.
            filters: Conditions that must all hold. In short, `{"model": "gpt-5"}`, a
                list for any of several, None for what is missing, and other operators
                after two underscores: `{"cost__gt": 0.1, "metadata__plan": "pro"}`; or
                the platform's own form, `{"cost": {"operator": "gt", "value": [0.1]}}`.
            log_type: `"chat"` by default; None reads all types.
            environment: `"prod"` or `"test"`; None is the key's own.
            sort_by: A field, with `-` before it for the largest first; the newest
                first by default.
            limit: The most rows; None reads all, page by page.
            include_fields: Names of the fields to read, which is faster; None for all.

        Returns:
            The columns of `LOG_COLUMNS`, or those named, then what else the gateway
            sent. Times are UTC, `latency` and its like seconds, `cost` dollars.

        Raises:
            ConfigError: An argument is not usable; nothing was sent.
            APIError: The gateway gave no rows.

        Example:
            >>> client = Client(gateway=Gateway(seed=1, sim_time_scale=0))
            >>> answer = client.chat("Hi!", model="sim/small", custom_identifier="mine")
            >>> logs = client.logs(filters={"custom_identifier": "mine"}, limit=1)
            >>> list(logs.unique_id) == [answer.log_id]
            True
        """
        return run(read_logs(self._door, start, **how))

    async def alogs(
        self, start: Moment = None, **how: Unpack[LogOptions]
    ) -> pd.DataFrame:
        """What the gateway has logged; as `logs`."""
        return await hop(read_logs(self._door, start, **how))

    def close(self) -> None:
        """Close the client's connections; an embedded gateway goes on.

        Example:
            >>> client = Client(gateway=Gateway(seed=1, sim_time_scale=0))
            >>> client.close()
            >>> client.chat("Hi", model="sim/small").finish_reason  # opens new ones
            'stop'
        """
        run(self._close())

    async def aclose(self) -> None:
        """Close the client's connections; as `close`."""
        await hop(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the key, which is read from the environment again."""
        self._to.check_pickled()
        return {
            # In full: where no key is set, it must not turn to another gateway.
            "base_url": self._to.address.url,
            "channel": self._channel,
            "max_retries": self._max_retries,
            "timeout": self._timeout,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state is its arguments

    def _streamer(
        self, messages: Messages, asked: Mapping[str, Any]
    ) -> Callable[[Callable[[Chunk], None]], Coroutine[Any, Any, Completion]]:
        request = request_of(messages, asked, channel=self._channel, stream=True)
        return lambda put: self.perform(request, on_chunk=put)

    async def perform(self, request: ChatRequest, **how: Any) -> Completion:
        """Make one checked call, on the background loop; see `call.perform`."""
        usual = {
            "timeout": self._timeout,
            "max_retries": self._max_retries,
            "prices": self.prices,
        }
        return await perform(self._door, request, **{**usual, **how})

    async def _close(self) -> None:
        await self._door.transport.aclose()


def _check_limits(max_retries: int, timeout: float | None) -> None:
    is_whole = isinstance(max_retries, int) and not isinstance(max_retries, bool)
    if not is_whole or max_retries < 0:
        raise ConfigError(f"max_retries={max_retries!r}: use a whole number, 0 or more")
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (is_number and timeout > 0):
        raise ConfigError(
            f"timeout={timeout!r}: use seconds above 0, or None to wait for ever"
        )


def _spell_out() -> None:
    """Give Shift-Tab every parameter with its meaning, from the tables in `wire`."""
    signature = params_signature(spelled)
    calls: list[Any] = [Client.chat, Client.achat, Client.stream, Client.astream]
    for method in calls:
        method.__signature__ = signature
        method.__doc__ = f"{inspect.cleandoc(method.__doc__ or '')}\n\n{params_doc()}"
    _, *keywords = inspect.signature(read_logs).parameters.values()
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    readers: list[Any] = [Client.logs, Client.alogs]
    for method in readers:
        method.__signature__ = inspect.Signature([own, *keywords])


_spell_out()
