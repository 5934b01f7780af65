"""What makes a request the same as another one, for the response cache."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .setting import Setting

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
_PATH = "local:"  # what follows is a file, which callers over a socket cannot name
_UNSURE = re.compile("[?#@]")
_SORTED = json.JSONEncoder(sort_keys=True)
_ALONE = Setting()  # no configuration, and a caller in this process


def cache_key(asked: Asked, setting: Setting = _ALONE) -> str | None:
    """Give what the answer to a request is kept under.

    It is made of the messages, of every parameter that may change the answer, exactly
    as given, and of who was asked: the model, the lists (of a saved group what is in it
    now), the fallbacks, and the addresses where the providers are. A function of the
    user's is another one in every gateway, since an edit cannot be seen. The hosted
    gateway, by default, leaves the model out, and so may answer for one model what
    another has said; here it takes `"is_cached_by_model": false` to have that. With
    `cache_by_customer` it is made of the customer, too.

    Providers' keys are no part of it, not even hashed. An address given with a key is:
    the same name at another server is another model. A request over a socket that
    brings keys of its own shares answers only with those that show the same client
    key, so that nobody has what another's provider key has paid for; in this process,
    everybody is the user. So does one that names a file: only where an in-process
    caller may name it is its answer to be had.

    Args:
        asked: The request, its fields checked.
        setting: The gateway it came to, and how.

    Returns:
        64 hexadecimal digits; None if the request does not ask for the cache.

    Example:
        >>> from respan_lab.gateway.asking.asked import Asked
        >>> cold = Asked({"messages": [], "temperature": 0}, {"cache_enabled": True})
        >>> warm = Asked({"messages": [], "temperature": 1}, {"cache_enabled": True})
        >>> cache_key(cold) == cache_key(warm)
        False
    """
    if not asked.wants_cache:
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
        parts["of"] = _answerers(asked, setting)
    if options.get("cache_by_customer"):
        parts["for"] = _customer(asked.respan)
    if setting.caller is not None and _is_private(asked, setting):
        parts["by"] = setting.caller
    return hashlib.sha256(_SORTED.encode(parts).encode()).hexdigest()


def is_by_model(asked: Asked) -> bool:
    """Whether one model's answer is never given for another's."""
    return _options(asked).get("is_cached_by_model") is not False


def _options(asked: Asked) -> dict[str, Any]:
    return asked.respan.get("cache_options") or {}


def _customer(respan: dict[str, Any]) -> Any:
    params = respan.get("customer_params") or {}
    return params.get("customer_identifier") or respan.get("customer_identifier")


def _answerers(asked: Asked, setting: Setting) -> dict[str, Any]:
    public = asked.public()
    found = {name: public[name] for name in ("model", *_CHOOSERS) if public.get(name)}
    group = _group(asked, setting)
    found["group"] = [
        {name: value for name, value in entry.items() if name != "credentials"}
        for entry in group
    ]
    found["route_provider"] = asked.route_provider
    given = {name: asked.respan[name] for name in _CREDENTIALS if name in asked.respan}
    found["places"] = _places({**given, "group": group})
    found["behind"] = _behind(_named(asked, setting), asked.route_provider, setting)
    return _pruned(found)


def _group(asked: Asked, setting: Setting) -> list[Mapping[str, Any]]:
    """The saved list a request asks for, as it is now; empty for none."""
    group = asked.respan.get("load_balance_group") or {}
    if group.get("models"):
        return []
    return [*setting.groups.get(group.get("group_id", ""), ())]


def _own_list(asked: Asked) -> list[Mapping[str, Any]]:
    """The weighted list that a request brings along; empty for none."""
    group = asked.respan.get("load_balance_group") or {}
    return group.get("models") or asked.respan.get("load_balance_models") or []


def _named(asked: Asked, setting: Setting) -> list[str]:
    """Every model that may answer, as it is named."""
    weighted = [*_own_list(asked), *_group(asked, setting)]
    names = [
        asked.openai.get("model"),
        *(asked.respan.get("models") or ()),
        *(asked.respan.get("fallback_models") or ()),
        *(entry.get("model") for entry in weighted),
    ]
    return [name for name in names if isinstance(name, str)]


def _behind(names: Sequence[str], pin: str | None, setting: Setting) -> dict[str, str]:
    """What is behind the names; behind a bare one may be any provider."""
    found: dict[str, str] = {}
    for name in names:
        prefix, _, slug = name.partition("/")
        keys = {name, prefix, *((pin, f"{pin}/{slug or name}") if pin else ())}
        if pin is None and prefix not in setting.places:
            keys.update(key for key in setting.places if "/" not in key)
        for key in keys & setting.places.keys():
            found[key] = _bare(setting.places[key])
    return found


def _is_private(asked: Asked, setting: Setting) -> bool:
    """Whether not every caller may have the answer."""
    return (
        any(asked.respan.get(name) for name in _CREDENTIALS[:2])
        or any(entry.get("credentials") for entry in _own_list(asked))
        or any(name.startswith(_PATH) for name in _named(asked, setting))
    )


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
    if not _UNSURE.search(url):  # as nearly all
        return url
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])
