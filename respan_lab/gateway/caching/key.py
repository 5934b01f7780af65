"""What makes a request the same as another one, for the response cache."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..asking.asked import Asked

__all__ = ["cache_key", "is_by_model"]

# They say how the answer travels, for whom it is, what the provider keeps of it, and
# where its own prompt cache is; none can change a word of it. `service_tier` is not
# among them: the answer tells which one it was served with.
_SILENT = frozenset(
    {
        "model",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "store",
        "stream",
        "stream_options",
        "user",
    }
)
_CHOOSERS = (
    "disable_fallback",
    "exclude_models",
    "exclude_providers",
    "fallback_models",
    "load_balance_group",
    "load_balance_models",
    "model_name_map",
    "models",
)
_CREDENTIALS = (
    "credential_override",
    "customer_credentials",
    "load_balance_group",
    "load_balance_models",
)


def cache_key(asked: Asked) -> str | None:
    """Give what the answer to a request is kept under.

    It is made of the messages, of every parameter that may change the answer, exactly
    as given, and of who was asked: the model, the lists and the fallbacks. The hosted
    gateway, by default, leaves the model out, and so may answer for one model what
    another has said; here it takes `"is_cached_by_model": false` to have that. With
    `cache_by_customer` it is made of the customer, too.

    Keys are no part of it, not even hashed. An address given with a key is: the same
    name at another server is another model.

    Args:
        asked: The request, its fields checked.

    Returns:
        64 hexadecimal digits; None if the request does not ask for the cache.

    Example:
        >>> from respan_lab.gateway.asking.asked import Asked
        >>> cold = Asked({"messages": [], "temperature": 0}, {"cache_enabled": True})
        >>> warm = Asked({"messages": [], "temperature": 1}, {"cache_enabled": True})
        >>> cache_key(cold) == cache_key(warm)
        False
    """
    if asked.respan.get("cache_enabled") is not True:
        return None
    options = _options(asked)
    parts: dict[str, Any] = {
        "asked": {
            name: value
            for name, value in asked.openai.items()
            if name not in _SILENT and value is not None
        }
    }
    if is_by_model(asked):
        parts["of"] = _answerers(asked)
    if options.get("cache_by_customer"):
        parts["for"] = _customer(asked.respan)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_by_model(asked: Asked) -> bool:
    """Whether one model's answer is never given for another's."""
    return _options(asked).get("is_cached_by_model") is not False


def _options(asked: Asked) -> dict[str, Any]:
    return asked.respan.get("cache_options") or {}


def _customer(respan: dict[str, Any]) -> Any:
    params = respan.get("customer_params") or {}
    return params.get("customer_identifier") or respan.get("customer_identifier")


def _answerers(asked: Asked) -> dict[str, Any]:
    public = asked.public()
    found = {name: public[name] for name in ("model", *_CHOOSERS) if public.get(name)}
    found["route_provider"] = asked.route_provider
    found["places"] = _places({n: asked.respan.get(n) for n in _CREDENTIALS})
    return _pruned(found)


def _places(value: Any) -> Any:
    """The addresses in credentials, each where it stands, and nothing else of them."""
    if isinstance(value, list):
        value = {str(at): each for at, each in enumerate(value)}
    if not isinstance(value, dict):
        return None
    url = value.get("api_base")
    inner = {name: _places(each) for name, each in value.items()}
    return _pruned({**inner, "api_base": _bare(url) if isinstance(url, str) else None})


def _pruned(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if each}


def _bare(url: str) -> str:
    """An address without what may be secret in it."""
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])
