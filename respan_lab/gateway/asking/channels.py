"""Step: read the body, and merge the three channels Respan's fields travel in.

A top-level field beats one in `respan_params`, which beats one in the header. That is
what the platform's reference says; by a newer one, `respan_params` beats the header,
which beats the top level, but for `variables`. The legacy names are folded in. A
container that is not an object is ignored, and the header with it, as the platform
does; the request is served, with a warning.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, Literal, NoReturn, TypeAlias

from ...wire import OPENAI_FIELDS, clean, clean_tree
from ...wire.secrets import has_credentials, secrets_of
from ..failure import GatewayFailure
from .asked import Asked
from .fields import CONTAINERS, KNOWN, check_fields

__all__ = ["Precedence", "merge", "read"]

Precedence: TypeAlias = Literal["seed", "newer"]

_CALL_FIELDS = OPENAI_FIELDS | {"messages", "model", "stream"}
_HEADERS = ("x-data-respan-params", "x-data-keywordsai-params")
_BETAS = frozenset({"token-breakdown-2026-03-26", "env-scoped-integrations-2026-03-28"})
_NONE: frozenset[str] = frozenset()
_OURS = KNOWN | CONTAINERS


def read(
    content: bytes, headers: Mapping[str, str], precedence: Precedence = "seed"
) -> Asked:
    """Make sense of a chat request.

    Args:
        content: The body.
        headers: The headers, names in lower case.
        precedence: Which channel wins; see `merge`.

    Raises:
        GatewayFailure: 400, if the body is no JSON object, has no messages, or a field
            has the wrong type or is not honoured.
    """
    asked = merge(_object(content), headers, precedence)
    _check_call(asked)
    check_fields(asked)
    asked.warnings += [
        f"unknown beta flag {flag!r}" for flag in sorted(asked.betas - _BETAS)
    ]
    return asked


def merge(
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    precedence: Precedence = "seed",
) -> Asked:
    """Merge the channels of a request.

    Args:
        body: The decoded body.
        headers: The headers, names in lower case.
        precedence: `"seed"`: the top level wins, then `respan_params`, then the header.
            `"newer"`: `respan_params` wins, then the header, then the top level, whose
            `variables` alone are laid over the others'.

    Example:
        >>> body = {"model": "m", "span_name": "top", "respan_params": {"note": "in"}}
        >>> merge(body, {}).respan
        {'note': 'in', 'span_name': 'top'}
        >>> body = {"span_name": "top", "respan_params": {"span_name": "in"}}
        >>> merge(body, {}, "newer").respan
        {'span_name': 'in'}
    """
    asked = Asked({}, {}, route_provider=headers.get("x-respan-route-provider") or None)
    asked.betas = _listed(headers.get("x-respan-beta", ""))
    layers = _containers(asked, body, headers)
    top = _sorted(asked, body, headers)
    for layer in _by_strength(layers, top, precedence):
        for name, value in layer.items():
            _take(asked, name, value)
    return asked


def _by_strength(
    layers: list[dict[str, Any]], top: dict[str, Any], precedence: Precedence
) -> list[dict[str, Any]]:
    """The layers of Respan's fields, the weakest first."""
    header, legacy, current = layers
    if precedence == "seed":
        return [header, legacy, current, top]
    variables = {name: top[name] for name in ("variables",) if name in top}
    rest = {name: value for name, value in top.items() if name not in variables}
    return [rest, header, legacy, current, variables]


def _sorted(
    asked: Asked, body: Mapping[str, Any], headers: Mapping[str, str]
) -> dict[str, Any]:
    """Put OpenAI's fields where they belong; give Respan's of the top level."""
    wanted = _forwarded(asked, headers)
    top = {}
    for name, value in body.items():
        if name in KNOWN:
            top[name] = value
        elif name in _CALL_FIELDS or name in wanted:
            if value is not None:  # null is as good as absent
                asked.openai[name] = value
        elif name not in CONTAINERS:
            asked.warnings.append(_unknown(name))
    return top


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = _decoded_json(content)
    except RecursionError:
        raise _no_object("it is nested too deeply") from None
    except ValueError as error:  # JSON's and Unicode's own, and numbers without end
        raise _no_object(f"{error}") from None
    if not isinstance(body, dict):
        raise _no_object(f"it is {type(body).__name__!r}")
    return body


