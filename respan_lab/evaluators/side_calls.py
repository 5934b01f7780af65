"""Calls beside those of cells: each committed before it is sent, none paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ..errors import APIError, BudgetError
from ..ledger import Answered, Begun, Busy, Intent
from ..ledger.additions import with_additions
from ..ledger.answer_rows import stopped_row
from ..ledger.making import Came, idempotency_key, made, written
from ..ledger.records import completion_of
from ..wire import chat_request
from .asking import Told
from .side_keys import named
from .side_places import FREE, FewPlaces
from .tally import Tallies

if TYPE_CHECKING:
    from ..client import Client
    from ..client.attempt import Trial
    from ..ledger import Ledger
    from ..ledger.journal import Outcome
    from ..prices import PriceTable
    from ..wire import ChatRequest, Completion
    from .asking import Question
    from .side_keys import named
from .side_places import Funds, Place, Places

__all__ = ["SideCalls", "Terms"]

_POLL = 0.2  # seconds between looks at what another run is asking
_UNSENT = Came([stopped_row(())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How calls beside those of cells are made.

    Attributes:
        owner: Whose they are, by name; alive in the ledger meanwhile.
        run: The run's number in the ledger; 0 for none.
        timeout: Seconds for each attempt; None for no limit.
        retries: Attempts after the first.
        asks_again: Whether answers from before are left alone.
        resends: Whether what may have been billed is sent again.
        sends: Whether anything is sent at all; a replay sends nothing.
        prices: Laid over those of the client, for answers whose gateway reports no
            cost; None changes none.
    """

    owner: str
    run: int = 0
    timeout: float | None = 120.0
    retries: int = 2
    asks_again: bool = False
    resends: bool = False
    sends: bool = True
    prices: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """One question, as it is named and sent."""

    question: Question
    client: Client
    key: str
    params: Mapping[str, Any] = field(repr=False)

    def request(self, run_id: str, *, channel: Any = None) -> ChatRequest:
        """All that is sent."""
        return chat_request(
            list(self.question.messages),
            model=self.question.model,
            route_provider=self.question.route_provider,
            channel=channel or self.client.channel,
            params=with_additions(self.params, self.key, run_id=run_id, stream=False),
        )

    def intent(self, terms: Terms, *, worst: float | None, asks_again: bool) -> Intent:
        """What is written before it is sent."""
        return Intent(
            run=terms.run,
            position=None,
            key=self.key,
            owner=terms.owner,
            worst=worst,
            request=written(self.request(terms.owner, channel="top")),
            asks_again=asks_again,
            resends=terms.resends,
        )


