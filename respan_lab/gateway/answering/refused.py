"""What is said when a provider answers with an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...wire.failure import error_message
from ...wire.secrets import as_credentials
from ..failure import GatewayFailure
from ..providers.openai_dialect import OpenAIDialect
from ..providers.vendors import TranslatedVendor

if TYPE_CHECKING:
    from ..asking.asked import Asked
    from ..routing.candidates import Candidate

__all__ = ["refused"]

_OF_A_KEY = (401, 403)
_FIELDS = ("credential_override", "customer_credentials")
_LISTS = ("load_balance_models", "load_balance_group")


def refused(
    status: int,
    body: Any,
    *,
    headers: Mapping[str, str],
    asked: Asked,
    candidate: Candidate,
) -> GatewayFailure:
    """Make a failure of a provider's error answer.

    It is passed on as it is, but for 401 and 403: coming from the gateway these would
    say that the caller's own key for it is wrong. They become a 424 that says whose key
    was refused, and where that is from.

    Args:
        status: The provider's status.
        body: Its body, without secrets.
        headers: What to pass on of its headers.
        asked: The request.
        candidate: Who refused.
    """
    if status not in _OF_A_KEY:
        return GatewayFailure.passed_on(status, body, headers=headers)
    provider = candidate.destination.provider.name
    said = error_message(body)
    field = _field(asked, candidate)
    failure = GatewayFailure(
        424,
        f"{provider} answered {status}{said and ': '}{said}; check the key in "
        f"{field or _own(candidate)}, and whether it may be used for this model",
        code="invalid_credentials",
        param=field,
    )
    failure.headers = dict(headers)
    failure.provider_status = status
    return failure


def _field(asked: Asked, candidate: Candidate) -> str | None:
    """The field of the request that the key is from; None for the gateway's own."""
    if not candidate.credentials:
        return None
    for name in _FIELDS:
        found = as_credentials(asked.respan.get(name) or {}).values()
        if candidate.credentials in found:
            return name
    return next((name for name in _LISTS if asked.respan.get(name)), None)


def _own(candidate: Candidate) -> str:
    provider = candidate.destination.provider
    if isinstance(provider, OpenAIDialect | TranslatedVendor) and provider.key_source:
        return provider.key_source
    return "the gateway's configuration"
