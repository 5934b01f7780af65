"""A cell's key: the same question, asked of the same gateway, has the same key."""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from ..wire.secrets import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Question", "cell_key"]

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
_SAID = "messages"
_json = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode


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
    question = Question(gateway, body, route_provider=route_provider)
    text = question.request(body.get("messages"))
    return question.key(text, run=run, ordinal=ordinal)


class Question:
    """What makes the keys of requests that differ in their messages alone.

    Args:
        gateway: As for `cell_key`.
        body: As there, of any of the requests.
        route_provider: As there.
    """

    __slots__ = ("_after", "_before", "_head", "_tail")

    def __init__(
        self, gateway: str, body: Mapping[str, Any], *, route_provider: str | None
    ) -> None:
        fields = {
            name: value
            for name, value in _without_additions(without_credentials(body)).items()
            if name not in _IDENTIFIERS and not name.startswith("customer_")
        }
        # The names of the whole stand in the order of the alphabet.
        self._before = _members({n: v for n, v in fields.items() if n < _SAID})
        self._after = _members({n: v for n, v in fields.items() if n > _SAID})
        self._head = f'{{"gateway":{_json(gateway)},"ordinal":'
        self._tail = f',"route_provider":{_json(route_provider)},"run":'

    def request(self, messages: Any) -> str:
        """Write out the part of a request that makes the question.

        Args:
            messages: What it says; None if a saved prompt says it all.
        """
        said = {} if messages is None else {_SAID: messages}
        parts = (self._before, _members(without_credentials(said)), self._after)
        return f"{{{','.join(filter(None, parts))}}}"

    def plain_request(self, said: Sequence[str]) -> str:
        """Do as `request` for messages of a role and a text each, more quickly.

        Args:
            said: Roles and texts in turn.
        """
        texts = map(encode_basestring, said)
        messages = [
            f'{{"content":{text},"role":{role}}}'
            for role, text in zip(texts, texts, strict=True)
        ]
        said_so = f'"{_SAID}":[{",".join(messages)}]'
        return f"{{{','.join(filter(None, (self._before, said_so, self._after)))}}}"

    def key(self, request: str, *, run: int, ordinal: int) -> str:
        """Give the key.

        Args:
            request: What `request` gave.
            run: The repeat index.
            ordinal: 0 for the first of several identical requests in one plan.
        """
        text = f'{self._head}{ordinal},"request":{request}{self._tail}{run}}}'
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _members(fields: Mapping[str, Any]) -> str:
    """The fields as they stand within an object's braces."""
    return _json(fields)[1:-1]


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
