"""What kind of failure a request ended with, in the platform's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...wire.failure import error_message
from ..failure import GatewayFailure

__all__ = ["Fault", "fault_of"]

# By a name the error gives itself, whoever made it.
_BY_CODE = {
    "bad_answer": "provider_down",
    "connection_error": "network_transient",
    "content_filter": "user_content_policy",
    "content_policy_violation": "user_content_policy",
    "context_length_exceeded": "user_context_window",
    "insufficient_quota": "user_quota",
    "invalid_credentials": "user_auth_byok",  # all providers' keys are the user's own
    "missing_credentials": "user_auth_byok",
    "timeout": "provider_timeout",
}
_BY_STATUS = {
    402: "user_quota",
    408: "provider_timeout",
    413: "user_payload_too_large",
    499: "client_cancelled",
    503: "provider_overloaded",
    504: "provider_timeout",
    529: "provider_overloaded",
}
_OF_PROVIDERS = {
    401: "user_auth_byok",  # every provider's key here is the user's own
    403: "user_auth_byok",
    429: "provider_rate_limit",
}
_OURS = {401: "respan_config", 403: "respan_config", 429: "user_rate_limit"}
_DOMAINS = {"user": "user", "provider": "provider", "respan": "respan"}


class Fault(NamedTuple):
    """A failure, as a log row tells it.

    Attributes:
        error_class: Of the platform's taxonomy.
        fault_domain: `user`, `provider`, `respan` or `none`.
        error_code: The error's own name; None without one.
        error_message: What it says, in one line.
    """

    error_class: str
    fault_domain: str
    error_code: str | None
    error_message: str


def fault_of(failure: GatewayFailure, *, is_providers: bool) -> Fault:
    """Tell what kind of failure it is.

    Args:
        failure: What the request ended with.
        is_providers: Whether a provider said no, rather than the gateway.

    Example:
        >>> fault_of(GatewayFailure(429, "slow down"), is_providers=True).error_class
        'provider_rate_limit'
    """
    code = _code(failure.body)
    kind = _BY_CODE.get(code or "") or _by_status(failure.status, is_providers)
    domain = _DOMAINS.get(kind.partition("_")[0], "none")
    said = error_message(failure.body) or str(failure)
    return Fault(kind, domain, code, said)


def _by_status(status: int, is_providers: bool) -> str:
    kind = (_OF_PROVIDERS if is_providers else _OURS).get(status)
    kind = kind or _BY_STATUS.get(status)
    if kind is not None:
        return kind
    if status >= 500:
        return "provider_down" if is_providers else "respan_internal"
    return "user_invalid_request" if status >= 400 else "unknown"


def _code(body: Any) -> str | None:
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    code = error.get("code") if isinstance(error, Mapping) else body.get("code")
    return str(code) if isinstance(code, str | int) else None
