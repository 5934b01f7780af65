"""The gateway's surface: paths, and the function behind each."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from traceback import format_exception
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from ..transport import hop
from ..wire import redact
from .catalogue import list_models, list_public_models, show_model
from .exchange import App, Disconnected, Exchange, Receive, Scope, Send
from .failure import GatewayFailure
from .logs.api import list_logs, show_log
from .pipeline import chat
from .prompts import api as prompts_api

if TYPE_CHECKING:
    from .gateway import Gateway

__all__ = ["build_app"]

_logger = logging.getLogger(__name__)

Step = Callable[["Gateway", Exchange], Awaitable[None]]

_CHAT = ("/api/chat/completions", "/v1/chat/completions", "/chat/completions")
_MODELS = ("/api/models", "/v1/models", "/models")
_PUBLIC = ("/api/models/public/", "/api/models/public")
_LOGS = ("/api/request-logs/list/", "/api/request-logs/list")
_LOG = ("/api/request-logs/{unique_id}/", "/api/request-logs/{unique_id}")
_MODEL = tuple(f"{path}/{{name:path}}" for path in _MODELS)

# Each of them with and without a slash at its end.
_PROMPTS: tuple[tuple[str, str, Step], ...] = (
    ("", "GET", prompts_api.list_prompts),
    ("", "POST", prompts_api.create_prompt),
    ("/list", "POST", prompts_api.list_prompts),
    ("/{prompt_id}", "GET", prompts_api.show_prompt),
    ("/{prompt_id}", "PATCH", prompts_api.change_prompt),
    ("/{prompt_id}", "DELETE", prompts_api.delete_prompt),
    ("/{prompt_id}/versions", "GET", prompts_api.list_versions),
    ("/{prompt_id}/versions", "POST", prompts_api.create_version),
    ("/{prompt_id}/versions/{version}", "GET", prompts_api.show_version),
    ("/{prompt_id}/versions/{version}", "PATCH", prompts_api.change_version),
    ("/{prompt_id}/versions/{version}", "DELETE", prompts_api.delete_version),
    ("/{prompt_id}/commits", "POST", prompts_api.commit_version),
    ("/{prompt_id}/deployments", "POST", prompts_api.deploy_version),
)


def build_app(gateway: Gateway) -> App:
    """Put the routes together.

    Args:
        gateway: What the functions work with.
    """
    routes = [
        *(_route(path, chat, gateway, method="POST") for path in _CHAT),
        *(_route(path, list_models, gateway) for path in _MODELS),
        *(
            _route(path, list_public_models, gateway, is_public=True)
            for path in _PUBLIC
        ),
        *(_route(path, show_model, gateway) for path in _MODEL),
        *(_route(path, list_logs, gateway, method="POST") for path in _LOGS),
        *(_route(path, show_log, gateway) for path in _LOG),
        *(
            _route(f"/api/prompts{path}{slash}", step, gateway, method=method)
            for path, method, step in _PROMPTS
            for slash in ("/", "")
        ),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # Of a server of the user's; `serve` leaves closing to whoever owns the gateway.
        yield
        await hop(gateway.aclose())

    router = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _not_served},
        lifespan=lifespan,
    )
    straight = _Endpoint(chat, gateway, is_public=False)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # The one path whose CPU counts goes past the router.
        is_chat = scope.get("method") == "POST" and scope["path"] in _CHAT
        return (straight if is_chat else router)(scope, receive, send)

    return app


class _Endpoint:
    """A step behind a path, as an ASGI app: it streams and sees the client leave.

    Who may not call gets no further than here; what a step raises is the answer.
    """

    def __init__(self, step: Step, gateway: Gateway, *, is_public: bool) -> None:
        self._step = step
        self._gateway = gateway
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            if not self._is_public:
                self._gateway.check_client(exchange)
            await self._step(self._gateway, exchange)
        except Disconnected:
            return
        except GatewayFailure as failure:
            await _fail(exchange, failure)
        except Exception as error:
            if exchange.has_started:
                raise
            await _fail(exchange, self._unforeseen(error))

    def _unforeseen(self, error: Exception) -> GatewayFailure:
        # Its text is for the log alone: it may hold what no caller should read.
        trace = redact("".join(format_exception(error)), self._gateway.secrets.value)
        _logger.error("a request failed inside the gateway\n%s", trace)
        return GatewayFailure(500, f"the gateway failed: {type(error).__name__}")


async def _fail(exchange: Exchange, failure: GatewayFailure) -> None:
    with suppress(Disconnected):
        await exchange.fail(failure, {})


def _route(
    path: str,
    step: Step,
    gateway: Gateway,
    *,
    method: str = "GET",
    is_public: bool = False,
) -> Route:
    endpoint = _Endpoint(step, gateway, is_public=is_public)
    return Route(path, endpoint, methods=[method])


async def _not_served(request: Request, error: Exception) -> JSONResponse:
    """Answer 404, or 405 with what the path can do."""
    said = f"{request.method} {request.url.path} is not something this gateway serves"
    allowed = _methods(request)
    if not allowed:
        failure = GatewayFailure(404, said, code="unknown_path")
        return JSONResponse(failure.body, status_code=404)
    failure = GatewayFailure(
        405, f"{said}; the path takes {allowed}", code="method_not_allowed"
    )
    return JSONResponse(failure.body, status_code=405, headers={"allow": allowed})


def _methods(request: Request) -> str:
    # Starlette names those of the first route alone, and a path may have several.
    routes = [
        route
        for route in request.app.routes
        if route.matches(request.scope)[0] is not Match.NONE
    ]
    return ", ".join(sorted({method for route in routes for method in route.methods}))
