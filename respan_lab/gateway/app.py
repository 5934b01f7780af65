"""The gateway's surface: paths, and the function behind each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .catalogue import list_models, list_public_models, show_model
from .exchange import Exchange, Receive, Scope, Send
from .failure import GatewayFailure
from .pipeline import chat

if TYPE_CHECKING:
    from .gateway import Gateway

__all__ = ["build_app"]

Step = Callable[["Gateway", Exchange], Awaitable[None]]

_CHAT = ("/api/chat/completions", "/v1/chat/completions", "/chat/completions")
_MODELS = ("/api/models", "/v1/models", "/models")
_PUBLIC = ("/api/models/public/", "/api/models/public")
_MODEL = tuple(f"{path}/{{name:path}}" for path in _MODELS)


def build_app(gateway: Gateway) -> Starlette:
    """Put the routes together.

    Args:
        gateway: What the functions work with.
    """
    routes = [
        *(_route(path, chat, gateway, method="POST") for path in _CHAT),
        *(_route(path, list_models, gateway) for path in _MODELS),
        *(_route(path, list_public_models, gateway) for path in _PUBLIC),
        *(_route(path, show_model, gateway) for path in _MODEL),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_path})


class _Endpoint:
    """A step behind a path, as an ASGI app: it streams and sees the client leave."""

    def __init__(self, step: Step, gateway: Gateway) -> None:
        self._step = step
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._step(self._gateway, Exchange(scope, receive, send))


def _route(path: str, step: Step, gateway: Gateway, *, method: str = "GET") -> Route:
    return Route(path, _Endpoint(step, gateway), methods=[method])


async def _no_such_path(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    failure = GatewayFailure(
        status,
        f"{request.method} {request.url.path} is not something this gateway serves",
        code="unknown_path",
    )
    return JSONResponse(failure.body, status_code=status)
