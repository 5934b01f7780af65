"""Runs cells: so many at a time, each once, every outcome in the ledger."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from ..errors import APIError, LedgerError
from ..evaluators import ascore
from ..ledger import Answered, Begun, Busy, Intent, Settled
from ..wire.secrets import without_credentials
from .pacing import start_offset
from .records import completion_of, record_of
from .rows import broken_row, failed_row, identity_row, rows_of, stopped_row
from .turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..client import Client
    from ..client.attempt import Trial
    from ..ledger import Ledger
    from ..ledger.calls import State
    from ..wire import ChatRequest, Completion
    from .gates import Gates
    from .options import Settings
    from .plan import Cell
    from .progress import Progress
    from .turns import Turn

__all__ = ["Engine"]

Rows = list[dict[str, Any]]

_STATES: dict[str, State] = {"ok": "ok", "maybe_billed": "maybe_billed"}
_POLL = 0.2  # seconds between looks at what another run is asking


class Engine:
    """The cells of one run, asked one after the other and many at a time.

    Args:
        cells: In the order of the frame.
        client: Makes the calls.
        settings: How.
        evaluators: Score each answer as it arrives.
        ledger: Where everything is written down.
        run_id: Travels with every request as `metadata.respan_lab_run`.

    Attributes:
        warnings: What the gateway warned of, and in how many calls.
        unwritten: What the ledger could not take, by the cell's place.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        client: Client,
        settings: Settings,
        *,
        evaluators: Mapping[str, Callable[..., Any]],
        ledger: Ledger,
        run_id: str,
    ) -> None:
        self._cells = cells
        self._client = client
        self._settings = settings
        self._evaluators = evaluators
        self._ledger = ledger
        self._run_id = run_id
        self._run = 0
        self._nonce = ""
        self._failure: LedgerError | None = None
        self.warnings: Counter[str] = Counter()
        self.unwritten: dict[int, Settled] = {}

    async def run(
        self,
        run: int,
        positions: Iterable[int],
        gates: Gates,
        progress: Progress,
    ) -> None:
        """Ask cells; on cancellation what was in flight is told apart.

        Args:
            run: The run's number in the ledger.
            positions: Which cells.
            gates: Hold back calls to providers that take few at a time.
            progress: Is told of every finished call.

        Raises:
            LedgerError: It takes nothing any more. Nothing further was sent; what had
                come and could not be written is in `unwritten`.
        """
        self._run, self._nonce = run, await self._ledger.nonce()
        order = self._order(positions)
        workers = min(self._settings.max_concurrency, len(order))
        turns = Turns(
            ((at, gates.of(self._cells[at].target)) for at in order),
            gates.places,
            workers=workers,
        )
        tasks = [
            asyncio.create_task(self._work(number, turns, progress))
            for number in range(workers)
        ]
        try:
            await _all_or_first_failure(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._ledger.flush()

    def _order(self, positions: Iterable[int]) -> list[int]:
        """Items shuffled, with all cells of an item adjacent in time.

        Were one target's calls all made before another's, a slow hour of the gateway
        would be counted against one of them.
        """
        by_item: dict[tuple[int, Any], list[int]] = {}
        for at in positions:
            cell = self._cells[at]
            by_item.setdefault((cell.run, cell.item.id), []).append(at)
        groups = list(by_item.values())
        random.Random(self._settings.order_seed).shuffle(groups)
        return [at for group in groups for at in group]

    async def _work(self, number: int, turns: Turns, progress: Progress) -> None:
        await asyncio.sleep(start_offset(number))
        while turn := await turns.take():
            row = await self._ask(turn, turns)
            progress.count(row)

    async def _ask(self, turn: Turn, turns: Turns) -> Mapping[str, Any]:
        """Ask one cell, unless it need not be; gives the first row of what came."""
        at, cell = turn.cell, self._cells[turn.cell]
        request = cell.request(
            run_id=self._run_id,
            stream=self._settings.stream,
            channel=self._client.channel,
        )
        with turns.held(turn):
            begun = await self._begin(at, request)
            if isinstance(begun, Answered):
                return await self._found(at, begun)
            request.headers["Idempotency-Key"] = (
                f"{cell.key}-{self._nonce}-{begun.generation}"
            )
            rows, completion = await self._call(turn, begun, request)
        if completion is not None:
            await self.score(at, completion, rows)
        return rows[0]

    async def _begin(self, at: int, request: ChatRequest) -> Begun | Answered:
        intent = Intent(
            run=self._run,
            position=at,
            key=self._cells[at].key,
            owner=self._run_id,
            worst=None,
            request=to_json(without_credentials(request.body)),
            asks_again=self._settings.fresh,
            resends=self._settings.maybe_billed == "resend",
        )
        while isinstance(begun := await self._ledger.begin(intent), Busy):
            await asyncio.sleep(_POLL)
            await self._ledger.look_for_the_dead()
        return begun

    async def _found(self, at: int, found: Answered) -> Mapping[str, Any]:
        """Take what another run has been told meanwhile."""
        if found.state == "ok":
            await self.score_found(self._run, {at: found.call})
        return {"status": found.state, "from_ledger": True}

    async def _call(
        self, turn: Turn, begun: Begun, request: ChatRequest
    ) -> tuple[Rows, Completion | None]:
        """Make a call; whatever comes of it is committed before it is told."""
        at, cell = turn.cell, self._cells[turn.cell]
        trials: list[Trial] = []
        completion = None
        try:
            completion = await self._perform(request, turn.queued_at, trials)
            rows = rows_of(cell, completion)
            self.warnings.update(dict.fromkeys(completion.warnings, 1))
        except APIError as error:
            rows = [failed_row(error, trials)]
        except asyncio.CancelledError:
            self._ledger.settle_soon(_settled(begun.call, [stopped_row(trials)]))
            raise
        except Exception as error:  # what goes wrong in one cell costs no other
            rows = [broken_row(error, trials)]
        settled = _settled(begun.call, rows, completion)
        await self._settle(at, settled)
        return rows, completion

    async def _settle(self, at: int, settled: Settled) -> None:
        # It has been paid for, so a stop that comes now does not lose it.
        self.unwritten[at] = settled
        await asyncio.shield(self._ledger.settle(settled))
        del self.unwritten[at]

    async def _perform(
        self, request: ChatRequest, queued_at: float, trials: list[Trial]
    ) -> Completion:
        return await self._client.perform(
            request,
            timeout=self._settings.timeout,
            max_retries=self._settings.retries,
            queued_at=queued_at,
            trials=trials,
        )

    async def score_found(self, run: int, calls: Mapping[int, int]) -> None:
        """Score answers that the ledger had already.

        Args:
            run: The run's number in the ledger.
            calls: The call that answers a cell, by the cell's place.
        """
        self._run = run
        if not self._evaluators:
            return
        records = await self._ledger.records(calls.values())
        for at, call in calls.items():
            if call in records:
                request = self._cells[at].request(run_id=self._run_id, stream=False)
                completion = completion_of(records[call], request.output_type)
                rows = rows_of(self._cells[at], completion)
                await self.score(at, completion, rows)

    async def score(self, at: int, completion: Completion, rows: Rows) -> None:
        """Score an answer that is in the ledger.

        Args:
            at: The cell's place.
            completion: Its answer.
            rows: The rows of that, one for each choice.
        """
        if not self._evaluators:
            return
        cell = self._cells[at]
        identity = identity_row(cell, run_id=self._run_id, backend=self._client.backend)
        for row, choice in zip(rows, completion.choices, strict=False):
            # Copies: a function that changes what it is given changes nothing here.
            context = {
                "output": choice.text,
                "expected": cell.item.expected,
                "parsed": choice.parsed,
                "tool_calls": choice.tool_calls,
                "variables": dict(cell.item.variables),
                "row": {**identity, **row},
                "completion": completion,
            }
            scores = await ascore(self._evaluators, context)
            self._ledger.score_soon(self._run, at, row["choice"], scores)


def _settled(call: int, rows: Rows, completion: Completion | None = None) -> Settled:
    # What was never sent, `skipped`, was not billed either.
    state = _STATES.get(rows[0]["status"], "error")
    record = None if completion is None else record_of(completion)
    return Settled(call, state, rows, record)


async def _all_or_first_failure(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION) if tasks else None
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error
