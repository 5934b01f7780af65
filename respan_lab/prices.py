"""What tokens cost: the vendors' price lists, and the user's own laid over them.

Prices are US dollars per million tokens, costs US dollars. A price that nobody knows
is None, never 0; a model on this machine costs 0, because nobody bills it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import ConfigError

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

    from .wire import Usage

__all__ = [
    "Price",
    "PriceTable",
    "PricedModel",
    "check_overrides",
    "check_price",
    "dearest",
]

# Our provider ids, and what the price list calls them.
_LISTS = {
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
_MOST_NAMES = 4096
_LONGEST_NAME = 256  # none on a list is nearly as long
_FIELDS = ("input", "output", "cached_input", "cache_write")
_SHAPE = '{"input": 1.0, "output": 5.0}'
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
_QUARTERS = 24 * 4 + 1  # of an hour: prices change on the hour or the half hour
# Google's list also has the Claude models it hosts, which its own API does not serve.
_GOOGLE = ("gemini", "vertex_ai")


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost, in US dollars per million tokens.

    Attributes:
        input: A prompt token.
        output: A completion token, reasoning included.
        cached_input: A prompt token read from the vendor's cache; None if the list
            does not say (it is then billed as `input`).
        cache_write: A prompt token written to that cache; None likewise.
        per_request: US dollars for the request itself.
        tiers: Pairs of a number of prompt tokens and the price of a whole request
            that has more than that, rising.
    """

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None
    per_request: float = 0.0
    tiers: tuple[tuple[int, Price], ...] = ()

    def for_prompt(self, n_tokens: int) -> Price:
        """Give the price of a request whose prompt has so many tokens.

        >>> long = Price(2.5, 15)
        >>> Price(1.25, 10, tiers=((200_000, long),)).for_prompt(200_001).input
        2.5
        """
        found = self
        for start, price in self.tiers:
            if n_tokens > start:
                found = price
        return found


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
        self._overrides = {
            model: _checked(model, price) for model, price in self._given.items()
        }
        # Callers invent names, so only so many are remembered.
        self._entry = lru_cache(_MOST_NAMES)(self._find)
        self._vendors = lru_cache(_MOST_NAMES)(_vendors_of)
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
        return _cost(usage, price.for_prompt(usage.prompt_tokens))

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
            for entry in _listed(vendor)
        )

    def load(self) -> None:
        """Read the price lists now: some tenths of a second, once a process."""
        _snapshot()

    def is_listed(self, provider: str) -> bool:
        """Whether a provider has a price list."""
        return provider in _LISTS

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
        prices = [_price(found, _dearest_tier) for found in listed.values()]
        return [price for price in prices if price is not None]

    def _entry_of(self, provider: str | None, slug: str) -> ModelInfo | None:
        return self._entry(provider, slug) if len(slug) <= _LONGEST_NAME else None

    def _find(self, provider: str | None, slug: str) -> ModelInfo | None:
        if provider is not None and provider not in _LISTS:
            return None
        snapshot = _snapshot()
        try:
            listed = provider and _LISTS[provider]
            return snapshot.find_provider_model(slug, None, listed, None)[1]
        except LookupError:
            vendors = self.vendors_of(slug) if provider is None else ()
            return self._find(vendors[0], slug) if len(vendors) == 1 else None

    def _convert(self, listed: ModelPrice) -> Price | None:
        found = self._converted.get(id(listed))
        if found is None:
            found = self._converted[id(listed)] = listed, _price(listed, _tier)
        return found[1]


def check_overrides(overrides: Any) -> Mapping[str, Any]:
    """Make sure that prices of the user's own are by model; None is none.

    Raises:
        ConfigError: They are not.
    """
    if overrides is None:
        return {}
    if not isinstance(overrides, Mapping):
        raise ConfigError(
            f"prices is a {type(overrides).__name__}; give a dict of model to "
            f"{_SHAPE}, in dollars per million tokens"
        )
    return overrides


