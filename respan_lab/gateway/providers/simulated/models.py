"""The simulated models: how good, how fast, at what price."""

from __future__ import annotations

from dataclasses import dataclass

from ....prices import Price

__all__ = ["FUNCTION", "MODELS", "SIM_PRICES", "Model"]


@dataclass(frozen=True, slots=True)
class Model:
    """One simulated model.

    Attributes:
        quality: Share of its answers that are what the rules find.
        first_token: Seconds until the first token, before variation.
        rate: Tokens per second after it, before variation.
        price: Dollars per million tokens; None for no price.
        failures: Share of its calls that fail.
    """

    quality: float
    first_token: float
    rate: float
    price: Price | None = None
    failures: float = 0.0


MODELS = {
    "small": Model(0.65, 0.04, 250, Price(0.05, 0.20, 0.025)),
    "medium": Model(0.80, 0.09, 150, Price(0.40, 1.60, 0.10)),
    "large": Model(0.92, 0.18, 90, Price(2.50, 10.00, 1.25)),
    "flaky": Model(0.80, 0.09, 150, Price(0.40, 1.60, 0.10), failures=0.2),
}

# A function of the user's writes what it likes, and only its times are made up.
FUNCTION = Model(1.0, 0.02, 1000)

SIM_PRICES: dict[str, dict[str, float]] = {
    f"sim/{name}": {
        "input": model.price.input,
        "output": model.price.output,
        "cached_input": model.price.cached_input or model.price.input,
    }
    for name, model in MODELS.items()
    if model.price is not None
}
