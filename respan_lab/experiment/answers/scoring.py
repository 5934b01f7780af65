"""Scores answers, those that come and those that the ledger had."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ...evaluators.scoring import ready, scored
from ...ledger.answer_rows import rows_of
from ...ledger.records import completion_of
from ...results.columns import COLUMNS
from .rows import identity_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ...ledger import Ledger
    from ...wire import Completion
    from ..planning.plan import Cell
    from ..stopping.race import Race

__all__ = ["Scorer"]

# Each row has all columns, as those of the frame have: what is missing is None.
_COLUMNS = [one.name for one in COLUMNS if not one.prefix and one.name != "run_name"]
_BESIDE = 32  # answers that are scored at once
_TOGETHER = 500  # answers read at once: all of a large run would fill the memory


class Scorer:
    """Has every evaluator look at an answer, and writes down what they say.

    Args:
        evaluators: By name.
        cells: In the order of the frame.
        ledger: Takes the scores.
        run_id: The run's id.
        backend: The gateway: `hosted`, `custom` or `embedded`.
        race: Hears of every answer's scores; None without one.
    """

    def __init__(
        self,
        evaluators: Mapping[str, Callable[..., Any]],
        cells: Sequence[Cell],
        ledger: Ledger,
        *,
        run_id: str,
        backend: str,
        race: Race | None = None,
    ) -> None:
        self._evaluators = ready(evaluators)
        self._cells = cells
        self._ledger = ledger
        self._run_id, self._backend = run_id, backend
        self._race = race

    async def score(
        self,
        run: int,
        at: int,
        completion: Completion,
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        """Score an answer that is in the ledger.

        Args:
            run: The run's number there.
            at: The cell's place.
            completion: Its answer.
            rows: The rows of that, one for each choice.
        """
        if not self._evaluators:
            return
        cell = self._cells[at]
        told = []
        identity = identity_row(cell, run_id=self._run_id, backend=self._backend)
        for row, choice in zip(rows, completion.choices, strict=False):
            # Copies: a function that changes what it is given changes nothing here.
            context = {
                "output": choice.text,
                "expected": cell.item.expected,
                "parsed": choice.parsed,
                "tool_calls": choice.tool_calls,
                "variables": dict(cell.item.variables),
                "row": {**dict.fromkeys(_COLUMNS), **identity, **row},
                "completion": completion,
            }
            scores = await scored(self._evaluators, context)
            self._ledger.score_soon(run, at, row["choice"], scores)
            told.append(scores)
        if self._race is not None:
            self._race.hear(at, told)

    async def score_found(self, run: int, calls: Mapping[int, int]) -> None:
        """Score answers that came before.

        Args:
            run: The run's number in the ledger.
            calls: The call that answers a cell, by the cell's place.
        """
        if not self._evaluators:
            return
        every = list(calls.items())
        for start in range(0, len(every), _TOGETHER):
            some = every[start : start + _TOGETHER]
            records = await self._ledger.records(call for _, call in some)
            found = [(at, records[call]) for at, call in some if call in records]
            await self._score_all(run, found)

    async def _score_all(
        self, run: int, found: Sequence[tuple[int, Mapping[str, Any]]]
    ) -> None:
        """Score several answers beside each other, since an evaluator may be slow."""
        waiting = iter(found)

        async def work() -> None:
            for at, record in waiting:
                await self._score_again(run, at, record)

        tasks = [asyncio.create_task(work()) for _ in range(min(_BESIDE, len(found)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            # A judge's call that is stopped is written down.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _score_again(self, run: int, at: int, record: Mapping[str, Any]) -> None:
        cell = self._cells[at]
        request = cell.request(run_id=self._run_id, stream=False)
        completion = completion_of(record, request.output_type)
        await self.score(
            run, at, completion, rows_of(cell.target.primaries, completion)
        )
