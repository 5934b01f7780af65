"""The vendors' prices, with the user's own laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .own import check_overrides, own_prices
from .price import Price, cost_of, dearest
from .vendor_lists import (
    LISTS,
    listed_models,
    price_of,
    snapshot,
    vendors_listing,
    worst_price_of,
)

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

    from ..wire import Usage

__all__ = ["PriceTable", "PricedModel"]

_MOST_NAMES = 4096
_LONGEST_NAME = 256  # none on a list is nearly as long
_QUARTERS = 24 * 4 + 1  # of an hour: prices change on the hour or the half hour


class PricedModel(NamedTuple):
    """A model on a vendor's price list."""

    slug: str
    price: Price | None
    context_window: int | None


class PriceTable:
    """The price lists of the vendors, with the user's own prices laid over them.

    Args:
        overrides: Model, with or without its provider's prefix, to `{"input",
            "output", "cached_input"?, "cache_write"?}` in dollars per million tokens.
            None for the price lists alone.

    Raises:
        ConfigError: A price is missing, unknown, negative or not a number.

    Example:
        >>> table = PriceTable({"vllm/llama": {"input": 0.1, "output": 0.4}})
        >>> table.price("llama", "vllm").output
        0.4
        >>> table.price("nobody-knows-it") is None
        True
    """

    def __init__(
        self, overrides: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        self._given = dict(check_overrides(overrides))
        self._overrides = own_prices(self._given)
        # Callers invent names, so only so many are remembered.
        self._entry = lru_cache(_MOST_NAMES)(self._find)
        self._vendors = lru_cache(_MOST_NAMES)(vendors_listing)
        # By identity, with the list's own object kept alive beside the result.
        self._converted: dict[int, tuple[ModelPrice, Price | None]] = {}

    def under(self, overrides: Mapping[str, Mapping[str, float]] | None) -> PriceTable:
        """Give a table with more prices of the user's laid over this one's.

        Args:
            overrides: As for a new table; None changes nothing.

        Raises:
            ConfigError: A price is missing, unknown, negative or not a number.

        Example:
            >>> table = PriceTable({"m": {"input": 1, "output": 2}})
            >>> table.under({"m": {"input": 3, "output": 4}}).price("m").input
            3.0
        """
        return PriceTable({**self._given, **check_overrides(overrides)})

    def price(
        self, model: str, provider: str | None = None, *, at: datetime | None = None
    ) -> Price | None:
        """Give a model's price; None if nobody knows it.

        Args:
            model: A model, with or without the prefix `provider/`.
            provider: Who runs it; None takes the prefix, or else the model's maker.
            at: When; some vendors are cheaper at night. None for now.
        """
        provider, slug = _split(model, provider)
        own = self._own(provider, slug)
        if own is not None:
            return own
        entry = self._entry_of(provider, slug)
        if entry is None:
            return None
        return self._convert(entry.get_prices(at or datetime.now(UTC)))

    def worst(
        self, model: str, provider: str | None = None, *, at: datetime | None = None
    ) -> Price | None:
        """Give the most that a model's text can cost in a day; None if nobody knows.

        Its `input` is the dearest way a prompt token is billed (read, cached, or
        written to a cache), and of all hours' prices and of all vendors that may be
        meant the dearest counts. Tiers never fall.

        Args:
            model: A model, with or without the prefix `provider/`.
            provider: Who runs it; None takes the prefix, or else whoever lists it.
            at: When the day begins; None for now.

        Example:
            >>> own = {"input": 1, "output": 5, "cache_write": 2}
            >>> PriceTable({"m": own}).worst("m").input
            2.0
        """
        at = at or datetime.now(UTC)
        named, slug = _split(model, None)
        vendors: tuple[str | None, ...] = (provider or named,)
        if vendors == (None,):
            vendors = (None, *self.vendors_of(slug))
        # Beside a provider, the prefix is either part of the model's name or another's.
        names = dict.fromkeys((model, slug))
        return dearest([p for n in names for v in vendors for p in self._day(n, v, at)])

    def cost(
        self, usage: Usage, model: str, provider: str | None = None
    ) -> tuple[float | None, str | None]:
        """Give what a usage costs, and a note on anything odd about it.

        Args:
            usage: The tokens of one answer.
            model: A model, with or without the prefix `provider/`.
            provider: Who ran it; None as in `price`.

        Returns:
            US dollars, None if the price or the tokens are unknown; and a note, None
            if there is nothing to say.
        """
        price = self.price(model, provider)
        if price is None:
            return None, f"no price is known for {model!r}"
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return None, "the answer does not say how many tokens it took"
        return cost_of(usage, price.for_prompt(usage.prompt_tokens))

    def vendors_of(self, slug: str) -> tuple[str, ...]:
        """Name the vendors whose own price list has exactly this model, sorted.

        >>> PriceTable().vendors_of("gpt-4o-mini")
        ('openai',)
        """
        return self._vendors(slug) if len(slug) <= _LONGEST_NAME else ()

    def models_of(self, vendor: str) -> tuple[PricedModel, ...]:
        """List the models on a vendor's price list; empty for an unknown vendor."""
        return tuple(
            PricedModel(
                entry.id, self.price(entry.id, vendor), entry.context_window or None
            )
            for entry in listed_models(vendor)
        )

    def load(self) -> None:
        """Read the price lists now: some tenths of a second, once a process."""
        snapshot()

    def is_listed(self, provider: str) -> bool:
        """Whether a provider has a price list."""
        return provider in LISTS

    def _own(self, provider: str | None, slug: str) -> Price | None:
        """A price that no list is asked for."""
        own = self._overrides.get(f"{provider}/{slug}") or self._overrides.get(slug)
        if own is None and provider == "local":
            return Price(0.0, 0.0, 0.0, 0.0)
        return own

    def _day(self, model: str, provider: str | None, start: datetime) -> list[Price]:
        """Every price a model has within a day, at its dearest."""
        provider, slug = _split(model, provider)
        own = self._own(provider, slug)
        if own is not None:
            return [own]
        entry = self._entry_of(provider, slug)
        if entry is None:
            return []
        times = [start + timedelta(minutes=15) * n for n in range(_QUARTERS)]
        listed = {id(found): found for found in map(entry.get_prices, times)}
        prices = [worst_price_of(found) for found in listed.values()]
        return [price for price in prices if price is not None]

    def _entry_of(self, provider: str | None, slug: str) -> ModelInfo | None:
        return self._entry(provider, slug) if len(slug) <= _LONGEST_NAME else None

    def _find(self, provider: str | None, slug: str) -> ModelInfo | None:
        if provider is not None and provider not in LISTS:
            return None
        lists = snapshot()
        try:
            listed = provider and LISTS[provider]
            return lists.find_provider_model(slug, None, listed, None)[1]
        except LookupError:
            vendors = self.vendors_of(slug) if provider is None else ()
            return self._find(vendors[0], slug) if len(vendors) == 1 else None

    def _convert(self, listed: ModelPrice) -> Price | None:
        found = self._converted.get(id(listed))
        if found is None:
            found = self._converted[id(listed)] = listed, price_of(listed)
        return found[1]


def _split(model: str, provider: str | None) -> tuple[str | None, str]:
    if provider is not None:
        return provider, model.removeprefix(f"{provider}/")
    if model.startswith("local:"):
        return "local", model.removeprefix("local:")
    prefix, _, slug = model.partition("/")
    if slug and (prefix in LISTS or prefix in ("local", "sim")):
        return prefix, slug
    return None, model
