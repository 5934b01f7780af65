"""Step: read the body, and merge the three channels Respan's fields travel in.

A top-level field beats one in `respan_params`, which beats one in the header. The
legacy names are folded in. A container that is not an object is ignored, and the
header with it, as the platform does; the request is served, with a warning.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ..wire import OPENAI_FIELDS
from .asked import Asked
from .failure import GatewayFailure
from .fields import CONTAINERS, KNOWN, check_fields

__all__ = ["merge", "read"]

_CALL_FIELDS = OPENAI_FIELDS | {"messages", "model", "stream"}
_HEADERS = ("x-data-respan-params", "x-data-keywordsai-params")
_BETAS = frozenset({"token-breakdown-2026-03-26", "env-scoped-integrations-2026-03-28"})


def read(content: bytes, headers: Mapping[str, str]) -> Asked:
    """Make sense of a chat request.

    Args:
        content: The body.
        headers: The headers, names in lower case.

    Raises:
        GatewayFailure: 400, if the body is no JSON object, has no messages, or has a
            field that would change the answer and is not honoured yet.
    """
    asked = merge(_object(content), headers)
    _check_call(asked.openai)
    asked.warnings += check_fields(asked.respan)
    asked.warnings += [
        f"unknown beta flag {flag!r}" for flag in _unknown_betas(headers)
    ]
    return asked


def merge(body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked:
    """Merge the channels of a request.

    Args:
        body: The decoded body.
        headers: The headers, names in lower case.

    Example:
        >>> body = {"model": "m", "span_name": "top", "respan_params": {"note": "in"}}
        >>> merge(body, {}).respan
        {'note': 'in', 'span_name': 'top'}
    """
    asked = Asked({}, {}, route_provider=headers.get("x-respan-route-provider"))
    if any(name in body for name in CONTAINERS) or any(n in headers for n in _HEADERS):
        _take_containers(asked, body, headers)
    wanted = _forwarded(headers)
    for name, value in body.items():
        if name in _CALL_FIELDS or name in wanted:
            asked.openai[name] = value
        elif name in KNOWN:
            _take(asked, name, value)
        elif name not in CONTAINERS:
            asked.warnings.append(_unknown(name))
    return asked


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise GatewayFailure(400, "the body must be a JSON object", code="invalid_json")
    return body


def _check_call(openai: Mapping[str, Any]) -> None:
    messages = openai.get("messages")
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise GatewayFailure(
            400,
            "messages must be a list of objects with role and content",
            code="invalid_value",
            param="messages",
        )
    if openai.get("stream") not in (None, True, False):
        raise GatewayFailure(
            400, "stream must be true or false", code="invalid_value", param="stream"
        )


def _take_containers(
    asked: Asked, body: Mapping[str, Any], headers: Mapping[str, str]
) -> None:
    bad: list[str] = []
    legacy = _container(body, "keywordsai_params", bad)
    current = _container(body, "respan_params", bad)
    header = _decoded(headers, bad)
    if bad and bad != ["header"]:
        header = {}
    asked.warnings += [_malformed(name) for name in bad]
    for layer in (header, legacy, current):
        for name, value in layer.items():
            if name in KNOWN:
                _take(asked, name, value)
            else:
                asked.warnings.append(_misplaced(name))


def _container(body: Mapping[str, Any], name: str, bad: list[str]) -> dict[str, Any]:
    value = body.get(name)
    if isinstance(value, str):  # a JSON string of an object is as good as one
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = False
    if isinstance(value, dict):
        return value
    if value is not None:
        bad.append(name)
    return {}


def _decoded(headers: Mapping[str, str], bad: list[str]) -> dict[str, Any]:
    text = next((headers[name] for name in _HEADERS if name in headers), None)
    if text is None:
        return {}
    try:
        value = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    bad.append("header")
    return {}


def _take(asked: Asked, name: str, value: Any) -> None:
    """Lay a field over what a weaker channel said."""
    if value is None:
        return
    before = asked.respan.get(name)
    if name == "variables" and isinstance(before, dict) and isinstance(value, dict):
        value = {**before, **value}
    elif before is not None and before != value:
        asked.warnings.append(f"{name} was sent twice, with different values")
    asked.respan[name] = value


def _forwarded(headers: Mapping[str, str]) -> frozenset[str]:
    """Fields that nobody knows, and that the caller wants the provider to have."""
    listed = headers.get("x-respan-lab-forward", "")
    return frozenset(filter(None, map(str.strip, listed.split(",")))) - KNOWN


def _unknown_betas(headers: Mapping[str, str]) -> list[str]:
    flags = map(str.strip, headers.get("x-respan-beta", "").split(","))
    return [flag for flag in flags if flag and flag not in _BETAS]


def _malformed(name: str) -> str:
    if name == "header":
        return "X-Data-Respan-Params is not a base64 JSON object, and was ignored"
    return f"{name} is not an object, and was ignored with the header's params"


def _misplaced(name: str) -> str:
    if name in _CALL_FIELDS:
        return f"{name} belongs at the top level of the body, and was ignored"
    return _unknown(name)


def _unknown(name: str) -> str:
    return (
        f"{name!r} is not a known field, and was dropped; name it in the header "
        "X-Respan-Lab-Forward to have it sent to the provider"
    )
