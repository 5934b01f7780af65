"""The provider of the simulated models."""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ....errors import ConfigError
from ....wire import clean
from ..provider import ModelCard, ProviderAnswer, ProviderCall
from .answer import Answer, Choice, count_prompt, tokens_of
from .models import FUNCTION, MODELS, Model
from .pace import Pace, paced, wait_until
from .reading import Reading, read
from .work import RefusedError, Work, at, spend, weigh
from .writing import Written, write

__all__ = ["SimulatedProvider"]

_LABEL = "simulated"
_MOST_CHOICES = 128
_LONGEST_MESSAGE = 1000
_PASSES = 3  # over the request: to weigh it, and to seed the dice of times and a text
_CHARACTER, _TOKEN = 20, 1000  # steps of work to send one
_FAILURE_TIME = 0.03  # seconds until a failing call has failed
_FAILURES = (
    (503, "the model is overloaded", "server_error"),
    (429, "too many requests", "rate_limit_error"),
    (500, "the model failed", "server_error"),
)
# What a text is no function of: how it is sent, and where it is cut.
_SENDING = frozenset(
    ["logprobs", "max_completion_tokens", "max_tokens", "messages", "model", "n"]
    + ["stop", "stream", "stream_options", "top_logprobs"]
)
_NOT_FOR_FUNCTIONS = frozenset(["messages", "model", "stream", "stream_options"])


