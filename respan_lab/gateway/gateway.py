"""The embedded gateway: the platform's contract, on the user's own machine."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..prices import PriceTable, check_overrides
from ..storage.home import default_home
from ..transport import hop, run
from .asking.channels import Precedence
from .caching.cache import Cache
from .exchange import IN_PROCESS, Exchange
from .failure import GatewayFailure
from .hidden import Hidden
from .idempotency.repeats import open_repeats
from .providers.custom import read_providers
from .providers.roster import Roster
from .routing.draws import Draws
from .routing.slots import Slots
from .routing.weighted import check_groups
from .serving.addresses import Origin, plain_host
from .serving.clients import ClientKeys
from .serving.doorman import check_hosts, check_local, check_page
from .serving.mounted import on_background
from .store.cache import CacheStore
from .store.logs import LogStore
from .store.prompts import PromptStore

if TYPE_CHECKING:
    from types import TracebackType

    from .exchange import App, Receive, Scope, Send
    from .routing.names import Names
    from .serving.server import Served

__all__ = ["Gateway"]


class Gateway:
    """An LLM gateway in this process; an ASGI app.

    It answers `POST /api/chat/completions` as Respan's does, with the vendors whose
    keys are in the environment, the user's own servers, models on this machine and
    simulated ones. Nothing is read, opened or imported before the first call. It is
    also a context manager, which closes it on exit; one that nobody has any more
    closes its files and connections by itself, its log written.

    Args:
        home: Its folder; None for `$RESPAN_LAB_HOME`, else `.respan-lab` here.
        providers: Name to `{"base_url", "api_key"?, "models"?}` for servers that speak
            OpenAI's dialect, whose models are called `name/model`; and `"sim"` to
            functions `fn(messages, **params) -> str` by name. What such a function has
            answered is known again to this gateway object alone, as an answer and as a
            judge's verdict: another object, a restarted kernel's too, calls it anew.
            Its source does not say what it is (that is also what it closes over, its
            globals, the object it is a method of), and an answer is never taken from a
            function that may be another. None for none. Leave
            `api_key` out where none is needed: a placeholder below four characters is
            not hidden as keys are, and a longer one, such as `none`, is wherever the
            word stands.
        prices: Model to `{"input", "output", "cached_input"?}` in dollars per million
            tokens, laid over the price lists. None for the lists alone.
        client_keys: Keys that callers over a socket must show, as a list or with a
            name for each. None lets everybody on this machine call, and nobody else:
            in a server of your own that others can reach, they are refused.
        allow_hosts: Names it may be called by over a socket, beside the address of
            the socket itself; without a scheme or a port. Behind a reverse proxy,
            whoever it lets through may call: give `client_keys` too.
        load_balance_groups: Group id to a list of `{"model", "weight"?,
            "credentials"?}`, for requests with `load_balance_group`. None for none.
        seed: Makes draws and simulated answers repeatable. None draws at random.
        sim_time_scale: Simulated models wait their times multiplied by this; 0 does
            not wait at all.
        precedence: Which of the channels Respan's fields travel in wins, where two
            disagree. `"seed"`: the top level of the body, then `respan_params`, then
            the header. `"newer"`: `respan_params`, the header, the top level.

    Raises:
        ConfigError: An argument, or a key in the environment, is not usable.

    Example:
        >>> gateway = Gateway(seed=1, sim_time_scale=0)
        >>> "sim/small" in gateway.model_names()
        True
    """

    def __init__(
        self,
        *,
        home: str | os.PathLike[str] | None = None,
        providers: Mapping[str, Any] | None = None,
        prices: Mapping[str, Mapping[str, float]] | None = None,
        client_keys: Sequence[str] | Mapping[str, str] | None = None,
        allow_hosts: Collection[str] = (),
        load_balance_groups: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        seed: int | None = None,
        sim_time_scale: float = 1.0,
        precedence: Precedence = "seed",
    ) -> None:
        _check(seed, sim_time_scale, precedence)
        custom, functions = read_providers(providers)
        self.home = Path(home) if home else default_home()
        self.precedence = precedence
        self.groups = Hidden(check_groups(load_balance_groups))
        self._seed = seed
        self.draws = Draws(seed)
        self.slots = Slots()
        self.cache = Cache(CacheStore(self.home))
        self.repeats = open_repeats(self.home)
        self.logs = LogStore(self.home)
        self.prompts = PromptStore(self.home)
        self._clients = ClientKeys(client_keys)
        self._hosts = check_hosts(allow_hosts)
        self._functions = tuple(functions)
        self._roster = Roster(
            custom, os.environ, simulated=_simulated(functions, seed, sim_time_scale)
        )
        self.prices = PriceTable(
            {**self._roster.simulated_prices(), **check_overrides(prices)}
        )
        self.names = self._roster.names(self.prices)
        self.secrets = Hidden(self._roster.secrets)
        self._app: App | None = None

    def __repr__(self) -> str:
        providers = ", ".join(
            name for name in self.names.providers if name not in self.names.missing
        )
        return f"Gateway({providers})"

    def __enter__(self) -> Gateway:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Gateway:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await hop(self.aclose())

    def __reduce__(self) -> Any:
        raise TypeError("a gateway holds keys, so it is not pickled; make one there")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope of a caller over a socket."""
        await self._admit(self._hosts, scope, receive, send)

    def in_process(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a caller in this process, who needs no client key."""
        return self._answer({**scope, IN_PROCESS: True}, receive, send)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Served:
        """Serve it on a socket, on the background loop.

        Args:
            host: An address of this machine. One that others can reach needs
                `client_keys`.
            port: 0 takes a free one.

        Returns:
            The running server, with `.url` and `.stop()`; also a context manager.

        Raises:
            ConfigError: The address cannot be had, or others can reach it and there
                are no `client_keys`.

        Example:
            >>> with Gateway().serve() as server:
            ...     server.url.startswith("http://127.0.0.1:")
            True
        """
        from .serving.server import Served, check_host, listen

        check_host(host, has_keys=bool(self._clients))
        hosts = self._hosts | {plain_host(host)}
        return Served(partial(self._admit, hosts), listen(host, port))

    def model_names(self) -> list[str]:
        """Name every model that is listed and can be called.

        A vendor may have more than its price list says; any `vendor/model` is tried.
        """
        return self.names.listed()

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """Where the addresses of its own configuration lead."""
        entries = (entry for group in self.groups.value.values() for entry in group)
        keys = (entry.get("credentials") or {} for entry in entries)
        found = (Origin.of(each.get("api_base")) for each in keys)
        return self._roster.origins.union(filter(None, found))

    @cached_property
    def places(self) -> dict[str, str]:
        """What is behind its names, for the cache: see `caching.setting.Setting`."""
        own = os.urandom(16).hex()
        return self._roster.places | {f"sim/{name}": own for name in self._functions}

    def names_for(self, exchange: Exchange) -> Names:
        """Give the names a caller may use; files are for this process alone."""
        return self.names if exchange.is_in_process else self.names.without_files

    def vendor_keys(self) -> list[str]:
        """Name the vendors whose keys were found in the environment."""
        return self._roster.vendor_keys()

    def resolve(self, model: str) -> tuple[str, str]:
        """Find who runs a model.

        Args:
            model: Its name, `provider/model` or a bare slug.

        Returns:
            The provider's name, and what it calls the model.

        Raises:
            ConfigError: Nobody does, or several do, or a key is missing.
        """
        try:
            provider, slug = self.names.resolve(model)
        except GatewayFailure as failure:
            raise ConfigError(str(failure)) from None
        return provider.name, slug

    def address_of(self, model: str) -> str | None:
        """Give the address behind a model of one of the user's own servers.

        Args:
            model: Its name.

        Returns:
            The `base_url` of its `providers=` entry; for a simulated model what its
            text is made of beside the request, which is the seed, or the function of
            the user's; None for every other model.
        """
        provider = model.partition("/")[0]
        if provider == "sim":
            seed = "" if self._seed is None else f"seed={self._seed}"
            return self.places.get(model) or seed or None
        return self._roster.address_of(provider)

    def check_client(self, exchange: Exchange) -> None:
        """Let a caller pass, or not.

        Raises:
            GatewayFailure: 401.
        """
        if not exchange.is_in_process:
            self._clients.check(exchange.headers)

    def close(self) -> None:
        """Do as `aclose`, from a thread that may wait."""
        run(self.aclose())

    async def aclose(self) -> None:
        """Close connections and models; it can still be used afterwards.

        Calls with an `Idempotency-Key` whose callers have left get two seconds to end.
        """
        await self.repeats.aclose()
        await self._roster.aclose()
        await self.cache.aclose()
        await self.logs.aclose()
        await self.prompts.aclose()

    async def _admit(
        self, hosts: frozenset[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "http":
            try:
                check_page(scope, hosts)
                if not self._clients:
                    check_local(scope, hosts)
            except GatewayFailure as failure:
                await Exchange(scope, receive, send).fail(failure, {})
                return
        await self._answer(scope, receive, send)

    def _answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._app is None:
            from .app import build_app

            self._app = build_app(self)
        self.logs.open()
        return on_background(self._app, scope, receive, send)


def _check(seed: Any, sim_time_scale: Any, precedence: Any) -> None:
    if precedence not in ("seed", "newer"):
        raise ConfigError(f"precedence is {precedence!r}; use 'seed' or 'newer'")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise ConfigError(f"seed is {seed!r}; it must be an integer, or None")
    is_number = isinstance(sim_time_scale, int | float)
    if not is_number or isinstance(sim_time_scale, bool) or not sim_time_scale >= 0:
        raise ConfigError(
            f"sim_time_scale is {sim_time_scale!r}; it must be a number, 0 or more"
        )


def _simulated(
    functions: Mapping[str, Callable[..., str]], seed: int | None, time_scale: float
) -> Any:
    from .providers.simulated import SimulatedProvider

    return SimulatedProvider(functions, seed=seed, time_scale=time_scale)
