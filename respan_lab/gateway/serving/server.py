"""The gateway on a socket, run on the background loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ...errors import ConfigError
from ...transport import run, submit
from .addresses import is_loopback

if TYPE_CHECKING:
    from ..exchange import App
    from .connection import Patience

__all__ = ["Served", "check_host"]

# Whole seconds that calls under way get to end when the server stops.
_GRACE = 2


class Served:
    """A running server; also a context manager, which stops it on exit.

    Args:
        app: What it serves.
        listening: An open socket.
        patience: How long it waits for callers; None for the usual times.

    Attributes:
        url: Where it is: the root, without `/api`.
    """

    def __init__(
        self, app: App, listening: socket.socket, patience: Patience | None = None
    ) -> None:
        host, port = listening.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._server, self._running = run(_start(app, listening, patience))

    def __repr__(self) -> str:
        return f"Served({self.url!r})"

    def __enter__(self) -> Served:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether it still takes calls."""
        return not self._running.done()

    def stop(self) -> None:
        """Stop serving; calls under way get two seconds. May be called twice."""
        self._server.should_exit = True
        concurrent.futures.wait([self._running])


def check_host(host: str, *, has_keys: bool) -> None:
    """Make sure that what other machines can reach asks for a key.

    Raises:
        ConfigError: The host is not this machine alone, and there are no client keys.
    """
    if not has_keys and not is_loopback(host):
        raise ConfigError(
            f"serving on {host!r} would let other machines spend your keys: give "
            "Gateway(client_keys=[...]), or serve on 127.0.0.1"
        )


def listen(host: str, port: int) -> socket.socket:
    """Open the socket here, so that a port in use is the caller's error.

    Raises:
        ConfigError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"cannot serve on {host}:{port}: {error}") from error
    # A caller whose machine is gone is noticed; the connections inherit it.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Inherited too. asyncio sets it only where a socket names its protocol, and without
    # it an answer's body waits some 40 ms for the head to be acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def _start(
    app: App, listening: socket.socket, patience: Patience | None
) -> tuple[Any, concurrent.futures.Future[None]]:
    import uvicorn

    from .connection import Connection, Patience

    started = asyncio.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    config = uvicorn.Config(
        app,
        # Whatever else is installed, since the limits are set there.
        http=cast(
            "type[asyncio.Protocol]",
            partial(Connection, patience=patience or Patience()),
        ),
        interface="asgi3",
        ws="none",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=_GRACE,
    )
    server = Server(config)
    running = submit(server.serve(sockets=[listening]))
    await started.wait()
    return server, running