class SimulatedProvider:
    """Models for learning, tests and notebooks, which no vendor runs.

    | model | right answers | first token | tokens/s | $/M in | $/M out |
    |---|---|---|---|---|---|
    | `small` | 65 % | 0.04 s | 250 | 0.05 | 0.20 |
    | `medium` | 80 % | 0.09 s | 150 | 0.40 | 1.60 |
    | `large` | 92 % | 0.18 s | 90 | 2.50 | 10.00 |
    | `flaky` | 80 % | 0.09 s | 150 | 0.40 | 1.60 |
    | a function | its own | 0.02 s | 1000 | none | none |

    `flaky` fails one call in five, with 503, 429 or 500.

    A right answer is what simple rules find: the label whose words the text shares,
    an order number, the sentence with the most words. A worked example in the prompt
    removes a third of the slips. Times vary by up to 20 % from call to call, and no
    call takes over 0.95 s. A call waits its times multiplied by `time_scale`, and
    declares them exactly, not multiplied.

    Text and times are functions of the seed, the model, the messages, the parameters
    and the call's `custom_identifier`, which does not change the text when
    `temperature` is 0. Failures are drawn from the call's own random numbers.

    A function of the user's is called as `fn(messages, **params)` and returns the
    text. It runs in a thread, unless it is a coroutine function. What it raises is a
    500 that names the exception's type.

    Args:
        functions: Model name to function; None for no functions.
        seed: Makes texts and times repeatable; None makes others each time.
        time_scale: Factor on the times that are waited; 0 does not wait.

    Raises:
        ConfigError: A name is taken or unusable, a function is none, or the factor
            is negative.

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
        functions: Mapping[str, Callable[..., Any]] | None = None,
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
        return [
            ModelCard(
                name,
                label=_LABEL,
                is_simulated=True,
                price=MODELS[name].price if name in MODELS else None,
            )
            for name in (*MODELS, *self._functions)
        ]

    def card(self, slug: str) -> ModelCard:
        """Tell what is known of one model."""
        return ModelCard.among(self.models(), slug)

    async def prepare(self, slug: str) -> None:
        """Do nothing: a call needs no preparation."""

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        """Answer a call, as late as the model would."""
        start = asyncio.get_running_loop().time()
        if call.model not in MODELS and call.model not in self._functions:
            return self._unknown(call.model)
        model = MODELS.get(call.model, FUNCTION)
        try:
            work = _begun(call.body)  # first of all: a draw goes through all of it
            if model.failures and call.draw() < model.failures:
                return await self._failed(call, start)
            answer = await self._answer(call, model, work)
        except RefusedError as error:
            message = str(error)[:_LONGEST_MESSAGE]
            return ProviderAnswer.failure(400, message, type="invalid_request_error")
        except Exception as error:
            return _crash(call.model, error)
        pace = Pace.of(model, answer.completion_tokens, self._dice(call, "times"))
        return await self._sent(answer, pace, start=start, is_stream=call.is_stream)

    async def aclose(self) -> None:
        """Nothing is held, so there is nothing to release."""

    async def _failed(self, call: ProviderCall, start: float) -> ProviderAnswer:
        await wait_until(start + _FAILURE_TIME * self._time_scale)
        status, message, kind = _FAILURES[int(call.draw() * len(_FAILURES))]
        return ProviderAnswer.failure(status, f"{message} (simulated)", type=kind)

    async def _sent(
        self, answer: Answer, pace: Pace, *, start: float, is_stream: bool
    ) -> ProviderAnswer:
        declared = pace.declared(is_stream=is_stream)
        scale = self._time_scale
        if is_stream:
            body = paced(answer.events(), pace, start=start, scale=scale)
            return ProviderAnswer(200, body, declared=declared)
        await wait_until(start + pace.last * scale)
        return ProviderAnswer.from_json(answer.payload(), declared=declared)

    async def _answer(self, call: ProviderCall, model: Model, work: Work) -> Answer:
        with work.going_on():
            prompt_tokens = count_prompt(call.body)
            is_function = call.model in self._functions
            reading = None if is_function else read(call.body["messages"])
        n_choices = call.body.get("n") or 1
        choices = [
            await self._choice(call, model, index, reading, work)
            for index in range(n_choices)
        ]
        return Answer(
            id=f"chatcmpl-{int(call.draw() * 16**12):012x}",
            model=call.model,
            choices=choices,
            prompt_tokens=prompt_tokens,
        )

    async def _choice(
        self,
        call: ProviderCall,
        model: Model,
        index: int,
        reading: Reading | None,
        work: Work,
    ) -> Choice:
        is_greedy = call.body.get("temperature") == 0
        dice = self._dice(call, "text" if is_greedy else f"text {index}")
        if reading is None:
            written = Written(await self._called(call))
        with work.going_on():
            if reading is not None:
                written = write(call.body, reading, quality=model.quality, random=dice)
                _spend_on(written.text, call)
            return Choice.of(written.text, call.body, tool=written.tool, random=dice)

    async def _called(self, call: ProviderCall) -> str:
        function = self._functions[call.model]
        given = deepcopy(call.body)
        params = {key: given[key] for key in given if key not in _NOT_FOR_FUNCTIONS}
        if _is_async(function):
            text = await function(given["messages"], **params)
        else:
            text = await asyncio.to_thread(function, given["messages"], **params)
            if inspect.isawaitable(text):  # a lambda around an async one, say
                text = await text
        if not isinstance(text, str):
            raise TypeError(f"it returned {type(text).__name__!r}, and not a text")
        return clean(text)

    def _dice(self, call: ProviderCall, purpose: str) -> random.Random:
        """Give the dice of a call for one purpose."""
        if self._seed is None:
            return random.Random()
        params = {key: call.body[key] for key in call.body if key not in _SENDING}
        tag = None if purpose == "text" else call.custom_identifier
        asked = [self._seed, call.model, call.body["messages"], params, tag, purpose]
        return random.Random(json.dumps(asked, sort_keys=True, default=repr))

    def _unknown(self, model: str) -> ProviderAnswer:
        known = ", ".join([*MODELS, *self._functions])
        return ProviderAnswer.failure(
            404,
            f"there is no simulated model {model!r}; there are {known}",
            type="invalid_request_error",
            code="model_not_found",
        )


def _is_async(function: Callable[..., Any]) -> bool:
    """Whether it runs on the event loop; an object's `__call__` counts as well."""
    call = getattr(function, "__call__", None)  # noqa: B004  # what it is, not whether
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _begun(body: Mapping[str, Any]) -> Work:
    """Start to count, with what it takes to go through all of the request."""
    work = Work()
    with work.going_on():
        for name, value in body.items():
            at(name)
            weigh(value, per_character=_PASSES)
        at("n")
        n_choices = body.get("n") or 1
        if n_choices > _MOST_CHOICES:
            raise RefusedError(f"n is {n_choices}; {_MOST_CHOICES} at most")
        spend(work.done // _PASSES * (n_choices - 1))
    return work


def _spend_on(text: str, call: ProviderCall) -> None:
    """Count what it takes to send a text that was written."""
    spend(len(text) * _CHARACTER)
    n_passes = call.is_stream + bool(call.body.get("logprobs"))
    if n_passes:
        spend(len(tokens_of(text)) * _TOKEN * n_passes)


def _check_function(name: str, function: Any) -> None:
    if not isinstance(name, str) or not name or name != name.strip() or "/" in name:
        raise ConfigError(f"{name!r} is no name for a simulated model")
    if name in MODELS:
        raise ConfigError(
            f"sim/{name} is there already: call the function something else"
        )
    if not callable(function):
        raise ConfigError(
            f"sim/{name} is {type(function).__name__!r}: give a function "
            "fn(messages, **params) that returns the text"
        )


def _crash(model: str, error: Exception) -> ProviderAnswer:
    message = clean(f"sim/{model} raised {type(error).__name__}: {error}"[:500])
    return ProviderAnswer.failure(
        500, message, type="server_error", code=type(error).__name__
    )
