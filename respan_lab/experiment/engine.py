"""Runs cells: so many at a time, each once, every outcome in the ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..ledger import Answered, Begun, Busy, Intent, Settled
from ..ledger.answer_rows import stopped_row
from ..ledger.making import Came, idempotency_key, made, written
from .pacing.lag import Lag, watch
from .pacing.offsets import start_offset
from .pacing.order import asking_order
from .pacing.pace import Pace
from .pacing.rate import Rate
from .pacing.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..client import Client
    from ..client.attempt import Trial
    from ..ledger import Ledger
    from ..ledger.journal import Outcome
    from ..prices import PriceTable
    from ..wire import ChatRequest, Completion
    from .answers.scoring import Scorer
    from .listening import Listening
    from .options import Settings
    from .pacing.gates import Gates
    from .pacing.pace import Sending
    from .pacing.turns import Turn
    from .planning.plan import Cell
    from .progress import Progress
    from .spending import Spending
    from .stopping.race import Race

__all__ = ["Engine"]

Rows = Sequence[Mapping[str, Any]]

_LAST = 0.2  # seconds for a stopped run to score what has come
_POLL = 0.2  # seconds between looks at what another run is asking
_NOTHING: Mapping[str, Any] = {"status": "skipped"}


class _Asked(NamedTuple):
    """What came of a cell: its rows, its answer, and what commits them."""

    at: int
    rows: Rows
    completion: Completion | None = None
    committing: asyncio.Future[None] | None = None


class Engine:
    """The cells of one run, asked one after the other and many at a time.

    Args:
        cells: In the order of the frame.
        client: Makes the calls.
        settings: How.
        ledger: Where everything is written down.
        scorer: Scores each answer as it arrives.
        spending: What may be spent.
        prices: Prices an answer whose gateway reports no cost.
        run_id: Travels with every request as `metadata.respan_lab_run`.
        race: Says when enough was asked; None asks everything.
        listening: Is told of every cell; None where nobody listens.

    Attributes:
        warnings: What the gateway warned of, and in how many calls.
        unwritten: What the ledger could not take, by the cell's place.
        lag: How late the event loop was.
        pace: What was found out of providers and targets; None before the run.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        client: Client,
        settings: Settings,
        *,
        ledger: Ledger,
        scorer: Scorer,
        spending: Spending,
        prices: PriceTable,
        run_id: str,
        race: Race | None = None,
        listening: Listening | None = None,
    ) -> None:
        self._cells = cells
        self._client = client
        self._settings = settings
        self._ledger = ledger
        self._scorer = scorer
        self._spending = spending
        self._prices = prices
        self._run_id = run_id
        self._race = race
        self._listening = listening
        self._run = self._workers = 0
        self._nonce = ""
        self._is_over = False
        self._came: dict[int, Mapping[str, Any]] = {}  # of calls not settled yet
        self._telling: dict[int, asyncio.Task[None]] = {}  # of each worker's last cell
        self.warnings: Counter[str] = Counter()
        self.unwritten: dict[int, Settled] = {}
        self.lag = Lag()
        self.pace: Pace | None = None

    def prepare(self, run: int, positions: Iterable[int], gates: Gates) -> None:
        """Put cells in order; from now on the pace is there, for judges' calls too.

        Args:
            run: The run's number in the ledger.
            positions: Which cells.
            gates: Know which providers may answer a target.
        """
        self._run = run
        seed = self._settings.order_seed
        by_item = self._race is not None
        order = asking_order(self._cells, positions, seed=seed, by_item=by_item)
        settings = self._settings
        self._workers = min(settings.max_concurrency, len(order))
        cells = [(at, gates.of(self._cells[at].target)) for at in order]
        most = settings.max_concurrency
        turns = Turns(cells, gates.places, workers=self._workers, most=most)
        rate = Rate(settings.requests_per_minute, settings.tokens_per_minute)
        self.pace = Pace(turns, rate, self._race)

    async def run(self, progress: Progress) -> None:
        """Ask the cells; on cancellation what was in flight is told apart.

        Args:
            progress: Is told of every finished call.

        Raises:
            LedgerError: It takes nothing any more. Nothing further was sent; what had
                come and could not be written is in `unwritten`.
        """
        pace = self.pace
        assert pace is not None  # it was prepared
        self._nonce = await self._ledger.nonce()
        watching = asyncio.create_task(watch(self.lag))
        tasks = [
            asyncio.create_task(self._work(number, pace, progress))
            for number in range(self._workers)
        ]
        try:
            await self._all(tasks)
        finally:
            await self._end((watching, *tasks))

    async def _all(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Wait for all of them; raises the first failure."""
        if not tasks:
            return
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        # Where one has failed, nothing more is sent. But what is in flight is paid for:
        # it is waited for, and kept in memory.
        self._is_over = True
        if others:
            await asyncio.wait(others)
        for task in (*done, *others):
            task.result()

    async def _work(self, number: int, pace: Pace, progress: Progress) -> None:
        await asyncio.sleep(start_offset(number))
        while not self._is_over and (turn := await pace.turns.take()):
            asked = await self._take(turn, pace)
            if asked is None:  # another run is asking it: others come first
                await asyncio.sleep(_POLL)
                await self._ledger.look_for_the_dead()
                pace.turns.put_back(turn)
                continue
            # Told of while the next one is asked: its answer and the next one's intent
            # are committed together.
            before = self._telling.get(number)
            self._telling[number] = asyncio.create_task(self._tell(asked, progress))
            if before is not None:
                await before
        if number in self._telling:
            await self._telling[number]

    async def _tell(self, asked: _Asked, progress: Progress) -> None:
        """Tell of what came of a cell once it is committed, and only then."""
        if asked.committing is not None:
            await asked.committing
        if asked.completion is not None:
            completion, rows = asked.completion, asked.rows
            await self._scorer.score(self._run, asked.at, completion, rows)
        elif self._race is not None:  # an answer is heard of by its scores
            self._race.hear(asked.at, [])
        progress.count(asked.rows[0])
        if self._listening is not None:
            self._listening.came(asked.at, asked.rows)

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Stop all work; what has come is committed, and scored if that is quick."""
        if self.pace is not None:
            self.pace.turns.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        telling = list(self._telling.values())
        if telling:
            _, slow = await asyncio.wait(telling, timeout=_LAST)
            for each in slow:
                each.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    async def _take(self, turn: Turn, pace: Pace) -> _Asked | None:
        """Ask one cell, unless it must not be.

        Returns:
            What came; None if another run is asking just this now.
        """
        at, cell = turn.cell, self._cells[turn.cell]
        with pace.turns.held(turn):
            if reason := pace.reason(cell.target.name):
                return self._skipped(at, reason)
            if not await self._spending.reserve(at):
                return self._skipped(at, "budget")
            try:
                return await self._ask(turn, pace)
            finally:
                row = self._came.pop(at, _NOTHING)
                self._spending.settle(at, row, key=cell.key)

    def _skipped(self, at: int, reason: str) -> _Asked:
        self._ledger.skip_soon(self._run, [at], reason)
        return _Asked(at, [_NOTHING])

    async def _ask(self, turn: Turn, pace: Pace) -> _Asked | None:
        at, cell = turn.cell, self._cells[turn.cell]
        request = cell.request(
            run_id=self._run_id,
            stream=self._settings.stream,
            channel=self._client.channel,
        )
        # Before the intent: what waits for the rate is not in flight.
        sending = await pace.ready(turn, cell.target.name, request.body)
        begun = await self._begin(at, request)
        if not isinstance(begun, Begun):
            sending.dropped()
            return await self._found(at, begun)
        request.headers["Idempotency-Key"] = idempotency_key(
            cell.key, self._nonce, begun.generation
        )
        return await self._call(turn, begun, request, sending)

    async def _begin(self, at: int, request: ChatRequest) -> Begun | Answered | Busy:
        intent = Intent(
            run=self._run,
            position=at,
            key=self._cells[at].key,
            owner=self._run_id,
            worst=self._spending.worst(at),
            request=self._written(at, request),
            asks_again=self._settings.asks_again,
            resends=self._settings.maybe_billed == "resend",
        )
        return await self._ledger.begin(intent, unheard=self._give_up)

    def _give_up(self, outcome: Outcome[Begun | Answered | Busy]) -> None:
        """Take an intent back that was committed for a call nobody sends any more."""
        if isinstance(begun := outcome.result, Begun):
            self._ledger.settle(Came([stopped_row(())]).settled(begun.call))

    def _written(self, at: int, request: ChatRequest) -> bytes:
        """The request as it is kept: every field in its place, no credentials."""
        if self._client.channel == "header":  # else nothing of ours would be in it
            cell, stream = self._cells[at], self._settings.stream
            request = cell.request(run_id=self._run_id, stream=stream)
        return written(request)

    async def _found(self, at: int, found: Answered | Busy) -> _Asked | None:
        """Take what another run has been told meanwhile; None if it waits too."""
        if isinstance(found, Busy):
            return None
        if found.state == "ok":
            await self._scorer.score_found(self._run, {at: found.call})
        return _Asked(at, [{"status": found.state, "from_ledger": True}])

    async def _call(
        self, turn: Turn, begun: Begun, request: ChatRequest, sending: Sending
    ) -> _Asked:
        """Make a call; whatever comes of it is on its way into the ledger."""
        at, cell = turn.cell, self._cells[turn.cell]

        listening = self._listening

        async def perform(trials: list[Trial]) -> Completion:
            follow = None if listening is None else listening.following(at, trials)
            with sending:
                completion = await self._client.perform(
                    request,
                    timeout=self._settings.timeout,
                    max_retries=self._settings.retries,
                    prices=self._prices,
                    queued_at=turn.queued_at,
                    trials=trials,
                    on_chunk=follow,
                    on_refused=sending.refused,
                    before_retry=sending.again,
                )
            sending.answered(completion)
            self.warnings.update(dict.fromkeys(completion.warnings, 1))
            return completion

        def stopped(came: Came) -> None:
            self._came[at] = came.rows[0]
            self._ledger.settle(came.settled(begun.call))

        came = await made(perform, primaries=cell.target.primaries, stopped=stopped)
        self._came[at] = came.rows[0]
        committing = self._commit(at, came.settled(begun.call))
        return _Asked(at, came.rows, came.completion, committing)

    def _commit(self, at: int, settled: Settled) -> asyncio.Future[None]:
        """Put down what came of a call, with or before its worker's next intent.

        So whatever kills this process, of each worker one call is in doubt at most.
        """

        def told(outcome: Outcome[None]) -> None:
            if outcome.error is not None:
                self.unwritten[at] = settled

        return self._ledger.settle(settled, told=told)
