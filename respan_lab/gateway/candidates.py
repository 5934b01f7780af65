"""Step: which model answers.

One model is itself. Of a router list, one of the models that can be called is drawn,
each with the same chance. A weighted list is drawn from, each model with the chance of
its weight in their sum.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from .asked import Asked
from .failure import GatewayFailure
from .names import Destination, Names

__all__ = ["Candidate", "choose"]


class Candidate(NamedTuple):
    """The model that is to answer.

    Attributes:
        name: Its name as the request has it.
        destination: Who runs it.
        reason: Why it was chosen; None if the request named it.
        credentials: The call's own; None for the provider's.
    """

    name: str
    destination: Destination
    reason: str | None = None
    credentials: Mapping[str, Any] | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of the credentials must not be shown."""
        values = (self.credentials or {}).values()
        return tuple(value for value in values if isinstance(value, str))


class _Weighted(NamedTuple):
    name: str
    weight: float
    credentials: Mapping[str, Any] | None


async def choose(asked: Asked, names: Names, draw: Callable[[], float]) -> Candidate:
    """Choose the model for a request.

    Args:
        asked: The request.
        names: Who runs what.
        draw: Gives numbers in [0, 1); used for lists only.

    Raises:
        GatewayFailure: The request names no model, or none that can be called.
    """
    weighted, models = asked.respan.get("load_balance_models"), _models(asked)
    if weighted and models:
        raise _bad("models", "give either `models` or `load_balance_models`, not both")
    if weighted:
        return await _drawn(_weighted(weighted), asked, names, draw)
    if len(models) > 1:
        return await _routed(models, asked, names, draw)
    model = models[0] if models else asked.openai.get("model")
    if not isinstance(model, str) or not model:
        raise _bad("model", "name a model: `model`, `models` or `load_balance_models`")
    return Candidate(model, await names.locate(model, pin=asked.route_provider))


def _models(asked: Asked) -> list[str]:
    models = asked.respan.get("models") or []
    if not isinstance(models, list) or not all(_is_name(name) for name in models):
        raise _bad("models", "models must be a list of model names")
    if models and asked.openai.get("model") is not None:
        raise _bad(
            "models",
            "the embedded gateway does not honour `models` beside `model` yet (there "
            "it means fallbacks): leave one of them out",
            code="not_supported",
        )
    return models


async def _routed(
    models: list[str], asked: Asked, names: Names, draw: Callable[[], float]
) -> Candidate:
    usable: list[tuple[str, Destination]] = []
    skipped: list[str] = []
    for name in models:
        try:
            found = await names.locate(name, pin=asked.route_provider)
            reason = await _unavailable(found)
        except GatewayFailure as failure:
            reason = str(failure)
        if reason is None:
            usable.append((name, found))
        else:
            skipped.append(f"{name}: {reason}")
    if not usable:
        raise GatewayFailure(
            424,
            f"none of `models` can be called: {'; '.join(skipped)}",
            code="no_usable_model",
            param="models",
        )
    name, found = usable[_pick([1.0] * len(usable), draw)]
    said = f"drawn from {len(usable)} usable of {len(models)} models"
    return Candidate(name, found, "; skipped ".join([said, *skipped]))


async def _unavailable(found: Destination) -> str | None:
    if found.provider.name != "local":  # all others are there if their key is
        return None
    card = await asyncio.to_thread(found.provider.card, found.slug)
    return None if card.is_available else card.reason


async def _drawn(
    candidates: list[_Weighted], asked: Asked, names: Names, draw: Callable[[], float]
) -> Candidate:
    # All of them are located, so that a wrong name fails always and not now and then.
    found = [
        await names.locate(
            each.name,
            pin=asked.route_provider,
            has_credentials=each.credentials is not None,
        )
        for each in candidates
    ]
    if asked.openai.get("model") is not None:
        asked.warnings.append("model was overridden by load_balance_models")
    at = _pick([each.weight for each in candidates], draw)
    total = sum(each.weight for each in candidates)
    reason = f"drawn with weight {candidates[at].weight:g} of {total:g}"
    name, _, credentials = candidates[at]
    return Candidate(name, found[at], reason, credentials)


def _pick(weights: list[float], draw: Callable[[], float]) -> int:
    if len(weights) == 1:
        return 0
    point = draw() * sum(weights)
    for at, weight in enumerate(weights):
        point -= weight
        if point < 0:
            return at
    return len(weights) - 1  # rounding


def _weighted(given: Any) -> list[_Weighted]:
    if not isinstance(given, list):
        raise _bad("load_balance_models", "load_balance_models must be a list")
    return [_one_weighted(each) for each in given]


def _one_weighted(given: Any) -> _Weighted:
    if not isinstance(given, dict) or not _is_name(given.get("model")):
        raise _bad(
            "load_balance_models",
            'each of load_balance_models must be like {"model": "...", "weight": 1}',
        )
    weight, credentials = given.get("weight", 1), given.get("credentials")
    if not _is_weight(weight):
        raise _bad(
            "load_balance_models",
            f"the weight of {given['model']!r} is {weight!r}; it must be a number "
            "above 0",
        )
    if credentials is not None and not isinstance(credentials, dict):
        raise _bad(
            "load_balance_models",
            f"the credentials of {given['model']!r} must be an object with `api_key`",
        )
    return _Weighted(given["model"], float(weight), credentials or None)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and isfinite(value) and value > 0


def _bad(param: str, message: str, code: str = "invalid_value") -> GatewayFailure:
    return GatewayFailure(400, message, code=code, param=param)
