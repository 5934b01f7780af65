"""Requests that leave the process: aiohttp's connections behind httpx's interface."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING

import httpx

from .clock import Clock

if TYPE_CHECKING:
    from .session import Session

__all__ = ["OutgoingTransport", "was_sent"]

# Faults of the set-up: no server has seen the request, so sending it again is safe.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def was_sent(error: Exception, clock: Clock | None) -> bool:
    """Whether the server may have seen the request that failed.

    Only faults of DNS, TCP and TLS say no; in doubt the answer is yes, because what
    was seen may be billed.

    Args:
        error: What the transport raised.
        clock: The request's clock; None if it had none.

    Returns:
        False only if the request never reached an open connection.

    Example:
        >>> was_sent(httpx.ConnectError("refused"), Clock())
        False
        >>> was_sent(httpx.RemoteProtocolError("hung up"), Clock(handed_at=12.5))
        True
    """
    if clock is not None and clock.handed_at is not None:
        return True
    return not isinstance(error, _NOT_SENT)


class OutgoingTransport(httpx.AsyncBaseTransport):
    """Sends requests over pooled connections, at little CPU a call.

    A request may carry a `Clock` in ``extensions["clock"]``; it is started when an
    open connection gets the request. Proxies are taken from the environment as curl
    takes them, loopback hosts excepted; certificates are the operating system's.

    Connections belong to the event loop of the first request. Use one transport on
    one loop, the background loop as a rule; after a fork it starts afresh.

    Args:
        keepalive: Whether connections are used again. False is for servers that
            close them without saying so.
        connect_timeout: Seconds for DNS, TCP and TLS together.

    Example:
        >>> transport = OutgoingTransport(connect_timeout=5.0)
    """

    def __init__(
        self, *, keepalive: bool = True, connect_timeout: float = 30.0
    ) -> None:
        self._keepalive = keepalive
        self._connect_timeout = connect_timeout
        self._session: Session | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return as soon as the answer's headers are there.

        Args:
            request: Its ``extensions["timeout"]["read"]`` is the longest silence
                allowed while waiting, in seconds; None or absent means no limit.

        Returns:
            The answer, its body still to be read; closing it early ends the exchange.

        Raises:
            httpx.ConnectError: No connection: DNS, TCP or TLS failed.
            httpx.ConnectTimeout: No connection within `connect_timeout`.
            httpx.ProxyError: The proxy could not be reached or refused.
            httpx.UnsupportedProtocol: The address is not http or https.
            httpx.RemoteProtocolError: The server got the request, then hung up or
                answered something that is not HTTP.
            httpx.ReadTimeout: The server was silent for too long.
            httpx.ReadError: The body broke off (raised while it is read).
        """
        session = self._session
        if session is None or session.loop is not asyncio.get_running_loop():
            session = self._session = self._new_session()
        return await session.send(request)

    async def aclose(self) -> None:
        """Close all connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _new_session(self) -> Session:
        from .session import Session

        session = Session(
            keepalive=self._keepalive, connect_timeout=self._connect_timeout
        )
        # Whoever forgets to close us need not hear of it: the connections are closed
        # with us, or with the loop when the interpreter ends.
        weakref.finalize(self, session.close_soon).atexit = False
        return session
