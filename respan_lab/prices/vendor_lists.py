"""The vendors' own price lists, as genai-prices keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .price import Price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

__all__ = [
    "LISTS",
    "listed_models",
    "price_of",
    "snapshot",
    "vendors_listing",
    "worst_price_of",
]

LISTS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "vertex_ai": "google",
    "xai": "x-ai",
}
"""Our provider ids, and what the price lists call them."""

# Every way a vendor bills a token of a text or an image, whether `Price` tells it apart
# or not.
_READ = (
    "input_mtok",
    "input_image_mtok",
    "cache_read_mtok",
    "cache_image_read_mtok",
    "cache_write_mtok",
    "cache_write_1h_mtok",
)
_WRITTEN = (
    "output_mtok",
    "output_image_mtok",
    "output_reasoning_mtok",
    "output_citation_mtok",
)
# Google's list also has the Claude models it hosts, which its own API does not serve.
_GOOGLE = ("gemini", "vertex_ai")


def snapshot() -> DataSnapshot:
    """Give all price lists, read once a process, which takes tenths of a second."""
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


def vendors_listing(slug: str) -> tuple[str, ...]:
    """Name the vendors whose list has exactly this model, sorted.

    Example:
        >>> vendors_listing("gpt-4o-mini")
        ('openai',)
    """
    return tuple(
        vendor
        for vendor in LISTS
        if any(entry.is_match(slug) for entry in listed_models(vendor))
    )


def listed_models(vendor: str) -> list[ModelInfo]:
    """List the models of a vendor; empty for one without a list."""
    name = LISTS.get(vendor)
    entries = next((p.models for p in snapshot().providers if p.id == name), [])
    if vendor in _GOOGLE:
        return [entry for entry in entries if "claude" not in entry.id]
    return entries


def price_of(listed: ModelPrice) -> Price | None:
    """Read a price; None if it is no price of a prompt's and an answer's tokens."""
    return _price(listed, _tier)


def worst_price_of(listed: ModelPrice) -> Price | None:
    """Read the dearest way in which a token of a prompt, or of an answer, is billed."""
    return _price(listed, _dearest_tier)


def _price(
    listed: ModelPrice, tier: Callable[[ModelPrice, int], Price | None]
) -> Price | None:
    starts = {
        step.start
        for value in vars(listed).values()
        for step in getattr(value, "tiers", ())
    }
    base = tier(listed, 0)
    if base is None:
        return None
    tiers = [(start, tier(listed, start + 1)) for start in sorted(starts)]
    return replace(base, tiers=tuple((s, t) for s, t in tiers if t is not None))


def _tier(listed: ModelPrice, n_tokens: int) -> Price | None:
    def dollars(name: str) -> float | None:
        return _dollars(listed, name, n_tokens)

    before, after = dollars("input_mtok"), dollars("output_mtok")
    if before is None or after is None:
        return None
    cached, write = dollars("cache_read_mtok"), dollars("cache_write_mtok")
    return Price(before, after, cached, write, (dollars("requests_kcount") or 0) / 1e3)


def _dearest_tier(listed: ModelPrice, n_tokens: int) -> Price | None:
    plain = _tier(listed, n_tokens)
    if plain is None:
        return None
    read = max(_dollars(listed, name, n_tokens) or 0 for name in _READ)
    written = max(_dollars(listed, name, n_tokens) or 0 for name in _WRITTEN)
    return Price(read, written, per_request=plain.per_request)


def _dollars(listed: ModelPrice, name: str, n_tokens: int) -> float | None:
    value: Any = vars(listed).get(name)
    if value is None:
        return None
    reached = [t.price for t in getattr(value, "tiers", ()) if n_tokens > t.start]
    return float(reached[-1] if reached else getattr(value, "base", value))
