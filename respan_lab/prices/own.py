"""Prices of the user's own, checked before any call."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from .price import Price

__all__ = ["check_overrides", "check_price", "own_prices"]

_FIELDS = ("input", "output", "cached_input", "cache_write")
_SHAPE = '{"input": 1.0, "output": 5.0}'


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


def own_prices(overrides: Mapping[str, Any]) -> dict[str, Price]:
    """Read prices by model.

    Args:
        overrides: From `check_overrides`.

    Raises:
        ConfigError: One is missing, unknown, negative or not a number.
    """
    return {model: _checked(model, price) for model, price in overrides.items()}


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
