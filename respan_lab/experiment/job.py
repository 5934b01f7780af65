"""One run of an experiment: its id, its ledger, its bar, its results."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import LedgerError
from ..evaluators.asking import asking_through
from ..ledger import Found, Ledger, NewRun, Recorded
from ..ledger.owners import Owner
from ..transport import run
from .answers.replay import Recording, check_recorded, recorded_gates
from .answers.scoring import Scorer
from .engine import Engine
from .estimating.estimate_score import score_estimate
from .judges import Judges
from .listening import Listening
from .manifest import hash_of_text, manifest_of
from .notices import tell
from .pacing.gates import open_gates
from .pacing.lag import doubt
from .pacing.pauses import no_collections, short_pauses
from .planning.ledger_plan import planned
from .progress import Progress
from .spending import Spending
from .stopping.race import Race

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from ..client import Client
    from ..results import Results
    from .listening import Listener
    from .options import Settings
    from .pacing.gates import Gates
    from .planning.plan import Cell
    from .planning.target import Target

__all__ = ["Job"]


class Job:
    """One run of an experiment.

    Args:
        cells: What is run.
        client: Makes the calls.
        settings: How.
        targets: What is asked.
        evaluators: Score the answers.
        name: The experiment's; None has none.
        estimate: What was told beforehand of it; None if nothing was.
        listener: Is told of every cell; None for nobody.
    """

    def __init__(
        self,
        cells: list[Cell],
        client: Client,
        settings: Settings,
        *,
        targets: list[Target],
        evaluators: Mapping[str, Callable[..., Any]],
        name: str | None,
        estimate: pd.DataFrame | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.run_id = uuid.uuid4().hex[:12]
        self.name = name
        self.cells, self.client, self.settings = cells, client, settings
        self.targets, self.evaluators = targets, evaluators
        self.started_at = datetime.now(UTC)
        self.began = time.perf_counter()
        self.calling_since: float | None = None
        self.gates: Gates | None = None
        self.found: Found | None = None
        self.data_hash: str | None = None  # known when it has begun
        self.is_known = threading.Event()  # whether it could begin
        self.progress = Progress(len(cells), name=name, enabled=settings.progress)
        store = Path(settings.store or client.home / "ledger.db")
        self.store = store.expanduser().absolute()
        is_replay = settings.mode == "replay"
        self._recording = Recording(self.store) if is_replay else None
        self.ledger = Ledger(self._recording.copy if self._recording else self.store)
        with no_collections():
            self.plan, self._numbered = planned(
                cells, targets, evaluators=evaluators, backend=client.backend
            )
        prices = client.prices.under(settings.prices or {})
        self.race = Race.of(settings.stop, cells, evaluators, seed=settings.order_seed)
        self.spending = Spending.of(cells, targets, settings, prices)
        self.judges = Judges(evaluators, client, settings, spending=self.spending)
        self._listening = None if listener is None else Listening(listener)
        self._scorer = Scorer(
            evaluators,
            cells,
            self.ledger,
            run_id=self.run_id,
            backend=client.backend,
            race=self.race,
        )
        self.engine = Engine(
            cells,
            client,
            settings,
            ledger=self.ledger,
            scorer=self._scorer,
            spending=self.spending,
            prices=prices,
            run_id=self.run_id,
            race=self.race,
            listening=self._listening,
        )
        self._recorded: Recorded | None = None
        self._looking = threading.Lock()
        self._doubt: str | None = None
        self._estimate = estimate
        self.estimate_score: dict[str, Any] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to show: it is in the ledger."""
        return self.found is not None

    async def work(self) -> None:
        """Check the models, then run every cell that has no answer yet.

        Raises:
            ConfigError: A model is unknown or cannot run; nothing was sent.
            LedgerError: It cannot be used, or takes nothing any more.
        """
        try:
            if self._recording is None:
                self.gates = await open_gates(self.client.catalogue, self.targets)
                await self.judges.check()
            await self._run()
        except BaseException:
            with contextlib.suppress(LedgerError):  # what is raised says it better
                await asyncio.shield(self._end())
            raise
        await asyncio.shield(self._end())

    def tell(self) -> None:
        """Warn of what the reader of the results should know."""
        tell(self.engine.warnings)
        for text in (
            self.spending.message(),
            self.judges.message(),
            self._doubt,
            self._listening and self._listening.message(),
        ):
            if text:
                warnings.warn(text, UserWarning, stacklevel=4)

    def results(self) -> Results:
        """Give what has come by now."""
        with self._looking:  # whoever stops a run and whoever waits for it both look
            return self._results()

    def _results(self) -> Results:
        from ..results import Results
        from ..results.recorded import recorded_frame

        if self._recorded is None:
            self._recorded = run(self.ledger.read(self.run_id))
        manifest = self._recorded.run["manifest"] or manifest_of(self)
        unwritten = {at: each.choices for at, each in self.engine.unwritten.items()}
        with no_collections():
            frame = recorded_frame(self._handed(), self.plan, unwritten=unwritten)
        return Results(frame, manifest)

    def _handed(self) -> Recorded:
        """The record, which nobody needs beside the frame that is made of it."""
        recorded, self._recorded = self._recorded, None
        assert recorded is not None  # it was read
        return recorded

    async def _run(self) -> None:
        found = await self._begin()
        known = found.answered.keys() | found.unsure.keys()
        rest = [at for at in range(len(self.cells)) if at not in known]
        age = None if found.oldest is None else time.time() - found.oldest / 1e6
        self.progress.find(len(known), age)
        if self._listening is not None:
            for at in sorted(known):
                self._listening.found(at)
        if self.gates is not None:
            self.engine.prepare(found.run, rest, self.gates)
            self._let_see(found)
        asking = self.judges.side_calls(
            found.run, self.run_id, self.ledger, self.engine
        )
        with short_pauses(), asking_through(asking):
            await self._scorer.score_found(found.run, found.answered)
            if self.race is not None:
                for at in known:  # what has no score by now has no answer
                    self.race.hear(at, [])
            if self.gates is None:
                self.gates = await self._replayed(found)
                self.engine.prepare(found.run, rest, self.gates)
                self._let_see(found)
            self.calling_since = time.perf_counter()
            await self.engine.run(self.progress)

    def _let_see(self, found: Found) -> None:
        self.found = found
        self.is_known.set()

    async def _replayed(self, found: Found) -> Gates:
        """Make sure that the recording has all answers that are needed."""
        asked = [
            at
            for at, cell in enumerate(self.cells)
            if at not in found.answered
            and not (self.race and self.race.reason(cell.target.name))
        ]
        await check_recorded(self.ledger, self.cells, asked, path=self.store)
        return await recorded_gates(self.ledger, found.run)

    async def _begin(self) -> Found:
        """Write the run down, and let go of what is needed for that alone."""
        with no_collections():
            plan = self.plan.as_json()
        self.data_hash = hash_of_text(plan["items"])
        new = NewRun(
            self.run_id,
            self.name,
            self.started_at.isoformat(),
            plan,
            Owner.here(self.run_id),
            asks_again=self.settings.asks_again,
            resends=self.settings.maybe_billed == "resend",
        )
        numbered, self._numbered = self._numbered, []
        with no_collections():
            return await self.ledger.begin_run(new, numbered)

    async def _end(self) -> None:
        """Write the end down, read what there is, and let go of the file."""
        self.is_known.set()
        if self.found is not None:
            await self._finish(self.found.run)
            with no_collections():
                self._recorded = await self.ledger.read(self.run_id)
            self._doubt = self._doubt_of(self._recorded.cells)
        await self.ledger.aclose()
        if self._recording is not None:
            self._recording.close()

    async def _finish(self, number: int) -> None:
        try:
            await self._score_estimate()
            with no_collections():
                manifest = manifest_of(self)
            await self.ledger.end_run(
                number,
                Owner.here(self.run_id),
                finished_at=datetime.now(UTC).isoformat(),
                manifest=manifest,
            )
        except LedgerError:  # the run has failed of it already, and says so
            if not self.engine.unwritten:
                raise

    async def _score_estimate(self) -> None:
        if self._estimate is None:
            return
        from ..results.recorded import recorded_frame

        frame = recorded_frame(await self.ledger.read(self.run_id), self.plan)
        self.estimate_score = score_estimate(
            self._estimate, frame, self.judges.manifest()
        )

    def _doubt_of(self, cells: Mapping[str, pa.ChunkedArray]) -> str | None:
        """Say whether this machine was too busy for the times to be right."""
        own = pc.and_not(
            pc.equal(cells["latency_source"], "measured"), cells["from_ledger"]
        )
        return doubt(
            self.engine.lag,
            latency=_median(cells["latency"].filter(own)),
            time_to_first_token=_median(cells["time_to_first_token"].filter(own)),
            max_concurrency=self.settings.max_concurrency,
        )


def _median(seconds: pa.ChunkedArray) -> float | None:
    known = seconds.drop_null()
    return float(np.median(known)) if len(known) else None
