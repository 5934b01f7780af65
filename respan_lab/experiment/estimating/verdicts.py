"""What judges will be asked about a run's answers, and what that takes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...evaluators.judge import Judge
from ...evaluators.judged import sealed
from ...evaluators.side_keys import named
from ...ledger.history import PastCall, newest_calls, standing_keys
from ...ledger.records import answer_to, completion_of
from ...money.bounds import Bounds, OneModel, output_bound
from ..pacing.token_guess import FIRST_GUESS
from .asking import bytes_of, shape_of
from .estimate import Forecast, Seen, project, within
from .guess import guess_of
from .past import dollars_of

if TYPE_CHECKING:
    import sqlite3

    from ...client import Client
    from ...evaluators.asking import Question
    from ...prices import PriceTable
    from ..options import Settings
    from ..planning.plan import Cell

__all__ = ["Verdicts", "verdicts_of"]

_NEWEST = 4000  # calls that are looked at for those of a judge
_SEEN = 400  # of a judge that are enough
_BYTES = 4  # a token


@dataclass(slots=True)
class Verdicts:
    """What one judge is to say of a run's answers.

    Attributes:
        name: The judge's, as its column has it.
        judge: The judge.
        client: Makes its calls.
        prices: The price lists, with whatever prices are laid over them.
        retries: Attempts of the client after the first.
        answered: How many verdicts the ledger has.
        bodies: The requests for those that it has not, of answers that are there.
        coming: The cells whose answers are still to come.
        items: How many items all those are about.
        seen: Calls of this judge that were answered before.
    """

    name: str
    judge: Judge
    client: Client
    prices: PriceTable
    retries: int = 2
    answered: int = 0
    bodies: list[Mapping[str, Any]] = field(default_factory=list, repr=False)
    coming: list[Cell] = field(default_factory=list, repr=False)
    items: int = 0
    seen: list[Seen] = field(default_factory=list, repr=False)

    @property
    def target(self) -> OneModel:
        """Its model."""
        judge = self.judge
        return OneModel(f"judge {self.name}", judge.model, judge.route_provider)

    def look(
        self,
        cells: Iterable[Cell],
        standing: set[str],
        connection: sqlite3.Connection | None,
        *,
        resends: bool,
    ) -> None:
        """Find out what is to be asked.

        Args:
            cells: The plan.
            standing: Keys of cells that a run does not send.
            connection: To the ledger; None without one.
            resends: Whether what may have been billed is asked again.
        """
        found: dict[str, tuple[Mapping[str, Any], int]] = {}
        items = set()
        for cell in cells:
            if cell.key not in standing:
                self.coming.append(cell)
                items.add(id(cell.item))
            elif connection is not None:
                for question in self._questions(cell, connection):
                    key, body = named(question, self.client)
                    found[key] = body, id(cell.item)  # the same is asked once
        if connection is not None:
            known = standing_keys(found, connection, resends=resends)
            self.answered = len(known)
            missing = [each for key, each in found.items() if key not in known]
            self.bodies = [body for body, _ in missing]
            items |= {item for _, item in missing}
            self.seen = self._before(connection)
        self.items = len(items)

    def _questions(
        self, cell: Cell, connection: sqlite3.Connection
    ) -> Iterable[Question]:
        record = answer_to(cell.key, connection)
        if record is None:
            return
        completion = completion_of(record)
        for choice in completion.choices:
            question = self.judge.about(
                choice.text,
                cell.item.expected,
                dict(cell.item.variables),
                choice.tool_calls,
                completion,
            )
            if question is not None:
                yield question

    def _before(self, connection: sqlite3.Connection) -> list[Seen]:
        """Calls with the same rubric and the same settings."""
        _, like = named(self.judge.question({}), self.client)
        role, shape = like["messages"][0]["content"], shape_of(like)
        found: list[Seen] = []
        for call in newest_calls(connection, _NEWEST):
            said = call.request.get("messages") or [{}]
            if said[0].get("content") != role or shape_of(call.request) != shape:
                continue
            one = self._seen(call)
            found += [] if one is None else [one]
            if len(found) >= _SEEN:
                break
        return found

    def _seen(self, call: PastCall) -> Seen | None:
        prompt = call.told["prompt_tokens"]
        completion = call.told["completion_tokens"]
        if prompt is None or completion is None or call.told["cached"]:
            return None
        read, written = dollars_of(call, self.target, self.prices)
        size = bytes_of(call.request)
        return Seen(_about(call), size, prompt, completion, read, written)

    def row(
        self, answer_tokens: Callable[[Cell], float], *, is_piloted: bool
    ) -> dict[str, Any]:
        """Give its row of the estimate.

        Args:
            answer_tokens: How long an answer of a cell will be, each of its choices.
            is_piloted: Whether some of its calls were made to find out.
        """
        known = [bytes_of(body) for body in self.bodies]
        coming = list(self._coming_sizes())
        sizes = [
            *known,
            *(size + round(_BYTES * answer_tokens(cell)) for cell, size in coming),
        ]
        least = [*known, *(size + _BYTES for _, size in coming)]
        found, basis = self._forecast(sizes, least)
        if basis == "past runs" and is_piloted:
            basis = "pilot"
        prompt, completion = round(found.prompt_tokens), round(found.completion_tokens)
        return {
            "model": self.judge.model,
            "prompt": None,
            "judge": self.name,
            "calls": len(sizes),
            "answered": self.answered,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "tokens": prompt + completion,
            "cost": found.cost,
            "cost_low": found.low,
            "cost_high": found.high,
            "priced": found.cost is not None,
            "basis": basis,
        }

    def _forecast(
        self, sizes: Sequence[int], least: Sequence[int]
    ) -> tuple[Forecast, str]:
        if not sizes:
            return Forecast(0, 0, 0.0, 0.0, 0.0), "past runs"
        answers = [self._answer()] * len(sizes)
        low = guess_of(self.target, least, answers, self.prices).low
        if not self.seen:
            found = guess_of(self.target, sizes, answers, self.prices)
            return within(found._replace(low=low), self._most()), "bounds"
        found = project(
            self.seen, calls=len(sizes), n_bytes=sum(sizes), clusters=self.items
        )
        if found.low is None:  # a single one says nothing of how much they differ
            found = found._replace(low=low)
        return within(found, self._most()), "past runs"

    def _answer(self) -> int:
        limit = output_bound(self.judge.params)
        return FIRST_GUESS if limit is None else min(FIRST_GUESS, limit)

    def _coming_sizes(self) -> Iterable[tuple[Cell, int]]:
        """Bytes that it will be sent about each choice, but for the answer."""
        nothing = self.judge.question({})
        around = bytes_of(named(nothing, self.client)[1])
        around -= len(nothing.messages[-1]["content"])
        said: dict[tuple[int, int], int] = {}
        for cell in self.coming:
            # By identity: the plan keeps them alive, and many cells share one.
            which = id(cell.content), id(cell.item)
            if which not in said:
                said[which] = _bytes_about(cell)
            for _ in range(int(cell.params.get("n") or 1)):
                yield cell, around + said[which]

    def _most(self) -> float | None:
        """Dollars at worst; None if answers are to come, which may be of any size."""
        if self.coming:
            return None
        try:
            bounds = Bounds([target := self.target], self.prices, retries=self.retries)
            return math.fsum(bounds.of(target, body) for body in self.bodies)
        except ConfigError:
            return None


def verdicts_of(
    evaluators: Mapping[str, object], client: Client, settings: Settings
) -> list[Verdicts]:
    """Give those of a run's evaluators that are judges; nothing is known of them yet.

    Args:
        evaluators: All, by name. What a function of the user's asks is not known.
        client: The run's.
        settings: The run's.
    """
    found = []
    for name, one in evaluators.items():
        if isinstance(one, Judge):
            asks = one.client or client
            prices = asks.prices.under(settings.prices)
            found.append(Verdicts(name, one, asks, prices, settings.retries))
    return found


def _bytes_about(cell: Cell) -> int:
    data = {
        "question": cell.request(run_id="", stream=False).body.get("messages"),
        "expected": cell.item.expected,
        "answer": "",
    }
    return len(sealed(data).encode("utf-8", "replace"))


def _about(call: PastCall) -> str:
    """What a verdict hangs together with: all of the same question and reference."""
    content = call.request["messages"][-1]["content"]
    try:
        data = json.loads(content)
        return json.dumps([data.get(n) for n in ("question", "variables", "expected")])
    except (ValueError, AttributeError, TypeError):
        return str(content)
