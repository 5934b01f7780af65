"""How a cost comes about, in words: tokens times dollars per million."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..errors import ConfigError
from ..prices import Price, PriceTable
from .wording import count, money

__all__ = ["arithmetic", "cost_rows", "price_of"]

_SOURCES = {
    "gateway": "as the gateway reported it",
    "price_table": "by the price table: the gateway reported none",
    "what_if": "what it would have been at the prices given to reprice",
}


def cost_rows(
    row: Mapping[str, Any],
    price: Price | None,
    *,
    note: str | None = None,
    worst: float | None = None,
) -> list[tuple[str, str]]:
    """Give a cell's cost, where it comes from, and how it adds up.

    Args:
        row: The cell's columns.
        price: What its model's tokens cost when it was asked; None if nobody knows.
        note: What is known to be odd about the cost; None for nothing.
        worst: Dollars it may have cost at most, for a call that was not answered; None
            if nobody has reckoned that.
    """
    cost = row.get("cost")
    rows = [("cost", _told(cost, row.get("cost_source")))]
    if row.get("status") == "maybe_billed" and cost is None and worst is not None:
        rows.append(("at most", money(worst)))
    if row.get("cached"):
        rows.append(("why", "a response cache answered"))
    elif price is not None and row.get("prompt_tokens") is not None:
        lines, total = arithmetic(row, price)
        rows += [("", line) for line in lines]
        rows.append(("sum", _compared(total, cost)))
    elif row.get("prompt_tokens") is not None:
        rows.append(("tokens", _tokens(row)))
        if cost is not None:
            rows.append(("", "no price list here has this model to check it with"))
    return [*rows, ("note", note)] if note else rows


def price_of(
    row: Mapping[str, Any], *, prices: Mapping[str, Any] | None = None
) -> Price | None:
    """Give the price of the model that answered a cell, when it was asked.

    Args:
        row: The cell's columns.
        prices: The run's own, laid over the price lists; None for none.
    """
    model = row.get("answered_model") or row.get("asked_model")
    if not model:
        return None
    try:
        table = PriceTable(prices)
    except ConfigError:  # it was written by another version
        table = PriceTable()
    asked_at = row.get("started_at")
    at = asked_at if isinstance(asked_at, datetime) else None
    found = table.price(model, row.get("provider"), at=at)
    n_tokens = row.get("prompt_tokens")
    return found.for_prompt(int(n_tokens)) if found and n_tokens is not None else found


def arithmetic(row: Mapping[str, Any], price: Price) -> tuple[list[str], float]:
    r"""Give a line for each kind of token, and the dollars in all.

    Args:
        row: Token counts by their columns' names; what is absent or None counts as 0.
        price: Of a request that long.

    Example:
        >>> row = {"prompt_tokens": 1000, "cached_tokens": 400, "completion_tokens": 20}
        >>> lines, total = arithmetic(row, Price(1.0, 5.0, cached_input=0.1))
        >>> print("\n".join(lines))
        600 prompt tokens x $1.00 per million = $0.000600
        400 cached prompt tokens x $0.100 per million = $0.0000400
        20 completion tokens x $5.00 per million = $0.000100
        >>> f"{total:.6f}"
        '0.000740'
    """
    prompt, cached, written, completion = (
        int(row.get(name) or 0)
        for name in (
            "prompt_tokens",
            "cached_tokens",
            "cache_write_tokens",
            "completion_tokens",
        )
    )
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    parts = [
        (prompt - cached - written, "prompt token", price.input),
        (cached, "cached prompt token", _first(price.cached_input, price.input)),
        (written, "prompt token written", _first(price.cache_write, price.input)),
        (completion, "completion token", price.output),
    ]
    lines = [
        f"{_counted(n, what)} x {money(dollars)} per million "
        f"= {money(n * dollars / 1e6)}"
        for n, what, dollars in parts
        if n or what in ("prompt token", "completion token")
    ]
    if price.per_request:
        lines.append(f"the request itself = {money(price.per_request)}")
    total = sum(n * dollars for n, _, dollars in parts) / 1e6 + price.per_request
    return lines, total


def _first(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price


def _counted(n: int, what: str) -> str:
    if what.endswith("written"):
        return count(n, f"{what} to the cache", "prompt tokens written to the cache")
    return count(n, what)


def _told(cost: float | None, source: Any) -> str:
    if cost is None:
        return "not known"
    return f"{money(cost)}, {_SOURCES.get(source, 'from where is not known')}"


def _compared(total: float, cost: float | None) -> str:
    if cost is None or math.isclose(total, cost, rel_tol=1e-6):
        return money(total)
    return f"{money(total)} by the price list; the cost above was reckoned otherwise"


def _tokens(row: Mapping[str, Any]) -> str:
    names = ("prompt", "cached", "cache_write", "completion", "reasoning")
    known = {name: row.get(f"{name}_tokens") for name in names}
    return ", ".join(f"{n:,} {name}" for name, n in known.items() if n is not None)
