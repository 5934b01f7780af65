"""The gateway's resources besides chat: read one, or raise why not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from ..errors import APIConnectionError, APITimeoutError, StreamError
from ..wire import redact, status_error

if TYPE_CHECKING:
    from .door import Door

__all__ = ["fetch"]

_TIMEOUT = 60.0


async def fetch(
    door: Door, path: str, body: Any = None, *, method: str | None = None
) -> Any:
    """The decoded JSON of a resource; None if the answer is empty by its status.

    Args:
        door: The way to the gateway.
        path: Under the gateway's address, with a leading slash.
        body: Sent as JSON; None sends none.
        method: The HTTP method; None is POST with a body and GET without.

    Raises:
        APIError: The gateway said no, did not answer, or answered no JSON.
    """
    where = door.url + path
    try:
        async with asyncio.timeout(_TIMEOUT):
            response = await door.fetch(path, body, method=method)
    except (TimeoutError, httpx.TimeoutException):
        raise APITimeoutError(f"{where}: no answer in {_TIMEOUT:g} s") from None
    except httpx.RequestError as error:
        text = redact(str(error) or type(error).__name__, door.secrets)
        raise APIConnectionError(f"{where}: {text}") from None
    if not 200 <= response.status_code < 300:
        raise status_error(
            response.status_code,
            response.headers,
            response.content,
            secrets=door.secrets,
        )
    if response.status_code == 204:
        return None
    try:
        return response.json()
    except ValueError:
        raise StreamError(f"{where}: the answer is not JSON") from None