class SideCalls:
    """Asks what evaluators want to know, through a run's client and into its ledger.

    A question has a key as a cell has. One that was answered before, by whatever run,
    is answered from the ledger; the same question is asked once at a time.

    Args:
        client: Makes the calls of questions without a client of their own.
        ledger: Where they are written down; the owner of the terms is at work on it.
        terms: How.
        funds: Sets dollars aside; by default there is no limit.
        places: Says how many are made at once, and how fast; by default 32.
        tallies: Counts what they cost, by who asks.
    """

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        terms: Terms,
        *,
        funds: Funds = FREE,
        places: Places | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self._client, self._ledger, self._terms = client, ledger, terms
        self._funds, self._places = funds, places or FewPlaces()
        self.tallies = tallies if tallies is not None else Tallies()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._asked: set[str] = set()  # anew, by keys
        self._nonce = ""
        self._tables: dict[Client, PriceTable] = {}

    async def ask(self, question: Question) -> Told:
        """Ask, unless the ledger knows the answer; see `Asker.ask`."""
        try:
            call = self._named(question)
            lock = self._locks.setdefault(call.key, asyncio.Lock())
            async with lock:  # the same question twice at once would be paid twice
                return await self._told(call)
        except BudgetError:
            self.tallies.of(question).unsent += 1
            raise
        except Exception:
            self.tallies.of(question).errors += 1
            raise

    def unreadable(self, question: Question) -> None:
        """Count it; see `Asker.unreadable`."""
        self.tallies.of(question).unreadable += 1

    def _named(self, question: Question) -> _Call:
        client = question.client or self._client
        params = {n: v for n, v in question.params.items() if v is not None}
        key, _ = named(question, client)
        return _Call(question._replace(client=client), client, key, params)

    async def _told(self, call: _Call) -> Told:
        while True:
            asks_again = self._terms.asks_again and call.key not in self._asked
            record = None if asks_again else await self._ledger.answer_to(call.key)
            if record is not None:
                self.tallies.of(call.question).find(call.key)
                return Told(completion_of(record), True)
            if not self._terms.sends:
                raise APIError(
                    "the recording has no answer to this, and a replay asks none"
                )
            completion = await self._sent(call, asks_again=asks_again)
            if completion is not None:
                self._asked.add(call.key)
                return Told(completion, False)

    async def _sent(self, call: _Call, *, asks_again: bool) -> Completion | None:
        """Send it; None if another run has asked it meanwhile."""
        request = call.request(self._terms.owner)
        worst = self._funds.worst(call.question, request.body)
        async with self._places.place(call.question) as place:
            if not await self._funds.reserve(worst):
                self.tallies.of(call.question).miss(call.key, worst)
                raise BudgetError(
                    "the budget has no room for this call; it was not sent"
                )
            came = [_UNSENT]
            try:
                begun = await self._begun(
                    call, request, place, worst=worst, asks_again=asks_again, came=came
                )
            finally:
                row = came[-1].rows[0]
                self._funds.settle(worst, row, key=call.key)
        if isinstance(begun, Busy):
            await asyncio.sleep(_POLL)
            await self._ledger.look_for_the_dead()
            return None
        if isinstance(begun, Answered):
            if begun.state == "ok":
                return None
            raise APIError(
                "this was sent before and never answered, and may have been billed; "
                'maybe_billed="resend" sends it again, and may pay for it twice'
            )
        await begun
        return self._answer(call, came[-1])

    async def _begun(
        self,
        call: _Call,
        request: ChatRequest,
        place: Place,
        *,
        worst: float | None,
        asks_again: bool,
        came: list[Came],
    ) -> Busy | Answered | asyncio.Future[None]:
        """Commit the intent and make the call; gives what commits what came of it."""
        self._nonce = self._nonce or await self._ledger.nonce()
        sending = await place.ready(request.body)
        intent = call.intent(self._terms, worst=worst, asks_again=asks_again)
        begun = await self._ledger.begin(intent, unheard=self._give_up)
        if not isinstance(begun, Begun):
            sending.dropped()
            return begun
        if not place.is_open:
            self._ledger.settle(_UNSENT.settled(begun.call))
            sending.dropped()
            raise asyncio.CancelledError
        request.headers["Idempotency-Key"] = idempotency_key(
            call.key, self._nonce, begun.generation
        )

        async def perform(trials: list[Trial]) -> Completion:
            with sending:
                completion = await call.client.perform(
                    request,
                    timeout=self._terms.timeout,
                    max_retries=self._terms.retries,
                    prices=self._prices_of(call.client),
                    queued_at=place.queued_at,
                    trials=trials,
                    on_refused=sending.refused,
                    before_retry=sending.again,
                )
            sending.answered(completion)
            return completion

        def stopped(one: Came) -> None:
            came.append(one)
            self._ledger.settle(one.settled(begun.call))

        self.tallies.of(call.question).calls += 1
        came.append(
            await made(perform, primaries=(call.question.model,), stopped=stopped)
        )
        return self._ledger.settle(came[-1].settled(begun.call))

    def _prices_of(self, client: Client) -> PriceTable:
        if client not in self._tables:
            self._tables[client] = client.prices.under(self._terms.prices)
        return self._tables[client]

    def _answer(self, call: _Call, came: Came) -> Completion:
        if came.completion is None:
            raise came.error or APIError("there is no answer")
        self.tallies.of(call.question).count(came.completion, key=call.key)
        return came.completion

    def _give_up(self, outcome: Outcome[Begun | Answered | Busy]) -> None:
        """Take an intent back that was committed for a call nobody sends any more."""
        if isinstance(begun := outcome.result, Begun):
            self._ledger.settle(_UNSENT.settled(begun.call))