def dearest(prices: Collection[Price]) -> Price | None:
    """Give a price that is nowhere below any of these; None if there are none.

    Example:
        >>> both = dearest([Price(1, 9, cache_write=2), Price(1.5, 3)])
        >>> both.input, both.output
        (2, 9)
    """
    if not prices:
        return None
    tiers: list[tuple[int, Price]] = []
    base = found = _most(prices)
    for start in sorted({start for price in prices for start, _ in price.tiers}):
        found = _most([found, *(price.for_prompt(start + 1) for price in prices)])
        tiers.append((start, found))
    return replace(base, tiers=tuple(tiers))


def _most(prices: Collection[Price]) -> Price:
    return Price(
        max(max(p.input, p.cached_input or 0, p.cache_write or 0) for p in prices),
        max(price.output for price in prices),
        per_request=max(price.per_request for price in prices),
    )


def _checked(model: Any, price: Any) -> Price:
    where = f"prices[{model!r}]"
    if not isinstance(model, str):
        raise ConfigError(
            f"{where} is {price!r}; give a model's name and {_SHAPE}, in dollars per "
            "million tokens"
        )
    return check_price(where, price)


def check_price(where: str, price: Any) -> Price:
    """Read a price of the user's own.

    Args:
        where: What it is called, for the error.
        price: `{"input", "output", "cached_input"?, "cache_write"?}` in dollars per
            million tokens.

    Raises:
        ConfigError: A part is missing, unknown, negative or not a number.

    Example:
        >>> check_price("assume_price", {"input": 1, "output": 5}).output
        5.0
    """
    if not isinstance(price, Mapping):
        raise ConfigError(
            f"{where} is {price!r}; give {_SHAPE}, in dollars per million tokens"
        )
    unknown = [name for name in price if name not in _FIELDS]
    missing = [name for name in ("input", "output") if name not in price]
    if unknown or missing:
        raise ConfigError(
            f"{where} needs 'input' and 'output', and may have "
            "'cached_input' and 'cache_write', in dollars per million tokens; got "
            f"{sorted(map(str, price))}"
        )
    for name, dollars in price.items():
        is_number = isinstance(dollars, int | float) and not isinstance(dollars, bool)
        if not is_number or not 0 <= dollars <= sys.float_info.max:
            raise ConfigError(
                f"{where}[{name!r}] is {dollars!r}; it must be a number of "
                "dollars per million tokens, 0 or more"
            )
    return Price(
        input=float(price["input"]),
        output=float(price["output"]),
        cached_input=_float(price.get("cached_input")),
        cache_write=_float(price.get("cache_write")),
    )


def _float(dollars: float | None) -> float | None:
    return None if dollars is None else float(dollars)


def _split(model: str, provider: str | None) -> tuple[str | None, str]:
    if provider is not None:
        return provider, model.removeprefix(f"{provider}/")
    if model.startswith("local:"):
        return "local", model.removeprefix("local:")
    prefix, _, slug = model.partition("/")
    if slug and (prefix in _LISTS or prefix in ("local", "sim")):
        return prefix, slug
    return None, model


def _cost(usage: Usage, price: Price) -> tuple[float, str | None]:
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    cached = min(usage.cached_tokens or 0, prompt)
    written = min(usage.cache_write_tokens or 0, prompt - cached)
    reported = (usage.cached_tokens or 0) + (usage.cache_write_tokens or 0)
    read = price.input if price.cached_input is None else price.cached_input
    write = price.input if price.cache_write is None else price.cache_write
    dollars = (
        (prompt - cached - written) * price.input
        + cached * read
        + written * write
        + completion * price.output
    ) / 1e6 + price.per_request
    if cached + written == reported:
        return dollars, None
    return dollars, f"{reported} tokens cached of a prompt of {prompt}"


def _snapshot() -> DataSnapshot:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


def _vendors_of(slug: str) -> tuple[str, ...]:
    return tuple(
        vendor
        for vendor in _LISTS
        if any(entry.is_match(slug) for entry in _listed(vendor))
    )


def _listed(vendor: str) -> list[ModelInfo]:
    name = _LISTS.get(vendor)
    entries = next((p.models for p in _snapshot().providers if p.id == name), [])
    if vendor in _GOOGLE:
        return [entry for entry in entries if "claude" not in entry.id]
    return entries


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
