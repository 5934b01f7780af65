"""Which models there are: the lists behind `GET /api/models` and its public twin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from ..prices import Price
    from .exchange import Exchange
    from .gateway import Gateway
    from .providers import ModelCard, Provider

__all__ = ["list_models", "list_public_models", "show_model"]


class _Entry(NamedTuple):
    provider: Provider
    card: ModelCard
    price: Price | None


async def list_models(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with the models, as OpenAI's list, and what we know of each."""
    entries = await asyncio.to_thread(_entries, gateway)
    data = [_listed(entry) for entry in entries]
    await exchange.answer_json({"object": "list", "data": data})


async def show_model(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with one model, or with why there is none of that name."""
    name: str = exchange.scope["path_params"]["name"]
    provider, slug = await gateway.names_for(exchange).locate(name)
    card = await asyncio.to_thread(provider.card, slug)
    price = gateway.prices.price(slug, provider.name)
    await exchange.answer_json(_listed(_Entry(provider, card, price)))


async def list_public_models(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with models and prices, in the platform's shape; needs no key."""
    entries = await asyncio.to_thread(_entries, gateway)
    models = [_public(entry) for entry in entries if entry.card.is_available]
    query = parse_qs(exchange.scope.get("query_string", b"").decode("latin-1"))
    bare = query.get("unnest", [""])[-1].lower() == "true"
    await exchange.answer_json(models if bare else {"models": models})


def _entries(gateway: Gateway) -> list[_Entry]:
    return list(_all(gateway))


def _all(gateway: Gateway) -> Iterator[_Entry]:
    names = gateway.names
    for name, provider in sorted(names.providers.items()):
        if name in names.missing:
            continue
        for card in provider.models():
            yield _Entry(provider, card, gateway.prices.price(card.id, name))


def _name(entry: _Entry) -> str:
    # A local model that is a file is called by its path, which may begin with a slash.
    is_path = entry.provider.name == "local" and entry.card.id.endswith(".gguf")
    return f"{entry.provider.name}{':' if is_path else '/'}{entry.card.id}"


def _listed(entry: _Entry) -> dict[str, Any]:
    card, price = entry.card, entry.price
    return {
        "id": _name(entry),
        "object": "model",
        "created": 0,
        "owned_by": entry.provider.name,
        "max_concurrency": entry.provider.max_concurrency,
        "simulated": card.is_simulated,
        "label": card.label,
        "available": card.is_available,
        "reason": card.reason,
        "context_window": card.context_window,
        "provenance": card.provenance and dict(card.provenance),
        "input_cost": price and price.input,
        "output_cost": price and price.output,
        "cache_hit_input_cost": price and price.cached_input,
    }


def _public(entry: _Entry) -> dict[str, Any]:
    price, name = entry.price, entry.provider.name
    cost = {"input_cost": price and price.input, "output_cost": price and price.output}
    return {
        "model_name": _name(entry),
        "max_context_window": entry.card.context_window,
        **cost,
        "prompt_cost": cost["input_cost"],
        "completion_cost": cost["output_cost"],
        "rate_limit": None,
        "provider": {
            "provider_name": name,
            "provider_id": name,
            "moderation": None,
            "credential_fields": [],
        },
    }
