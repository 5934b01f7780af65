"""What a prompt may take, as a line under it: tokens and dollars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..experiment.pacing.token_guess import FIRST_GUESS, guessed_tokens, prompt_bytes
from ..money.wording import count, dollars

if TYPE_CHECKING:
    from ..prices import PriceTable

__all__ = ["sizing"]


def sizing(
    messages: Sequence[Mapping[str, Any]],
    models: Sequence[str],
    prices: PriceTable,
    *,
    max_tokens: int | None = None,
) -> str:
    """Say about how many tokens messages have, and what asking each model costs.

    As in `Experiment.estimate` without anything to go by: a token is taken for four
    bytes, an answer for ``max_tokens``, else 256 tokens.

    Args:
        messages: What would be sent.
        models: Who would be asked.
        prices: Their prices.
        max_tokens: The most an answer may have; None for no limit.

    Example:
        >>> from respan_lab.prices import PriceTable
        >>> prices = PriceTable({"m": {"input": 1, "output": 2}})
        >>> sizing([{"role": "user", "content": "Good morning"}], ["m"], prices)
        'about 4 tokens, and 256 in an answer: m $0.000516'
    """
    prompt = guessed_tokens(prompt_bytes(list(messages)))
    answer = FIRST_GUESS if max_tokens is None else max_tokens
    text = f"about {count(prompt, 'token')}"
    if not models:
        return text
    costs = (f"{model} {_cost(model, prompt, answer, prices)}" for model in models)
    return f"{text}, and {answer:,} in an answer: {', '.join(costs)}"


def _cost(model: str, prompt: int, answer: int, prices: PriceTable) -> str:
    price = prices.price(model)
    if price is None:
        return "at an unknown price"
    tier = price.for_prompt(prompt)
    cost = (prompt * tier.input + answer * tier.output) / 1e6 + tier.per_request
    return dollars(cost)
