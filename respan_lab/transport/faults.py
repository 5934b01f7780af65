"""What aiohttp's exceptions mean, in httpx's words.

::

    set-up, no connection had     exchange, the server          body, the answer's
    the request yet               got the request               headers are here
    --------------------------    --------------------------    ------------------
    ConnectTimeout                ReadTimeout                   ReadTimeout
    ProxyError                    RemoteProtocolError           ReadError
    UnsupportedProtocol
    ConnectError

The class of an exception does not tell its phase: a server that hangs up instead of
answering and a proxy that hangs up before its tunnel stands both give
``ServerDisconnectedError``. So whoever catches it says in which phase it was.
"""

from __future__ import annotations

import asyncio
from typing import Literal, TypeAlias

import aiohttp
import httpx

__all__ = ["FAULTS", "Phase", "fault_of"]

Phase: TypeAlias = Literal["set-up", "exchange", "body"]

# Everything a call can raise when the network, and not this code, is at fault. The
# bridge to httpx raises its own, with aiohttp's exception as the cause.
FAULTS = (aiohttp.ClientError, asyncio.TimeoutError, OSError, httpx.TransportError)

_MEANINGS: dict[
    Phase, tuple[tuple[type[Exception], type[httpx.TransportError]], ...]
] = {
    "set-up": (
        (asyncio.TimeoutError, httpx.ConnectTimeout),
        (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
        (aiohttp.ClientHttpProxyError, httpx.ProxyError),
        (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
        (Exception, httpx.ConnectError),
    ),
    "exchange": (
        (asyncio.TimeoutError, httpx.ReadTimeout),
        (Exception, httpx.RemoteProtocolError),
    ),
    "body": (
        (asyncio.TimeoutError, httpx.ReadTimeout),
        (Exception, httpx.ReadError),
    ),
}


def fault_of(
    error: Exception, *, phase: Phase, request: httpx.Request
) -> httpx.TransportError:
    """Translate a fault of the network.

    Args:
        error: What aiohttp raised, or the bridge in its place.
        phase: How far the request had come.
        request: The request, for the new exception.

    Returns:
        The exception to raise instead.
    """
    origin = _origin(error)
    fault = next(f for kind, f in _MEANINGS[phase] if isinstance(origin, kind))
    return fault(_message(origin, phase=phase, request=request), request=request)


def _origin(error: Exception) -> Exception:
    cause = error.__cause__
    if isinstance(error, httpx.TransportError) and isinstance(cause, Exception):
        return cause
    return error


def _message(origin: Exception, *, phase: Phase, request: httpx.Request) -> str:
    # Never the whole exception: some of aiohttp's print the request's headers.
    host = request.url.netloc.decode("ascii")
    if isinstance(origin, aiohttp.ClientResponseError):
        reason = f"{origin.status} {origin.message}"
    elif isinstance(origin, asyncio.TimeoutError):
        reason = "no connection in time" if phase == "set-up" else "silent for too long"
    else:
        reason = str(origin)
    return f"{host}: {reason or type(origin).__name__}"
