"""An experiment's estimate: from past runs, else a pilot, else bounds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...ledger.history import standing_keys
from ...ledger.reading import LedgerFile
from ..job import Job
from .asking import Asking, asking_of
from .estimate import Forecast, project, within
from .guess import guess, worst_case
from .past import Past, look_back
from .verdicts import Verdicts, verdicts_of

if TYPE_CHECKING:
    import sqlite3

    from ...client import Client
    from ...prices import PriceTable
    from ..options import Settings
    from ..planning.plan import Cell
    from ..planning.target import Target
    from .estimate_frame import Estimate

__all__ = ["Forecaster"]


class Forecaster:
    """Makes the estimate of one experiment, as its run would be made now.

    Args:
        cells: What would be run.
        client: Would make the calls.
        settings: How.
        targets: What is asked.
        pilot: How many cells of each target and prompt may be asked to find out; 0
            sends nothing.
        name: The experiment's; None has none.
        evaluators: The experiment's; of those the judges take something.

    Raises:
        ConfigError: `pilot` is no whole number, 0 or more.
    """

    def __init__(
        self,
        cells: list[Cell],
        client: Client,
        settings: Settings,
        *,
        targets: list[Target],
        pilot: int,
        name: str | None,
        evaluators: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        if isinstance(pilot, bool) or not isinstance(pilot, int) or pilot < 0:
            raise ConfigError(
                f"pilot={pilot!r}: use a whole number, the calls of each target and "
                "prompt that are made to find out, or 0 to send nothing"
            )
        self._cells, self._client, self._settings = cells, client, settings
        self._targets, self._pilot, self._name = targets, pilot, name
        self._store = LedgerFile(settings.store or client.home / "ledger.db")
        self._prices: PriceTable = client.prices.under(settings.prices)
        every = evaluators or {}
        judges = [one.name for one in verdicts_of(every, client, settings)]
        self._judges = {name: every[name] for name in judges}
        self._verdicts: list[Verdicts] = []

    async def make(self) -> Estimate:
        """Look at the ledger, ask the pilot's cells if there are any, and reckon.

        Raises:
            ConfigError: A pilot's model is unknown; nothing was sent.
            LedgerError: The ledger cannot be used.
        """
        # Not on the loop: whatever else runs there is timed.
        askings, pasts = await asyncio.to_thread(self._look)
        picked = self._picked(askings, pasts)
        if chosen := [cell for cells in picked for cell in cells]:
            await self._ask(chosen)
            askings, pasts = await asyncio.to_thread(self._look)
        return await asyncio.to_thread(self._frame, askings, pasts, picked)

    def _look(self) -> tuple[list[Asking], list[Past]]:
        if self._store.exists():
            return self._store.ask(self._read)
        unsent = self._unsent(set())
        self._judge(unsent, None)
        askings = asking_of(self._cells, unsent, self._client.channel)
        return askings, [Past() for _ in askings]

    def _read(self, connection: sqlite3.Connection) -> tuple[list[Asking], list[Past]]:
        keys = (cell.key for cell in self._cells)
        resends = self._settings.maybe_billed == "resend"
        standing = standing_keys(keys, connection, resends=resends)
        unsent = self._unsent(standing)
        self._judge(unsent, connection)
        askings = asking_of(self._cells, unsent, self._client.channel)
        return askings, look_back(askings, self._prices, connection)

    def _judge(self, unsent: set[str], connection: sqlite3.Connection | None) -> None:
        """See what judges will be asked; a replay asks them nothing."""
        settings = self._settings
        self._verdicts = verdicts_of(self._judges, self._client, settings)
        if settings.mode == "replay":
            return
        resends = settings.maybe_billed == "resend"
        for one in self._verdicts:
            one.look(self._cells, unsent, connection, resends=resends)

    def _unsent(self, standing: set[str]) -> set[str]:
        """Keys of the cells that a run does not send."""
        if self._settings.mode == "replay":
            return {cell.key for cell in self._cells}
        return set() if self._settings.asks_again else standing

    def _picked(
        self, askings: Sequence[Asking], pasts: Sequence[Past]
    ) -> list[list[Cell]]:
        """The cells of each that a pilot asks: as many as are still to be seen."""
        seed = self._settings.order_seed
        return [
            _sample(asking, max(0, self._pilot - len(past.same)), past.keys, seed)
            for asking, past in zip(askings, pasts, strict=True)
        ]

    async def _ask(self, cells: list[Cell]) -> None:
        # Never again what is answered: a pilot only wants to know.
        settings = replace(self._settings, fresh=False, mode="live", progress=False)
        job = Job(
            cells,
            self._client,
            settings,
            targets=self._targets,
            evaluators=self._judges,
            name=self._name,
        )
        with job.progress:
            await job.work()

    def _frame(
        self,
        askings: Sequence[Asking],
        pasts: Sequence[Past],
        picked: Sequence[list[Cell]],
    ) -> Estimate:
        from .estimate_frame import estimate_frame

        rows = [
            self._row(asking, past, is_piloted=bool(cells))
            for asking, past, cells in zip(askings, pasts, picked, strict=True)
        ]
        tokens = {
            which: _tokens_each(row, asking)
            for row, asking in zip(rows, askings, strict=True)
            for which in map(id, asking.cells)
        }
        judges = [
            one.row(lambda cell: tokens[id(cell)], is_piloted=any(picked))
            for one in self._verdicts
        ]
        return estimate_frame([*rows, *judges])

    def _row(self, asking: Asking, past: Past, *, is_piloted: bool) -> dict[str, Any]:
        found, basis = self._forecast(asking, past)
        if basis == "past runs" and is_piloted:
            basis = "pilot"
        prompt, completion = round(found.prompt_tokens), round(found.completion_tokens)
        return {
            "model": asking.target.name,
            "prompt": asking.prompt and asking.prompt.name,
            "judge": None,
            "calls": len(asking.cells),
            "answered": asking.standing,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "tokens": prompt + completion,
            "cost": found.cost,
            "cost_low": found.low,
            "cost_high": found.high,
            "priced": found.cost is not None,
            "basis": basis,
        }

    def _forecast(self, asking: Asking, past: Past) -> tuple[Forecast, str]:
        if not asking.cells:
            return Forecast(0, 0, 0.0, 0.0, 0.0), "past runs"
        most = worst_case(
            asking,
            self._prices,
            retries=self._settings.retries,
            image_tokens=self._settings.image_tokens,
        )
        if not past.is_known:
            return within(guess(asking, self._prices), most), "bounds"
        found = project(
            past.same or past.similar,
            calls=len(asking.cells),
            n_bytes=sum(asking.sizes),
            # Of another template one more is to come, whatever it is asked about.
            clusters=asking.items if past.same else 1,
        )
        if found.low is None:  # a single one says nothing of how much they differ
            found = found._replace(low=guess(asking, self._prices).low)
        return within(found, most), "past runs"


def _tokens_each(row: Mapping[str, Any], asking: Asking) -> float:
    """Tokens of an answer, each of its choices."""
    choices = sum(int(cell.params.get("n") or 1) for cell in asking.cells)
    return float(row["completion_tokens"] / choices) if choices else 0.0


def _sample(asking: Asking, n: int, known: Collection[str], seed: int) -> list[Cell]:
    """Cells of different items, in turn of each shape; the same ones each time."""
    shapes = len(set(asking.shapes))
    if not n or not shapes:
        return []
    items = _by_item(asking, known)
    random.Random(seed).shuffle(items)
    turns = max(map(len, items), default=0)
    order = (
        of[(at + turn) % len(of)]
        for turn in range(turns)
        for at, of in enumerate(items)
        if turn < len(of)
    )
    return list(islice(order, -(-n // shapes) * shapes))  # as many of each shape


def _by_item(asking: Asking, known: Collection[str]) -> list[list[Cell]]:
    """The cells of each item that nobody has seen, the shapes taking turns."""
    found: dict[int, dict[str, list[Cell]]] = {}
    for cell, shape in zip(asking.cells, asking.shapes, strict=True):
        of = found.setdefault(id(cell.item), {})
        if cell.key not in known:
            of.setdefault(shape, []).append(cell)
    groups = [zip_longest(*of.values()) for of in found.values() if of]
    return [[c for turn in of for c in turn if c is not None] for of in groups]
