"""What judges ask after a run: through a client, into the run's ledger."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, LedgerError
from ..evaluators.asking import asking_through
from ..evaluators.judge import Judging
from ..evaluators.tally import Tallies

if TYPE_CHECKING:
    from ..client import Client
    from ..evaluators.asking import Question, Told
    from ..evaluators.side_calls import SideCalls
    from ..ledger import Ledger
    from ..ledger.owners import Owner

__all__ = ["Asides", "with_judges"]


class Asides:
    """Asks for evaluators that score what is there already.

    The ledger is opened when the first of them asks. It is that of the run; where that
    is not at hand, `ledger.db` in the home of the client that is asked through.

    Args:
        manifest: What is known of the run.
        evaluators: Those that may ask, by name.
        maybe_billed: Whether to `report` what was sent before and never answered, or
            to `resend` it.

    Raises:
        ConfigError: `maybe_billed` is neither.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        evaluators: Mapping[str, object],
        *,
        maybe_billed: str = "report",
    ) -> None:
        if maybe_billed not in ("report", "resend"):
            raise ConfigError(
                f"maybe_billed={maybe_billed!r}: use 'report', which leaves such calls "
                "as they are, or 'resend', which may pay for them twice"
            )
        self._resends = maybe_billed == "resend"
        self._path = _path(manifest)
        self._judges = [o for o in evaluators.values() if isinstance(o, Judging)]
        self.tallies = Tallies(evaluators)
        self._client: Client | None = None
        self._opening = asyncio.Lock()
        self._side: SideCalls | None = None
        self._ledger: Ledger | None = None
        self._owner: Owner | None = None

    async def check(self) -> None:
        """Make sure that there are the models of the judges.

        Raises:
            ConfigError: One is unknown or cannot run; nothing was sent.
        """
        for one in self._judges:
            client = one.client or self._default()
            try:
                await client.catalogue.usable([one.model])
            except ConfigError as error:
                if one.client is not None:
                    raise
                raise ConfigError(
                    f"{error}. The judge {one.__name__!r} asks through lab.Client(); "
                    "give it the client of the run: judge(..., client=client)"
                ) from None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let evaluators ask inside, on the background loop."""
        with asking_through(self):
            try:
                yield
            finally:
                await asyncio.shield(self._close())

    async def ask(self, question: Question) -> Told:
        """Ask, unless the ledger knows the answer; see `Asker.ask`."""
        client = question.client or self._default()
        async with self._opening:
            if self._side is None:
                self._side = await self._opened(client)
        return await self._side.ask(question._replace(client=client))

    def _default(self) -> Client:
        from ..client import Client

        if self._client is None:
            self._client = Client()
        return self._client

    async def _opened(self, client: Client) -> SideCalls:
        from ..evaluators.side_calls import SideCalls, Terms
        from ..ledger import Ledger
        from ..ledger.owners import Owner

        self._ledger = Ledger(self._path or client.home / "ledger.db")
        self._owner = Owner.here(uuid.uuid4().hex[:12])
        await self._ledger.begin_work(self._owner)
        terms = Terms(owner=self._owner.name, resends=self._resends)
        return SideCalls(client, self._ledger, terms, tallies=self.tallies)

    async def _close(self) -> None:
        ledger, owner = self._ledger, self._owner
        self._side = self._ledger = self._owner = None
        if ledger is not None and owner is not None:
            with suppress(LedgerError):  # whoever asked has been told of it
                await ledger.end_work(owner)
            await ledger.aclose()
        if self._client is not None:  # it opens new connections when it is asked again
            await self._client.aclose()


def with_judges(
    manifest: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Add what judges have asked to what is known of a run.

    Args:
        manifest: Of the run; its `judges` may have some of them.
        told: Of each by name, as `Tallies.manifest` gives it.

    Returns:
        The manifest with `judges`; what one of them has asked before is counted on.
    """
    if not told:
        return dict(manifest)
    before = manifest.get("judges") or {}
    now = {name: _sum([before.get(name), one]) for name, one in told.items()}
    return {**manifest, "judges": {**before, **now}}


def _sum(several: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """Add figures up; what is missing is missing only if it is everywhere."""
    total: dict[str, Any] = {}
    for each in several:
        for name, value in (each or {}).items():
            is_number = isinstance(value, int | float)
            known = total.get(name)
            total[name] = value + known if is_number and known is not None else value
            if value is None:
                total[name] = known
    return total


def _path(manifest: Mapping[str, Any]) -> Path | None:
    """The ledger of the run, or of several that share one; None if it is not here."""
    runs = manifest.get("runs")
    several = runs.values() if isinstance(runs, Mapping) else [manifest]
    paths = {(one.get("ledger") or {}).get("path") for one in several}
    path = paths.pop() if len(paths) == 1 else None
    return Path(path) if path and Path(path).is_file() else None
