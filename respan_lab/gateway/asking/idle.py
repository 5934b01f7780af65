"""Fields of a request that change nothing: each is told, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...wire.respan_params import SavedPrompt

if TYPE_CHECKING:
    from .asked import Asked

__all__ = ["MOST_RETRIES", "idle_fields"]

MOST_RETRIES = 10
"""Of one model, whatever is asked for: a provider may say no for ever."""

_ROUTER_ONLY = ("exclude_models", "exclude_providers")
_CACHE_ONLY = ("cache_options", "cache_ttl")
_NOT_ENFORCED = (
    *("budget_duration", "markup_percentage", "period_budget", "period_end"),
    *("period_start", "rate_limit", "total_budget"),
)
# What is used of the credentials that a request brings along.
_OF_CREDENTIALS = frozenset({"api_base", "api_key"})


def idle_fields(asked: Asked) -> list[str]:
    """Name the fields that were given and change nothing, with the reason.

    Args:
        asked: The request, its fields of the right types.

    Example:
        >>> from respan_lab.gateway.asking.asked import Asked
        >>> idle_fields(Asked({}, {"cache_ttl": 60}))
        ['cache_ttl has no effect without `cache_enabled`']
    """
    respan = asked.respan
    if not respan:
        return []
    return [
        *_of_routing(asked),
        *_of_retries(respan),
        *_of_cache(respan),
        *_of_credentials(respan),
        *_of_prompt(respan),
        *_of_customer(respan),
        *_of_metadata(respan),
    ]


def _of_routing(asked: Asked) -> Iterator[str]:
    respan = asked.respan
    if "weight" in respan:
        yield "weight has no effect beside a request; weights go into lists"
    # Beside a model the list is one of fallbacks, and one entry is a model.
    is_routed = len(respan.get("models") or ()) > 1 and not asked.openai.get("model")
    for name in _ROUTER_ONLY:
        if respan.get(name) and not is_routed:
            yield (
                f"{name} has no effect without a router: `models` with several "
                "entries, and no `model`"
            )
    if respan.get("disable_fallback") and respan.get("fallback_models"):
        yield "fallback_models has no effect beside disable_fallback"


def _of_retries(respan: dict[str, Any]) -> Iterator[str]:
    params = respan.get("retry_params") or {}
    if max(respan.get("retries") or 0, params.get("num_retries") or 0) > MOST_RETRIES:
        yield f"more than {MOST_RETRIES} retries are not made"
    if "retry_params" in respan and "retries" in respan:
        yield "retries has no effect beside retry_params"


def _of_cache(respan: dict[str, Any]) -> Iterator[str]:
    if not respan.get("cache_enabled"):
        for name in _CACHE_ONLY:
            if name in respan:
                yield f"{name} has no effect without `cache_enabled`"
        return
    customer = respan.get("customer_params") or {}
    is_known = respan.get("customer_identifier") or customer.get("customer_identifier")
    if (respan.get("cache_options") or {}).get("cache_by_customer") and not is_known:
        yield "cache_options.cache_by_customer has no effect without a customer"


def _of_credentials(respan: dict[str, Any]) -> Iterator[str]:
    for field in ("credential_override", "customer_credentials"):
        for whose, credentials in (respan.get(field) or {}).items():
            if isinstance(credentials, dict):
                for name in sorted(credentials.keys() - _OF_CREDENTIALS):
                    yield f"{field}[{whose!r}].{name} is not used"


def _of_prompt(respan: dict[str, Any]) -> Iterator[str]:
    prompt = respan.get("prompt")
    if isinstance(prompt, dict):
        for name in sorted(prompt.keys() - SavedPrompt.__annotations__.keys()):
            yield f"prompt.{name} is not a field of prompt, and was ignored"


def _of_customer(respan: dict[str, Any]) -> Iterator[str]:
    customer = respan.get("customer_params") or {}
    for name in _NOT_ENFORCED:
        if customer.get(name) is not None:
            yield f"customer_params.{name} is recorded and not enforced"
    if customer.get("metadata"):
        yield "customer_params.metadata has no effect; metadata is what is filtered by"


def _of_metadata(respan: dict[str, Any]) -> Iterator[str]:
    for name, value in (respan.get("metadata") or {}).items():
        if name.startswith("_"):
            yield f"metadata.{name} is dropped: names with _ are the platform's own"
        elif not isinstance(value, str):
            yield f"metadata.{name} is kept as a text; properties keep types"
