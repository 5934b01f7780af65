"""One price, and what a usage costs at it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire import Usage

__all__ = ["Price", "cost_of", "dearest"]


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


def cost_of(usage: Usage, price: Price) -> tuple[float, str | None]:
    """Give what a usage costs, and a note on anything odd about it.

    Args:
        usage: The tokens of one answer; unknown ones cost nothing.
        price: That of a request with so many prompt tokens.

    Returns:
        US dollars; and a note, None if there is nothing to say.
    """
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
