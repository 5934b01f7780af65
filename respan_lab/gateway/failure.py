"""How the gateway says no: one exception, one shape of body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..wire.failure import error_message

__all__ = ["GatewayFailure"]

_UPSTREAM = (424, 502, 504)


class GatewayFailure(Exception):
    """Ends a request with an error status.

    Args:
        status: The HTTP status.
        message: A sentence for a person; it must hold no secret.
        code: The error's own name; None without one.
        param: The request's field at fault; None if it is none.

    Attributes:
        provider_status: What a provider answered, if that is not the status here.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.provider_status: int | None = None
        self.headers: dict[str, str] = {}
        self.body: Any = {
            "error": {
                "message": message,
                "type": _type(status),
                "param": param,
                "code": code,
            }
        }

    @classmethod
    def passed_on(
        cls, status: int, body: Any, *, headers: Mapping[str, str]
    ) -> GatewayFailure:
        """Make one of a provider's own error answer.

        Args:
            status: The provider's status.
            body: Its body, decoded from JSON or a text, without secrets.
            headers: What to pass on of its headers.
        """
        failure = cls(status, f"the provider answered {status}")
        failure.body = body
        failure.headers = dict(headers)
        return failure

    @property
    def message(self) -> str:
        """What the body says, in a line."""
        return error_message(self.body) or str(self)

    @property
    def content_type(self) -> str:
        """What the body is; a text is never more than plain text."""
        is_text = isinstance(self.body, str)
        return "text/plain; charset=utf-8" if is_text else "application/json"

    def content(self) -> bytes:
        """Give the body as bytes."""
        if isinstance(self.body, str):
            return self.body.encode("utf-8", "replace")
        return json.dumps(self.body).encode()


def _type(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status in _UPSTREAM:
        return "upstream_error"
    return "invalid_request_error" if status < 500 else "server_error"
