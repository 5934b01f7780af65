"""The gateway in a server of the user's own, which has an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ...transport import hop
from ...transport.loop import is_loop_thread

if TYPE_CHECKING:
    from ..exchange import App, Receive, Scope, Send

__all__ = ["on_background"]

T = TypeVar("T")


def on_background(
    app: App, scope: Scope, receive: Receive, send: Send
) -> Awaitable[None]:
    """Serve one ASGI scope on the background loop, whichever loop it came to.

    Connections, slots and files are then used on one loop alone.

    Args:
        app: Serves it there.
        scope: ASGI's.
        receive: ASGI's, called on the loop it is of.
        send: ASGI's, called there too.
    """
    # Servers do not wait for the end of a lifespan, so it must not be elsewhere.
    if is_loop_thread() or scope["type"] == "lifespan":
        return app(scope, receive, send)
    here = asyncio.get_running_loop()

    async def there() -> None:
        await app(scope, _from_there(receive, here), _from_there(send, here))

    return hop(there())


def _from_there(
    call: Callable[..., Awaitable[T]], here: asyncio.AbstractEventLoop
) -> Callable[..., Awaitable[T]]:
    async def awaited(*given: Any) -> T:
        return await call(*given)

    async def there(*given: Any) -> T:
        future = asyncio.run_coroutine_threadsafe(awaited(*given), here)
        return await asyncio.wrap_future(future)

    return there
