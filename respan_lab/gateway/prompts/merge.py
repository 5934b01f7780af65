"""How a saved prompt's version meets the request it is used in.

`schema_version` 2: request < version < `patch`; the prompt's messages come first, then
the request's. 1 with `override`: request < version < `override_params`, whose messages
stand in place of the prompt's or after them. 1 without: version < request, and the
prompt's messages are used if the request has none.

What names the model (`model`, `models`, and the weighted lists) is one thing: who sets
any of it sets aside what weaker ones say of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..failure import GatewayFailure
from .fields import ROUTING

if TYPE_CHECKING:
    from ..asking.asked import Asked
    from .request import PromptRequest

__all__ = ["merge", "overlaid"]

_TARGET = ("model", "models", "load_balance_models", "load_balance_group")
_OF_RESPAN = {*_TARGET[1:], *ROUTING}
_APART = ("messages", "stream")


def merge(
    asked: Asked,
    request: PromptRequest,
    *,
    config: Mapping[str, Any],
    messages: list[dict[str, Any]],
) -> None:
    """Change a request to what it becomes with its prompt.

    Args:
        asked: The request; what it loses is named in its warnings.
        request: How they meet.
        config: What the version says, messages apart.
        messages: The prompt's, rendered.

    Raises:
        GatewayFailure: 400, if nobody names a model.
    """
    body = _body(asked)
    over = (config, request.layer)
    fields = overlaid(body, *over) if request.override else overlaid(config, body)
    if request.override:
        asked.warnings += _lost(body, overlaid(*over))
    asked.has_credentials = True  # for all that is known: a prompt may have some
    asked.openai["messages"] = _messages(asked, request, messages)
    for name in body:
        (asked.respan if name in _OF_RESPAN else asked.openai).pop(name)
    for name, value in fields.items():
        (asked.respan if name in _OF_RESPAN else asked.openai)[name] = value
    if not any(fields.get(name) for name in _TARGET):
        raise GatewayFailure(
            400,
            "nobody names a model: set it in the prompt's version, or send `model`",
            code="invalid_value",
            param="model",
        )


def overlaid(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay fields over each other, the strongest last.

    Example:
        >>> overlaid({"models": ["a", "b"], "seed": 1}, {"model": "c"})
        {'seed': 1, 'model': 'c'}
    """
    fields: dict[str, Any] = {}
    for layer in layers:
        if any(name in layer for name in _TARGET):
            fields = {n: v for n, v in fields.items() if n not in _TARGET}
        fields.update(layer)
    return fields


def _body(asked: Asked) -> dict[str, Any]:
    """What the request says of what a prompt can say, too; null says nothing."""
    openai = {n: v for n, v in asked.openai.items() if n not in _APART}
    respan = {n: v for n, v in asked.respan.items() if n in _OF_RESPAN}
    for name in [name for name, value in openai.items() if value is None]:
        del openai[name], asked.openai[name]
    return {**openai, **respan}


def _lost(body: Mapping[str, Any], stronger: Mapping[str, Any]) -> list[str]:
    names_model = any(name in stronger for name in _TARGET)
    lost = [
        name
        for name, value in body.items()
        if (name in stronger and stronger[name] != value)
        or (name in _TARGET and names_model and name not in stronger)
    ]
    return [f"{name} of the request is set aside by its prompt's" for name in lost]


def _messages(
    asked: Asked, request: PromptRequest, own: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    sent = asked.openai.get("messages") or []
    if request.schema_version == 2:
        return [*own, *sent]
    if not request.override:
        if sent:
            asked.warnings.append(
                "the request's messages stand in place of the prompt's, since "
                "prompt.override is not true; leave them out, or use schema_version 2"
            )
        return sent or own
    if sent:
        asked.warnings.append("messages of the request is set aside by its prompt's")
    if request.messages is None:
        return own
    return [*own, *request.messages] if request.appends else request.messages
