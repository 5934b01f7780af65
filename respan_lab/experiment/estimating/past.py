"""What the ledger knows of calls like those that are to be made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from ...ledger.history import PastCall, asked_by, past_runs, sampled
from ...wire import Usage
from .asking import bytes_of, shape_of
from .estimate import Seen

if TYPE_CHECKING:
    import sqlite3

    from ...money.bounds import OneModel
    from ...prices import PriceTable
    from ..planning.target import Target
    from .asking import Asking

__all__ = ["Past", "dollars_of", "look_back"]

_RUNS = 20  # the newest ones that are looked at
_CALLS = 400  # of each target and prompt of a run
_LIKE = 2.0  # prompts of another template are like ours up to so many times the size


class Past(NamedTuple):
    """What was seen of one target and prompt.

    Attributes:
        same: Calls with the same prompt, each a cluster with those of the same words.
        similar: Calls with other prompts of about the size, each prompt a cluster.
        keys: Those of `same`.
    """

    same: Sequence[Seen] = ()
    similar: Sequence[Seen] = ()
    keys: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether there is anything."""
        return bool(self.same or self.similar)


def look_back(
    askings: Sequence[Asking], prices: PriceTable, connection: sqlite3.Connection
) -> list[Past]:
    """Look through the newest runs for calls like those of a plan.

    Args:
        askings: What is to be asked.
        prices: Price what no gateway has priced.
        connection: To the ledger.

    Returns:
        What was found for each.
    """
    finders = [_Finder(asking, prices) for asking in askings]
    names = {name for f in finders for name in (f.asking.target.name, f.model) if name}
    for run, plan, manifest in past_runs(connection, _RUNS):
        for target, prompt in asked_by(run, connection):
            if not names.intersection(plan["targets"][target]):
                continue
            calls = sampled(run, target, prompt, connection, most=_CALLS)
            name = None if prompt is None else plan["prompts"][prompt][0]
            template = (manifest.get("prompts") or {}).get(name)
            for finder in finders:
                finder.take(calls, template, other=(run, prompt))
        if all(finder.is_full for finder in finders):
            break
    return [finder.past() for finder in finders]


class _Finder:
    """Picks what is like one target and prompt."""

    def __init__(self, asking: Asking, prices: PriceTable) -> None:
        self.asking, self._prices = asking, prices
        self.model = asking.target.model
        self._saved = asking.prompt and asking.prompt.prompt
        self._shapes = set(asking.shapes)
        self._same: dict[int, tuple[PastCall, str]] = {}
        self._others: dict[int, tuple[PastCall, str, str]] = {}

    @property
    def is_full(self) -> bool:
        return len(self._same) >= _CALLS

    def take(self, calls: Iterable[PastCall], template: Any, *, other: Any) -> None:
        mine = [
            (call, shape)
            for call in calls
            if not call.told["cached"]
            and (shape := shape_of(call.request)) in self._shapes
        ]
        if not mine:
            return
        if self._is_ours(template, [call.key for call, _ in mine]):
            self._same |= {call.call: (call, shape) for call, shape in mine}
        else:
            which = json.dumps(other if template is None else template)
            self._others |= {c.call: (c, shape, which) for c, shape in mine}

    def _is_ours(self, template: Any, keys: Iterable[str]) -> bool:
        """A run that was killed has left no template, but maybe cells of ours."""
        ours = self.asking.template
        if self.asking.prompt is not None and template == ours:
            return True
        return not self.asking.keys.isdisjoint(keys)

    def past(self) -> Past:
        calls = _balanced(list(self._same.values()), self._shapes)
        same = [(call.key, self._seen(call, _words(call))) for call in calls]
        told = {key: one for key, one in same if one is not None}
        if told:
            return Past(list(told.values()), keys=frozenset(told))
        return Past(similar=self._similar())

    def _similar(self) -> list[Seen]:
        others = [
            seen
            for call, _, which in self._others.values()
            if (seen := self._seen(call, which)) is not None
        ]
        sizes = self.asking.sizes
        if not others or not sizes:
            return []
        mean, ours = fmean(one.n_bytes for one in others), fmean(sizes)
        return others if ours / _LIKE <= mean <= ours * _LIKE else []

    def _seen(self, call: PastCall, cluster: str) -> Seen | None:
        told = call.told
        prompt, completion = told["prompt_tokens"], told["completion_tokens"]
        if prompt is None or completion is None:
            return None
        target = self.asking.target
        read, written = dollars_of(call, target, self._prices)
        size = bytes_of(call.request, self._saved)
        return Seen(cluster, size, prompt, completion, read, written)


def _balanced(
    calls: Sequence[tuple[PastCall, str]], shapes: set[str]
) -> list[PastCall]:
    """As many of each shape; none if one of them was never asked."""
    by_shape: dict[str, list[PastCall]] = {shape: [] for shape in shapes}
    for call, shape in calls:
        by_shape[shape].append(call)
    least = min(map(len, by_shape.values()), default=0)
    return [call for of in by_shape.values() for call in of[:least]]


def _words(call: PastCall) -> str:
    prompt = call.request.get("prompt") or {}
    return json.dumps([call.request.get("messages"), prompt.get("variables")])


def dollars_of(
    call: PastCall, target: Target | OneModel, prices: PriceTable
) -> tuple[float | None, float | None]:
    """Give what a call's prompt and its answer have cost, in dollars; None if unknown.

    What the gateway has told counts.

    Args:
        call: The call.
        target: What it was aimed at.
        prices: Price what no gateway has priced.
    """
    told = call.told
    usage = Usage(
        told["prompt_tokens"],
        told["completion_tokens"],
        cached_tokens=told["cached_tokens"],
        cache_write_tokens=told["cache_write_tokens"],
    )
    model, provider = told["answered_model"] or "", told["provider"]
    if prices.price(model, provider) is None:
        model, provider = target.model or model, target.route_provider
    cost = told["cost"]
    if told["cost_source"] != "gateway":
        cost = prices.cost(usage, model, provider)[0]
    if cost is None:
        return None, None
    read = cost * _share_read(usage, prices, model, provider)
    return read, cost - read


def _share_read(
    usage: Usage, prices: PriceTable, model: str, provider: str | None
) -> float:
    """The prompt's share of the dollars, or of the tokens if nobody knows the price."""
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    price = prices.price(model, provider)
    found = price and price.for_prompt(prompt)
    read = prompt * (found.input if found else 1.0)
    written = completion * (found.output if found else 1.0)
    return read / (read + written) if read + written else 0.0
