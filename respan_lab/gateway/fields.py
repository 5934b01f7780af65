"""Which of Respan's fields the embedded gateway honours, records or refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..wire import RESPAN_FIELDS
from .failure import GatewayFailure

__all__ = ["HONOURED", "KNOWN", "check_fields"]

HONOURED = frozenset(
    {
        "cache_enabled",
        "custom_identifier",
        "disable_fallback",
        "load_balance_models",
        "models",
        "request_breakdown",
    }
)

# They would change the answer, so an answer without them would be a wrong one.
_REFUSED = frozenset(
    {
        "credential_override",
        "customer_api_keys",
        "customer_credentials",
        "customer_params",
        "delimiter",
        "eval_params",
        "exclude_models",
        "exclude_providers",
        "fallback_models",
        "field_name",
        "first_token_timeout",
        "load_balance_group",
        "loadbalance_models",
        "mock_response",
        "model_name_map",
        "prompt",
        "respan_api_controls",
        "retries",
        "retry_params",
    }
)

# They are written down for later, and the answer is the same without them.
_BOOKKEEPING = frozenset(
    {
        "cache_options",
        "cache_ttl",
        "category",
        "customer_email",
        "customer_identifier",
        "customer_name",
        "disable_log",
        "evaluation_identifier",
        "group_identifier",
        "metadata",
        "note",
        "positive_feedback",
        "properties",
        "session_identifier",
        "span_name",
        "span_parent_id",
        "span_unique_id",
        "span_workflow_name",
        "thread_identifier",
        "trace_group_identifier",
        "trace_unique_id",
        "variables",
        "weight",
    }
)

CONTAINERS = frozenset({"respan_params", "keywordsai_params"})
KNOWN = HONOURED | _REFUSED | _BOOKKEEPING | (RESPAN_FIELDS - CONTAINERS)

_LONGEST_IDENTIFIER = 254


def check_fields(respan: Mapping[str, Any]) -> list[str]:
    """Refuse what cannot be honoured yet; name what has no effect.

    Args:
        respan: Respan's fields of one request, merged.

    Returns:
        Warnings, in words.

    Raises:
        GatewayFailure: 400, naming the field.
    """
    for name in sorted(respan.keys() & _REFUSED):
        if _has_effect(name, respan[name]):
            raise _refusal(name)
    if respan.get("cache_enabled"):
        raise _refusal("cache_enabled")
    identifier = respan.get("customer_identifier")
    if isinstance(identifier, str) and len(identifier) > _LONGEST_IDENTIFIER:
        raise GatewayFailure(
            400,
            f"customer_identifier has {len(identifier)} characters; at most "
            f"{_LONGEST_IDENTIFIER} are allowed",
            code="invalid_value",
            param="customer_identifier",
        )
    idle = sorted(name for name in respan if name in _BOOKKEEPING)
    return [f"{name} is accepted, but not recorded yet" for name in idle]


def _has_effect(name: str, value: Any) -> bool:
    if name == "retry_params" and isinstance(value, Mapping):
        return value.get("retry_enabled") is not False
    return bool(value)


def _refusal(name: str) -> GatewayFailure:
    return GatewayFailure(
        400,
        f"the embedded gateway does not honour `{name}` yet, and without it the answer "
        "would be another one: leave it out, or use the hosted gateway",
        code="not_supported",
        param=name,
    )
