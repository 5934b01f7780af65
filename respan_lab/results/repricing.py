"""What the calls would have cost at other prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import pandas as pd

from ..errors import ConfigError
from ..prices import Price, check_overrides, check_price
from ..prices.price import cost_of
from ..wire import Usage
from .columns import COST_SOURCES
from .dtypes import is_missing

__all__ = ["Repriced", "repriced"]

WHAT_IF = "what_if"
_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
_WHO = ("model", "asked_model", "answered_model", "provider", "substituted")
_DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$")


class Repriced(NamedTuple):
    """The calls at other prices, and what is known of them beside."""

    frame: pd.DataFrame
    manifest: dict[str, Any]


def repriced(frame: pd.DataFrame, manifest: Mapping[str, Any], prices: Any) -> Repriced:
    """Reckon the cost of calls anew from their tokens.

    Args:
        frame: The frame of a run.
        manifest: Of it.
        prices: Model to ``{"input", "output", "cached_input"?, "cache_write"?}``, in
            dollars per million tokens.

    Returns:
        As `Results.reprice` says.

    Raises:
        ConfigError: There is no price, one is not right, or it is of a model that
            did not answer.
    """
    own = {
        str(model): check_price(f"prices[{model!r}]", price)
        for model, price in check_overrides(prices).items()
    }
    if not own:
        raise ConfigError('prices is empty; give {"model": {"input": 1, "output": 5}}')
    named = _named(frame, own)
    _check_all_used(own, named, frame)
    first = frame["choice"].fillna(0).eq(0).to_numpy(dtype=bool)
    cached = frame["cached"].fillna(False).to_numpy(dtype=bool)
    is_new = named.notna().to_numpy(dtype=bool) & first & ~cached
    costs = [
        _cost(row, own[name])
        for row, name in zip(
            frame.loc[is_new, list(_COUNTS)].itertuples(index=False, name=None),
            named[is_new],
            strict=True,
        )
    ]
    told = {str(model): dict(price) for model, price in prices.items()}
    before = manifest.get("repriced") or {}
    return Repriced(
        _with_costs(frame, is_new, costs),
        {**manifest, "repriced": {**before, **told}},
    )


def _named(frame: pd.DataFrame, own: Mapping[str, Price]) -> pd.Series:
    """Give each row the name that its price is under; missing without one."""
    known: dict[tuple[Any, ...], str | None] = {}
    names = []
    for row in frame[list(_WHO)].astype(object).itertuples(index=False, name=None):
        who = tuple(None if is_missing(one) else one for one in row)
        if who not in known:
            known[who] = next((one for one in _called(*who) if one in own), None)
        names.append(known[who])
    return pd.Series(names, index=frame.index, dtype=object)


def _called(
    model: str | None,
    asked: str | None,
    answered: str | None,
    provider: str | None,
    substituted: bool | None,
) -> list[str]:
    """What a row's model may be called in a list of prices, the surest name first."""
    names = _spelled(answered, provider)
    if not substituted:  # else it is the price of another model
        names += [*_spelled(asked, None), str(model)]
    return names


def _spelled(model: str | None, provider: str | None) -> list[str]:
    """With and without its provider, and its date."""
    if model is None:
        return []
    bare = model.removeprefix(f"{provider}/")
    full = f"{provider}/{bare}" if provider else model
    slug = model.rpartition("/")[2]
    forms = (full, model, bare, slug)
    return [name for one in forms for name in (one, _DATE.sub("", one))]


def _check_all_used(
    own: Mapping[str, Price], named: pd.Series, frame: pd.DataFrame
) -> None:
    used = set(named.dropna())
    for model in own:
        if model not in used:
            columns = ("asked_model", "answered_model", "model")
            there = [str(n) for c in columns for n in frame[c].dropna().unique()]
            near = get_close_matches(model, there, n=3) or list(dict.fromkeys(there))
            raise ConfigError(
                f"prices[{model!r}]: no call was answered by it; try {', '.join(near)}"
            )


def _cost(counts: tuple[Any, ...], price: Price) -> float | None:
    known = (None if is_missing(one) else int(one) for one in counts)
    prompt, completion, cached, written = known
    usage = Usage(prompt, completion, cached_tokens=cached, cache_write_tokens=written)
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    return cost_of(usage, price)[0]


def _with_costs(
    frame: pd.DataFrame, is_new: Any, costs: list[float | None]
) -> pd.DataFrame:
    cost = frame["cost"].astype("Float64").copy()
    cost[is_new] = pd.array(costs, dtype="Float64")
    source = frame["cost_source"].astype(object).copy()
    source[is_new] = [None if one is None else WHAT_IF for one in costs]
    return frame.assign(
        cost=cost, cost_source=pd.Categorical(source, categories=COST_SOURCES)
    )
