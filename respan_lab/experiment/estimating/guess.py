"""What calls may cost when nobody has made the like: a guess, and the worst case."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...money.bounds import Bounds, output_bound
from ..pacing.token_guess import FIRST_GUESS, guessed_tokens
from .estimate import Forecast

if TYPE_CHECKING:
    from ...money.bounds import Priced
    from ...prices import Price, PriceTable
    from ..planning.plan import Cell
    from .asking import Asking

__all__ = ["guess", "guess_of", "worst_case"]


def guess(asking: Asking, prices: PriceTable) -> Forecast:
    """Guess what the calls take, and what they take at least.

    A token is taken for four bytes, an answer for 256 tokens or its limit. The lower
    end has the same prompt, an answer of a single token, and the cheapest of the
    models that may be asked first; there is no upper one.

    Args:
        asking: What is to be asked.
        prices: The price lists, with whatever prices are laid over them.
    """
    answers = [_answer(body) for body in _bodies(asking)]
    return guess_of(asking.target, asking.sizes, answers, prices)


def guess_of(
    target: Priced, sizes: Sequence[int], answers: Sequence[int], prices: PriceTable
) -> Forecast:
    """Guess, as `guess`, what calls of given sizes take.

    Args:
        target: What they are aimed at.
        sizes: Bytes of the prompt of each.
        answers: Tokens of the answer of each, as a guess.
        prices: As for `guess`.
    """
    prompt = math.fsum(map(guessed_tokens, sizes))
    completion, calls = math.fsum(answers), len(answers)
    known = _prices(target, prices)
    if not known:
        return Forecast(prompt, completion, None)
    mean = max(prompt / calls, 0) if calls else 0
    cost = math.fsum(
        share * _dollars(price, mean, prompt, completion, calls)
        for price, share in known
    )
    low = min(_dollars(price, mean, prompt, calls, calls) for price, _ in known)
    return Forecast(prompt, completion, cost, min(low, cost))


def worst_case(
    asking: Asking,
    prices: PriceTable,
    *,
    retries: int,
    image_tokens: int | None = None,
) -> float | None:
    """Give what the calls cost at worst, in dollars: what a budget would set aside.

    Args:
        asking: What is to be asked.
        prices: As for `guess`.
        retries: Attempts of the client after the first.
        image_tokens: The most tokens an image can have; None if nobody says.

    Returns:
        None if there is no bound: no limit on an answer, no price, an image that may
        be of any size.
    """
    try:
        bounds = Bounds(
            [asking.target], prices, retries=retries, image_tokens=image_tokens
        )
        return math.fsum(bounds.of(asking.target, body) for body in _bodies(asking))
    except ConfigError:
        return None


def _bodies(asking: Asking) -> Iterator[Mapping[str, Any]]:
    """The request of each cell; one that many share is made once."""
    cells = asking.cells
    # By identity: the plan keeps them alive.
    counts = Counter((id(cell.content), id(cell.params)) for cell in cells)
    firsts = {(id(cell.content), id(cell.params)): cell for cell in reversed(cells)}
    for which, cell in firsts.items():
        body = _body(cell)
        for _ in range(counts[which]):
            yield body


def _body(cell: Cell) -> Mapping[str, Any]:
    return cell.request(run_id="", stream=False).body


def _answer(body: Mapping[str, Any]) -> int:
    guessed = FIRST_GUESS * int(body.get("n") or 1)
    limit = output_bound(body)
    return guessed if limit is None else min(guessed, limit)


def _prices(target: Priced, prices: PriceTable) -> list[tuple[Price, float]]:
    """The price of each model asked first, and its share; empty if one is unknown."""
    found = [prices.price(model, target.route_provider) for model in target.primaries]
    weights = _weights(target)
    known = [price for price in found if price is not None]
    if len(known) < len(found):
        return []
    return [(p, w / math.fsum(weights)) for p, w in zip(known, weights, strict=True)]


def _weights(target: Priced) -> list[float]:
    group = target.fields.get("load_balance_group") or {}
    listed = target.fields.get("load_balance_models") or group.get("models")
    if listed:
        return [float(entry["weight"]) for entry in listed]
    return [1.0] * len(target.primaries)


def _dollars(
    price: Price, mean_prompt: float, prompt: float, completion: float, calls: int
) -> float:
    found = price.for_prompt(int(mean_prompt))
    tokens = prompt * found.input + completion * found.output
    return tokens / 1e6 + calls * found.per_request
