"""A cell's key: the same question, asked of the same gateway, has the same key."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ...wire.secrets import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cell_key"]

# Who asked, and under which tag: it does not change the question.
_IDENTIFIERS = frozenset(
    {
        "custom_identifier",
        "metadata",
        "properties",
        "span_name",
        "thread_identifier",
    }
)
_ADDED = {"request_breakdown": True, "cache_enabled": False}
_ADDED_WITHIN = (
    ("stream_options", "include_usage"),
    ("cache_options", "is_cached_by_model"),
)
_ABSENT = object()


def cell_key(
    gateway: str,
    body: Mapping[str, Any],
    *,
    route_provider: str | None,
    run: int,
    ordinal: int,
) -> str:
    """The first 32 hex digits of a SHA-256 over everything that makes the question.

    Args:
        gateway: `embedded` with the address behind it, else host and path.
        body: The request before a run adds its own fields; credentials, identifiers
            and what a run would have added anyway are left out.
        route_provider: The pinned provider, which travels in a header.
        run: The repeat index.
        ordinal: 0 for the first of several identical requests in one plan.

    Example:
        >>> one = {"model": "m", "messages": [], "metadata": {"who": "me"}}
        >>> two = {"messages": [], "model": "m"}
        >>> how = {"route_provider": None, "run": 0, "ordinal": 0}
        >>> cell_key("embedded", one, **how) == cell_key("embedded", two, **how)
        True
    """
    question = {
        "gateway": gateway,
        "request": {
            name: value
            for name, value in _without_additions(without_credentials(body)).items()
            if name not in _IDENTIFIERS and not name.startswith("customer_")
        },
        "route_provider": route_provider,
        "run": run,
        "ordinal": ordinal,
    }
    canonical = json.dumps(
        question, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _without_additions(body: dict[str, Any]) -> dict[str, Any]:
    """The body without what a run adds, should the user have written it out."""
    kept = {
        name: value
        for name, value in body.items()
        if _ADDED.get(name, _ABSENT) != value or type(value) is not bool
    }
    for name, field in _ADDED_WITHIN:
        inner = kept.get(name)
        if isinstance(inner, dict) and inner.get(field) is True:
            kept[name] = {n: v for n, v in inner.items() if n != field}
            if not kept[name]:
                del kept[name]
    return kept
