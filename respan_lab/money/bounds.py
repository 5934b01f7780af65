"""The most that one call can cost, reckoned before it is made.

Tokens are bounded by bytes, prices are the dearest that may apply, and every attempt
may be billed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import ConfigError
from ..prices import Price, PriceTable, check_price, dearest
from .token_bounds import (
    check_image_tokens,
    no_bound,
    output_bound,
    prompt_bound,
)

__all__ = ["Bounds", "OneModel", "Priced", "output_bound", "prompt_bound"]

# A tier that costs more than the price list says is not among them.
_SERVICE_TIERS = ("auto", "default", "flex", "standard_only")
_PRICE_ADVICE = (
    'give prices={model: {"input": ..., "output": ...}}, or assume_price={"input": '
    '..., "output": ...} for all of them, in dollars per million tokens'
)


class Priced(Protocol):
    """What a call is aimed at, as far as its price goes; a `lab.Target` is one.

    Two are the same only if they are one object.
    """

    @property
    def name(self) -> str:
        """What errors call it."""

    @property
    def primaries(self) -> Sequence[str]:
        """Every model that is asked first; none if the gateway alone knows."""

    @property
    def candidates(self) -> Sequence[str]:
        """Every model that may answer, fallbacks too."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """What is sent to say so, by its wire names."""

    @property
    def route_provider(self) -> str | None:
        """The pinned provider; None lets the gateway choose."""


@dataclass(frozen=True, slots=True, eq=False)
class OneModel:
    """A single model, asked by its name.

    Attributes:
        name: What errors call it.
        model: The model.
        route_provider: The pinned provider; None lets the gateway choose.
    """

    name: str
    model: str
    route_provider: str | None = None

    @property
    def primaries(self) -> tuple[str, ...]:
        """The model."""
        return (self.model,)

    @property
    def candidates(self) -> tuple[str, ...]:
        """The model."""
        return (self.model,)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The model, by its wire name."""
        return {"model": self.model}


class Bounds:
    """The worst case of every call of a run, in dollars.

    What a call costs at worst is: the bytes of its prompt as tokens (once, however many
    choices it asks for, as vendors bill it), its output limit times its choices, each
    at the dearest price among the models that may be asked first, and once more for
    each fallback at that one's, since a failed call may have been billed; times every
    attempt the client and the gateway may make. A price that is 0 is known: such a
    call is bounded by 0, without any limit on its output.

    Args:
        targets: What the run asks.
        prices: The price lists, with whatever prices are laid over them.
        assume_price: `{"input": ..., "output": ...}` in dollars per million tokens for
            models whose price nobody knows; None refuses those.
        retries: Attempts of the client after the first.
        image_tokens: The most tokens an image can have; None refuses images.

    Raises:
        ConfigError: A price is unknown; all models it is missing for are named.

    Example:
        >>> target = OneModel("m", "m")
        >>> prices = PriceTable({"m": {"input": 1, "output": 10}})
        >>> body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 100}
        >>> Bounds([target], prices).of(target, body)
        0.001018
    """

    def __init__(
        self,
        targets: Iterable[Priced],
        prices: PriceTable,
        *,
        assume_price: Mapping[str, float] | None = None,
        retries: int = 0,
        image_tokens: int | None = None,
    ) -> None:
        check_image_tokens(image_tokens)
        self._image_tokens = image_tokens
        self._attempts = retries + 1
        known = _Known(prices, assume_price)
        # By identity, which is the targets' equality.
        self._passes = {target: known.passes(target) for target in targets}
        known.raise_if_missing()

    def of(self, target: Priced, body: Mapping[str, Any]) -> float:
        """Give what a call costs at worst, in dollars.

        Args:
            target: One of the run's.
            body: Its request, with Respan's fields at the top, before or after a run
                adds its own.

        Raises:
            ConfigError: The prompt or the output has no bound.
        """
        passes = self._passes[target]
        if not any(map(_is_billed, passes)):
            return 0.0
        try:
            _refuse_dearer(body)
            prompt, output = prompt_bound(body, self._image_tokens), output_bound(body)
        except ConfigError as error:
            raise _named(target, error) from None
        if output is None:
            raise _unlimited(target)
        once = sum(_dollars(price, prompt, output) for price in passes)
        worst = once * self._attempts * (_gateway_retries(body) + 1)
        if not math.isfinite(worst):
            raise ConfigError(
                f"the target {target.name!r} could cost {worst} dollars a call; check "
                "its price and its max_tokens"
            )
        return worst


class _Known:
    """Looks prices up, and remembers what had none."""

    def __init__(
        self, prices: PriceTable, assume_price: Mapping[str, float] | None
    ) -> None:
        self._prices = prices
        self._assumed: Price | None = None
        if assume_price is not None:
            self._assumed = dearest([check_price("assume_price", assume_price)])
        self._missing: dict[str, None] = {}

    def passes(self, target: Priced) -> tuple[Price, ...]:
        """The prices of all models that one request may be billed for."""
        pin = target.route_provider
        first = [self._price(model, pin) for model in target.primaries]
        if not first:
            first = [self._missed(f"the target {target.name!r}")]
        fallbacks = [self._price(each, None) for each in _fallbacks(target)]
        return (dearest(first) or _FREE, *fallbacks)

    def raise_if_missing(self) -> None:
        if self._missing:
            raise ConfigError(
                f"a budget needs to know what a call can cost, and no price is known "
                f"for {', '.join(self._missing)}; {_PRICE_ADVICE}"
            )

    def _price(self, model: str, provider: str | None) -> Price:
        return self._prices.worst(model, provider) or self._missed(repr(model))

    def _missed(self, what: str) -> Price:
        if self._assumed is None:
            self._missing[what] = None
        return self._assumed or _FREE


_FREE = Price(0.0, 0.0)


def _fallbacks(target: Priced) -> tuple[str, ...]:
    """Those of its own, else those its saved prompt brings."""
    others = (each for each in target.candidates if each not in target.primaries)
    return tuple(target.fields.get("fallback_models") or others)


def _is_billed(price: Price) -> bool:
    every = (price, *(tier for _, tier in price.tiers))
    return any(each.input or each.output or each.per_request for each in every)


def _dollars(price: Price, prompt: int, output: int) -> float:
    found = price.for_prompt(prompt)
    tokens = prompt * found.input + output * found.output
    return tokens / 1e6 + found.per_request


def _gateway_retries(body: Mapping[str, Any]) -> int:
    """How often the gateway itself may call a model again."""
    params = body.get("retry_params")
    if params is None:
        return int(body.get("retries") or 0)
    return int(params.get("num_retries") or 3) if params["retry_enabled"] else 0


def _refuse_dearer(body: Mapping[str, Any]) -> None:
    """What costs more than the price of text says."""
    tier = body.get("service_tier")
    if tier is not None and tier not in _SERVICE_TIERS:
        raise ConfigError(
            f"service_tier={tier!r} may cost more than the price lists say; use one of "
            f"{', '.join(_SERVICE_TIERS)}, or leave the budget out"
        )
    others = [kind for kind in body.get("modalities") or () if kind != "text"]
    if others:
        raise no_bound("modalities", f"an answer in {', '.join(map(repr, others))}")


def _named(target: Priced, error: ConfigError) -> ConfigError:
    return ConfigError(f"the target {target.name!r} has no bound for a budget: {error}")


def _unlimited(target: Priced) -> ConfigError:
    return ConfigError(
        f"the target {target.name!r} has no bound for a budget: nothing limits how "
        'much it writes; give params={"max_tokens": ...}'
    )
