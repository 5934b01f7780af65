"""What each call's dollars were paid for, by the price lists."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..errors import ConfigError
from ..prices import Price, PriceTable

__all__ = ["COST_PARTS", "cost_parts"]

COST_PARTS = (
    "cost_prompt",
    "cost_cached",
    "cost_written",
    "cost_completion",
    "cost_request",
)
_COLUMNS = (
    "cost",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "answered_model",
    "asked_model",
    "provider",
)
_NOTHING = (None,) * len(COST_PARTS)


def cost_parts(
    frame: pd.DataFrame, *, manifest: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Split each call's cost into prompt, cache, completion and the request itself.

    A call is split only if tokens times the prices of the lists, at the time it was
    asked, come to its cost (to a millionth of it): retries that were billed, discounts
    and prices that are not known here leave it whole.

    Args:
        frame: The frame of a run.
        manifest: Its own prices are laid over the lists; None means there are none.

    Returns:
        A frame with the columns of ``COST_PARTS`` (Float64, US dollars) and the
        frame's index; missing throughout a call that is not split.
    """
    own = dict(((manifest or {}).get("options") or {}).get("prices") or {})
    if (frame["provider"] == "sim").any():
        from ..gateway.providers.simulated import SIM_PRICES

        own = {**SIM_PRICES, **own}
    prices = _Prices(own)
    rows = frame[list(_COLUMNS)].astype(object)
    rows = rows.where(rows.notna(), None)
    hours = frame["started_at"].dt.floor("30min")  # prices change no oftener
    parts = [
        _parts(dict(zip(_COLUMNS, row, strict=True)), prices, hour)
        for row, hour in zip(rows.itertuples(index=False), hours, strict=True)
    ]
    names = list(COST_PARTS)
    return pd.DataFrame(parts, columns=names, index=frame.index, dtype="Float64")


class _Prices:
    """Price lists that are asked once for each model and time."""

    def __init__(self, own: Mapping[str, Any]) -> None:
        try:
            self._table = PriceTable(own)
        except ConfigError:  # it was written by another version
            self._table = PriceTable()
        self._known: dict[Any, Price | None] = {}

    def of(self, model: str, provider: str | None, at: pd.Timestamp) -> Price | None:
        asked = (model, provider, at)
        if asked not in self._known:
            when = None if pd.isna(at) else at.to_pydatetime()
            self._known[asked] = self._table.price(model, provider, at=when)
        return self._known[asked]


def _parts(
    row: Mapping[str, Any], prices: _Prices, at: pd.Timestamp
) -> tuple[float | None, ...]:
    model = row["answered_model"] or row["asked_model"]
    if None in (model, row["cost"], row["prompt_tokens"], row["completion_tokens"]):
        return _NOTHING
    price = prices.of(model, row["provider"], at)
    if price is None:
        return _NOTHING
    parts = _at_price(row, price.for_prompt(int(row["prompt_tokens"])))
    is_whole = math.isclose(sum(parts), row["cost"], rel_tol=1e-6, abs_tol=1e-15)
    return parts if is_whole else _NOTHING


def _at_price(row: Mapping[str, Any], price: Price) -> tuple[float, ...]:
    prompt = int(row["prompt_tokens"])
    cached = min(int(row["cached_tokens"] or 0), prompt)
    written = min(int(row["cache_write_tokens"] or 0), prompt - cached)
    read = price.input if price.cached_input is None else price.cached_input
    write = price.input if price.cache_write is None else price.cache_write
    return (
        (prompt - cached - written) * price.input / 1e6,
        cached * read / 1e6,
        written * write / 1e6,
        int(row["completion_tokens"]) * price.output / 1e6,
        price.per_request,
    )
