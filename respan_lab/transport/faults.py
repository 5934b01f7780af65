"""What aiohttp's exceptions mean, in httpx's words.

::

    set-up, no connection had     exchange, the server          body, the answer's
    the request yet               got the request               headers are here
    --------------------------    --------------------------    ------------------
    ConnectTimeout                ReadTimeout                   ReadTimeout
    ProxyError                    RemoteProtocolError           ReadError
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
from aiohttp.http_exceptions import HttpProcessingError

__all__ = ["FAULTS", "Phase", "fault_of"]

Phase: TypeAlias = Literal["set-up", "exchange", "body"]

# Everything a call can raise when the network, and not this code, is at fault.
FAULTS = (aiohttp.ClientError, HttpProcessingError, asyncio.TimeoutError, OSError)

_MEANINGS: dict[
    Phase, tuple[tuple[type[Exception], type[httpx.TransportError]], ...]
] = {
    "set-up": (
        (asyncio.TimeoutError, httpx.ConnectTimeout),
        (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
        (aiohttp.ClientHttpProxyError, httpx.ProxyError),
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
        error: What was raised.
        phase: How far the request had come.
        request: The request, for the new exception.

    Returns:
        The exception to raise instead.
    """
    fault = next(f for kind, f in _MEANINGS[phase] if isinstance(error, kind))
    return fault(_message(error, phase=phase, request=request), request=request)


def _message(error: Exception, *, phase: Phase, request: httpx.Request) -> str:
    # Never the whole exception: some of aiohttp's print the request's headers.
    host = request.url.netloc.decode("ascii")
    if isinstance(error, aiohttp.ClientResponseError):
        reason = f"{error.status} {error.message}"
    elif isinstance(error, HttpProcessingError):
        reason = f"{error.code} {error.message}"
    elif isinstance(error, asyncio.TimeoutError):
        reason = "no connection in time" if phase == "set-up" else "silent for too long"
    else:
        reason = str(error)
    return f"{host}: {reason or type(error).__name__}"
