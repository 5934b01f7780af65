"""Runs cells: so many at a time, each once, every outcome a row."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..errors import APIError
from ..evaluators import ascore
from .pacing import start_offset
from .rows import broken_row, failed_row, identity_row, rows_of, stopped_row
from .turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..client import Client
    from ..client.attempt import Trial
    from ..wire import Completion
    from .gates import Gates
    from .options import Settings
    from .plan import Cell
    from .progress import Progress
    from .turns import Turn

__all__ = ["Engine"]

Rows = list[dict[str, Any]]


class Engine:
    """The cells of one run, and what has come of them so far.

    Args:
        cells: In the order of the frame.
        client: Makes the calls.
        settings: How.
        evaluators: Score each answer as it arrives.
        run_id: Travels with every request as `metadata.respan_lab_run`.

    Attributes:
        warnings: What the gateway warned of, and in how many calls.
    """

    def __init__(
        self,
        cells: list[Cell],
        client: Client,
        settings: Settings,
        *,
        evaluators: Mapping[str, Callable[..., Any]],
        run_id: str,
    ) -> None:
        self._cells = cells
        self._client = client
        self._settings = settings
        self._evaluators = evaluators
        self._run_id = run_id
        self._outcomes: dict[int, Rows] = {}
        self.warnings: Counter[str] = Counter()

    async def run(self, gates: Gates, progress: Progress) -> None:
        """Run every cell; on cancellation what was in flight is told apart.

        Args:
            gates: Hold back calls to providers that take few at a time.
            progress: Is told of every finished call.
        """
        workers = min(self._settings.max_concurrency, len(self._cells))
        order = ((at, gates.of(self._cells[at].target)) for at in self._order())
        turns = Turns(order, gates.places, workers=workers)
        async with asyncio.TaskGroup() as group:
            for position in range(workers):
                group.create_task(self._work(position, turns, progress))

    def rows(self) -> Rows:
        """A row per cell and choice, in order; what was not run is `skipped`."""
        rows = [
            {**self._identity(cell), **columns}
            for index, cell in enumerate(self._cells)
            for columns in self._outcomes.get(index) or [stopped_row(())]
        ]
        # An evaluator has its column even if no answer came that it could score.
        named = {name for row in rows for name in row}
        for evaluator in self._evaluators:
            score = f"score_{evaluator}"
            if not any(n == score or n.startswith(f"{score}_") for n in named):
                rows[0] |= {score: None}
        return rows

    def _identity(self, cell: Cell) -> dict[str, Any]:
        return identity_row(cell, run_id=self._run_id, backend=self._client.backend)

    def _order(self) -> list[int]:
        """Items shuffled, with all cells of an item adjacent in time.

        Were one target's calls all made before another's, a slow hour of the gateway
        would be counted against one of them.
        """
        by_item: dict[tuple[int, Any], list[int]] = {}
        for index, cell in enumerate(self._cells):
            by_item.setdefault((cell.run, cell.item.id), []).append(index)
        groups = list(by_item.values())
        random.Random(self._settings.order_seed).shuffle(groups)
        return [index for group in groups for index in group]

    async def _work(self, position: int, turns: Turns, progress: Progress) -> None:
        await asyncio.sleep(start_offset(position))
        while turn := await turns.take():
            rows = await self._ask(turn, turns)
            self._outcomes[turn.cell] = rows
            progress.count(rows[0])

    async def _ask(self, turn: Turn, turns: Turns) -> Rows:
        cell = self._cells[turn.cell]
        trials: list[Trial] = []
        try:
            with turns.held(turn):
                completion = await self._call(cell, turn.queued_at, trials)
            rows = rows_of(cell, completion)
            self.warnings.update(dict.fromkeys(completion.warnings, 1))
        except APIError as error:
            return [failed_row(error, trials)]
        except asyncio.CancelledError:
            self._outcomes[turn.cell] = [stopped_row(trials)]
            raise
        except Exception as error:  # what goes wrong in one cell costs no other
            return [broken_row(error, trials)]
        # An answer is kept before its score is known: it has been paid for.
        self._outcomes[turn.cell] = rows
        await self._score(cell, completion, rows)
        return rows

    async def _call(
        self, cell: Cell, queued_at: float, trials: list[Trial]
    ) -> Completion:
        settings = self._settings
        request = cell.request(
            run_id=self._run_id, stream=settings.stream, channel=self._client.channel
        )
        return await self._client.perform(
            request,
            timeout=settings.timeout,
            max_retries=settings.retries,
            queued_at=queued_at,
            trials=trials,
        )

    async def _score(self, cell: Cell, completion: Completion, rows: Rows) -> None:
        if not self._evaluators:
            return
        identity = self._identity(cell)
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
            row.update(await ascore(self._evaluators, context))
