"""The judges of a run: their models checked, their calls paced and paid as cells'."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from math import fsum
from typing import TYPE_CHECKING, Any

from ..errors import APIError
from ..evaluators.judging import Judging
from ..evaluators.side_calls import SideCalls, Terms
from ..evaluators.side_funds import SideFunds
from ..evaluators.tally import Tallies
from ..money.wording import dollars
from .pacing.gates import Gates, open_gates
from .planning.target import Target

if TYPE_CHECKING:
    from ..client import Client
    from ..evaluators.asking import Question
    from ..evaluators.side_places import Place
    from ..ledger import Ledger
    from .engine import Engine
    from .options import Settings
    from .pacing.pace import Pace, Sending
    from .pacing.turns import Turn
    from .spending import Spending

__all__ = ["JudgePlaces", "Judges"]


class Judges:
    """Those of a run's evaluators that ask a model.

    Args:
        evaluators: All of the run's, by name.
        client: The run's.
        settings: The run's.
        spending: What the run may spend, judges and all.

    Raises:
        ConfigError: With a budget: the price of a judge's model is unknown, or nothing
            limits how much it writes.
    """

    def __init__(
        self,
        evaluators: Mapping[str, Callable[..., Any]],
        client: Client,
        settings: Settings,
        *,
        spending: Spending,
    ) -> None:
        every: Mapping[str, object] = evaluators
        self._judges = {n: one for n, one in every.items() if isinstance(one, Judging)}
        self._client, self._settings = client, settings
        self._tallies = Tallies(self._judges)
        self._funds = SideFunds(
            spending,
            prices=settings.prices,
            assume_price=settings.assume_price,
            retries=settings.retries,
            image_tokens=settings.image_tokens,
        )
        self._gates: dict[Client, Gates] = {}
        asked = [
            one.question({})._replace(name=name, client=one.client or client)
            for name, one in self._judges.items()
        ]
        for question in asked:
            self._tallies.of(question)  # one that asks nothing is told of as well
        self._funds.check(asked)

    async def check(self) -> None:
        """Make sure that there are such models.

        Raises:
            ConfigError: One is unknown or cannot run; nothing was sent.
        """
        targets: dict[Client, list[Target]] = {}
        for one in self._judges.values():
            client = one.client or self._client
            targets.setdefault(client, []).append(_target(one.question({})))
        for client, some in targets.items():
            self._gates[client] = await open_gates(client.catalogue, some)

    def side_calls(
        self, run: int, run_id: str, ledger: Ledger, engine: Engine
    ) -> SideCalls:
        """Give what asks for the run's evaluators.

        Args:
            run: The run's number in the ledger.
            run_id: Its id, which is its owner's name.
            ledger: Where its calls are written down.
            engine: Paces them.
        """
        settings = self._settings
        terms = Terms(
            owner=run_id,
            run=run,
            timeout=settings.timeout,
            retries=settings.retries,
            asks_again=settings.asks_again,
            resends=settings.maybe_billed == "resend",
            sends=settings.mode != "replay",
            prices=settings.prices,
        )
        return SideCalls(
            self._client,
            ledger,
            terms,
            funds=self._funds,
            places=JudgePlaces(engine, self._gates_of),
            tallies=self._tallies,
        )

    def _gates_of(self, question: Question) -> Gates:
        return self._gates.get(question.client or self._client) or Gates({})

    def manifest(self) -> dict[str, dict[str, Any]]:
        """Give what each has asked and what that cost, by name."""
        return self._tallies.manifest()

    @property
    def labels(self) -> dict[str, str]:
        """What reports must call the models of judges, for those that ask for it."""
        return {
            name: label
            for gates in self._gates.values()
            for name, label in gates.labels.items()
        }

    def message(self) -> str:
        """Say which verdicts were not asked for want of dollars; empty if none."""
        unsent = [
            f"{told['unsent']:,} of {name}"
            for name, told in self.manifest().items()
            if told["unsent"]
        ]
        if not unsent:
            return ""
        cost = dollars(fsum(self._tallies.missed()))
        return (
            f"The budget had no room for verdicts ({', '.join(unsent)}): their scores "
            f"are missing. They would cost up to {cost}. "
            "Run again with a budget to ask for them."
        )


class JudgePlaces:
    """The places of a run's calls, of which judges' are some.

    Args:
        engine: Has the run's pace once it is prepared.
        gates_of: Knows which providers may answer a question.
    """

    def __init__(self, engine: Engine, gates_of: Callable[[Question], Gates]) -> None:
        self._engine, self._gates_of = engine, gates_of

    @asynccontextmanager
    async def place(self, question: Question) -> AsyncIterator[Place]:
        """Wait for a place among all of the run's calls, and hold it.

        Raises:
            APIError: So many of the judge's calls have failed alike that no more are
                made.
        """
        pace = self._engine.pace
        assert pace is not None  # the engine is prepared before anything is scored
        gates = self._gates_of(question)
        providers = gates.of(_target(question))
        turn = await pace.turns.take_beside(providers, gates.places)
        with pace.turns.held(turn):
            name = f"judge {question.model}"
            if reason := pace.giving_up.reason(name):
                raise APIError(f"not asked: {reason}")
            yield _Place(pace, turn, name)


class _Place:
    """A turn that is no cell's."""

    def __init__(self, pace: Pace, turn: Turn, name: str) -> None:
        self._pace, self._turn, self._name = pace, turn, name
        self.queued_at = turn.queued_at

    @property
    def is_open(self) -> bool:
        return not self._pace.turns.is_over

    async def ready(self, body: Mapping[str, Any]) -> Sending:
        return await self._pace.ready(self._turn, self._name, body)


def _target(question: Question) -> Target:
    return Target(
        f"judge {question.name}",
        model=question.model,
        route_provider=question.route_provider,
    )
