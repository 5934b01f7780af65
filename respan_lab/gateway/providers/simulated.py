"""Simulated models: made-up answers, prices and times, the same each time."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import math
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from ...prices import Price
from ...wire import clean
from .provider import ModelCard, ProviderAnswer, ProviderCall
from .simulated_answer import Answer, Choice, count_prompt
from .simulated_reading import Reading, read
from .simulated_schema import fill
from .simulated_text import Writer

__all__ = ["SIM_PRICES", "SimulatedProvider"]

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Model:
    quality: float  # share of answers that are what the rules find
    first_token: float  # seconds
    rate: float  # tokens per second
    price: Price | None = None
    failures: float = 0.0  # share of calls


_MODELS = {
    "small": _Model(0.65, 0.04, 250, Price(0.05, 0.20, 0.025)),
    "medium": _Model(0.80, 0.09, 150, Price(0.40, 1.60, 0.10)),
    "large": _Model(0.92, 0.18, 90, Price(2.50, 10.00, 1.25)),
    "flaky": _Model(0.80, 0.09, 150, Price(0.40, 1.60, 0.10), failures=0.2),
}
_FUNCTION = _Model(1.0, 0.02, 1000)
_LONGEST = 0.95  # seconds that a call may take at most
_FAILURE = 0.03  # seconds until a failed call fails
_EXAMPLE = 2 / 3  # of the errors are left when the prompt shows a worked example
_FAILURES = (
    (503, "the model is overloaded", "server_error"),
    (429, "too many requests", "rate_limit_error"),
    (500, "the model failed", "server_error"),
)
_NOT_TEXT = frozenset(  # of these the text is no function
    ["max_completion_tokens", "max_tokens", "model", "n", "stop", "stream"]
    + ["stream_options", "logprobs", "top_logprobs"]
)

SIM_PRICES: dict[str, dict[str, float]] = {
    f"sim/{name}": {
        "input": model.price.input,
        "output": model.price.output,
        "cached_input": model.price.cached_input or 0.0,
    }
    for name, model in _MODELS.items()
    if model.price is not None
}


class _RefusedError(Exception):
    """The request cannot be answered; the message is for the caller."""


class SimulatedProvider:
    """Models for learning, tests and notebooks, which no vendor runs.

    | model | right answers | first token | tokens/s | $/M in | $/M out |
    |---|---|---|---|---|---|
    | `small` | 65 % | 0.04 s | 250 | 0.05 | 0.20 |
    | `medium` | 80 % | 0.09 s | 150 | 0.40 | 1.60 |
    | `large` | 92 % | 0.18 s | 90 | 2.50 | 10.00 |
    | `flaky` | 80 %, and one call in five fails (503, 429 or 500) | 0.09 s | 150 | 0.40 | 1.60 |
    | a function of the user's | as it says | 0.02 s | 1000 | | |

    A right answer is what simple rules find: the label whose words the text shares,
    an order number, the sentence with the most words. A worked example in the prompt
    removes a third of the errors. Times vary by up to 20 % from call to call, and no
    call takes over 0.95 s. A call waits its times multiplied by `time_scale` and
    declares them exactly, unmultiplied.

    The text is a function of the seed, the model, the messages, the parameters and,
    unless `temperature` is 0, of the call's `custom_identifier`. Failures are drawn
    from the call's own random numbers.

    A function of the user's is called as `fn(messages, **params)` and returns the
    text. It runs in a thread, unless it is a coroutine function. What it raises is a
    500 that names the exception's type.

    Args:
        functions: Name to function.
        seed: Makes the texts repeatable; None writes others each time.
        time_scale: Factor on the times that are waited; 0 does not wait.

    Raises:
        ConfigError: A name is taken or no name, a function is none, or the factor is
            negative.

    Example:
        >>> provider = SimulatedProvider({"echo": lambda messages, **params: "hi"})
        >>> [card.id for card in provider.models()]
        ['small', 'medium', 'large', 'flaky', 'echo']
    """

    name = "sim"
    max_concurrency: int | None = None
    is_open = False

    def __init__(
        self,
        functions: Mapping[str, Function] | None = None,
        *,
        seed: int | None = None,
        time_scale: float = 1.0,
    ) -> None:
        self._functions = dict(functions or {})
        for name, function in self._functions.items():
            _check_function(name, function)
        if not (math.isfinite(time_scale) and time_scale >= 0):
            raise ConfigError(
                f"sim_time_scale is {time_scale!r}: a number of 0 or more is needed"
            )
        self._seed = seed
        self._time_scale = time_scale

    def models(self) -> Sequence[ModelCard]:
        """List the simulated models, the user's functions last."""
        cards = [
            ModelCard(name, label="simulated", is_simulated=True, price=model.price)
            for name, model in _MODELS.items()
        ]
        return cards + [
            ModelCard(name, label="simulated", is_simulated=True)
            for name in self._functions
        ]

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        """Answer a call, as late as the model would."""
        if call.model not in _MODELS and call.model not in self._functions:
            known = ", ".join([*_MODELS, *self._functions])
            return ProviderAnswer.failure(
                404,
                f"there is no simulated model {call.model!r}; there are {known}",
                type="invalid_request_error",
                code="model_not_found",
            )
        model = _MODELS.get(call.model, _FUNCTION)
        if call.draw() < model.failures:
            return await self._failure(call)
        try:
            answer = await self._answer(call, model)
        except _RefusedError as error:
            return ProviderAnswer.failure(
                400, str(error), type="invalid_request_error"
            )
        except Exception as error:
            # A user's function may raise anything, and the call alone fails.
            message = f"sim/{call.model} raised {type(error).__name__}: {error}"
            return ProviderAnswer.failure(
                500, clean(message), type="server_error", code=type(error).__name__
            )
        return await self._paced(call, answer, _Pace.of(model, answer, self._dice(call, "times")))

    async def aclose(self) -> None:
        """Nothing is held, so nothing is released."""

    async def _failure(self, call: ProviderCall) -> ProviderAnswer:
        status, message, kind = _FAILURES[int(call.draw() * len(_FAILURES))]
        await self._wait_until(asyncio.get_running_loop().time() + _FAILURE * self._time_scale)
        return ProviderAnswer.failure(status, f"{message} (simulated)", type=kind)

    async def _answer(self, call: ProviderCall, model: _Model) -> Answer:
        n_choices = call.body.get("n") or 1
        choices = [await self._choice(call, model, index) for index in range(n_choices)]
        return Answer(
            id=f"chatcmpl-{int(call.draw() * 16**12):012x}",
            model=call.model,
            choices=choices,
            prompt_tokens=count_prompt(call.body),
        )