def _no_object(reason: str) -> GatewayFailure:
    return GatewayFailure(
        400, f"the body must be a JSON object: {reason}", code="invalid_json"
    )


def _decoded_json(content: bytes | str) -> Any:
    # Halves of a surrogate pair, which can be neither sent nor stored, are replaced.
    # Where none is written out, and no escape can stand for one, none is looked for.
    if isinstance(content, bytes):
        content = content.decode(json.detect_encoding(content), "surrogatepass")
    value = _JSON.decode(content)
    has_halves = "\\u" in content or clean(content) is not content
    return clean_tree(value) if has_halves else value


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a number JSON can carry: numbers are finite")


# A decoder of its own is what `json.loads` would make for each body.
_JSON = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _check_call(asked: Asked) -> None:
    messages = asked.openai.get("messages")
    has_prompt = asked.respan.get("prompt") is not None
    if messages is None and has_prompt:
        messages = asked.openai["messages"] = []
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise _wrong(
            "messages", "messages must be a list of objects with role and content"
        )
    for at, message in enumerate(messages):
        _check_message(message, f"messages[{at}]")
    if not messages and not has_prompt:
        raise _wrong("messages", "messages is empty: give at least one")
    stream = asked.openai.get("stream")
    if stream is not None and not isinstance(stream, bool):  # 1 == True
        raise _wrong("stream", "stream must be true or false")
    model = asked.openai.get("model")
    if model == "":  # some clients cannot leave it out
        del asked.openai["model"]
    elif model is not None and not isinstance(model, str):
        raise _wrong("model", f"model is of type {type(model).__name__}, not a text")


def _check_message(message: dict[str, Any], where: str) -> None:
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not role:
        raise _wrong(
            "messages",
            f"{where}.role is missing or no text; roles are system, developer, user, "
            "assistant and tool",
        )
    is_list = isinstance(content, list) and all(isinstance(p, dict) for p in content)
    if content is not None and not isinstance(content, str) and not is_list:
        raise _wrong("messages", f"{where}.content must be a text or a list of parts")


def _wrong(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=param)


def _containers(
    asked: Asked, body: Mapping[str, Any], headers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Give the fields in the header, the legacy container and the current one."""
    bad: list[str] = []
    legacy = _container(body, "keywordsai_params", bad)
    current = _container(body, "respan_params", bad)
    header = _decoded(headers, bad)
    if bad and bad != ["header"]:
        header = {}
    asked.warnings += [_malformed(name) for name in bad]
    layers = [header, legacy, current]
    # Before anything of it is dropped.
    everything = [body, *filter(None, layers)]
    asked.has_credentials = has_credentials(everything)
    asked.secrets = secrets_of(everything) if asked.has_credentials else ()
    for layer in layers:
        for name in [name for name in layer if name not in KNOWN]:
            del layer[name]
            asked.warnings.append(_misplaced(name))
    return layers


def _container(body: Mapping[str, Any], name: str, bad: list[str]) -> dict[str, Any]:
    value = body.get(name)
    if isinstance(value, str):  # a JSON string of an object is as good as one
        try:
            value = _decoded_json(value)
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
        value = _decoded_json(base64.b64decode(text, validate=True))
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
        asked.warnings.append(
            f"{name} was sent twice, with different values: gateways disagree on which "
            "one wins"
        )
    asked.respan[name] = value


def _forwarded(asked: Asked, headers: Mapping[str, str]) -> frozenset[str]:
    """Fields that nobody knows, and that the caller wants the provider to have."""
    names = _listed(headers.get("x-respan-lab-forward", ""))
    refused = names & _OURS  # there may be keys in them
    asked.warnings += [
        f"X-Respan-Lab-Forward: {name} is Respan's own field, and is not sent to the "
        "provider"
        for name in sorted(refused)
    ]
    return names - refused


def _listed(text: str) -> frozenset[str]:
    """The words of a header that lists some, with commas between them."""
    return frozenset(filter(None, map(str.strip, text.split(",")))) if text else _NONE


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
