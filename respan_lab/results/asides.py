"""What judges ask after a run: through a client, into the run's ledger."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, LedgerError
from ..evaluators.asking import asking_through
from ..evaluators.judging import Judging
from ..evaluators.side_funds import SideFunds
from ..evaluators.tally import Tallies
from ..money.account import Account
from ..money.budget import told_of
from ..prices import PriceTable

if TYPE_CHECKING:
    from ..client import Client
    from ..evaluators.asking import Question, Told
    from ..evaluators.side_calls import SideCalls
    from ..ledger import Ledger
    from ..ledger.owners import Owner

__all__ = ["Asides", "Paying", "with_judges"]

# What is missing now, not what was spent over time.
_OF_NOW = ("unreadable", "unsent", "unsent_cost")


class Paying(NamedTuple):
    """What judges may spend, and what of it twice.

    Attributes:
        budget: Dollars newly spent; None for no limit.
        prices: Laid over the client's price lists; None changes nothing.
        assume_price: With a budget, for models whose price nobody knows.
        maybe_billed: Whether to `report` what was sent before and never answered, or
            to `resend` it.
    """

    budget: float | None = None
    prices: Mapping[str, Any] | None = None
    assume_price: Mapping[str, float] | None = None
    maybe_billed: str = "report"


class Asides:
    """Asks for evaluators that score what is there already.

    The ledger is opened when the first of them asks. It is that of the run; where that
    is not at hand, `ledger.db` in the home of the client that is asked through.

    Args:
        manifest: What is known of the run.
        evaluators: Those that may ask, by name.
        paying: What they may spend.

    Raises:
        BudgetError: The budget is no number of dollars above 0.
        ConfigError: `maybe_billed` is neither of its two, or a price is none.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        evaluators: Mapping[str, object],
        paying: Paying = Paying(),  # noqa: B008  # it cannot be changed
    ) -> None:
        if paying.maybe_billed not in ("report", "resend"):
            raise ConfigError(
                f"maybe_billed={paying.maybe_billed!r}: use 'report', which leaves "
                "such calls as they are, or 'resend', which may pay for them twice"
            )
        PriceTable().under(paying.prices)  # says what is wrong in it
        self._paying = paying
        self._account = Account(paying.budget)
        self._funds = SideFunds(
            self._account, prices=paying.prices, assume_price=paying.assume_price
        )
        self._path = _path(manifest)
        self._judges = {
            name: one for name, one in evaluators.items() if isinstance(one, Judging)
        }
        self.tallies = Tallies(evaluators)
        self._client: Client | None = None
        self._opening = asyncio.Lock()
        self._side: SideCalls | None = None
        self._ledger: Ledger | None = None
        self._owner: Owner | None = None

    async def check(self) -> None:
        """Make sure that there are the models of the judges, and bounds with a budget.

        Raises:
            ConfigError: One is unknown or cannot run, or with a budget its price is
                unknown or nothing limits how much it writes; nothing was sent.
        """
        for one in self._judges.values():
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

        self._funds.check(
            one.question({})._replace(name=name, client=one.client or self._default())
            for name, one in self._judges.items()
        )

    def told_of_budget(self) -> dict[str, Any] | None:
        """Give what a manifest tells of the budget, as `told_of`; None without one."""
        return told_of(self._account.budget, self.tallies.missed(), "call")

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

    def unreadable(self, question: Question) -> None:
        """Count it; see `Asker.unreadable`."""
        self.tallies.of(question).unreadable += 1

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
        terms = Terms(
            owner=self._owner.name,
            resends=self._paying.maybe_billed == "resend",
            prices=self._paying.prices,
        )
        return SideCalls(
            client, self._ledger, terms, funds=self._funds, tallies=self.tallies
        )

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
    manifest: Mapping[str, Any],
    told: Mapping[str, Mapping[str, Any]],
    budget: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Add what judges have asked to what is known of a run.

    Args:
        manifest: Of the run; its `judges` may have some of them.
        told: Of each by name, as `Tallies.manifest` gives it.
        budget: What they might spend now, as `told_of` gives it; None had no limit.

    Returns:
        The manifest with `judges`, where what one of them has asked before is counted
        on, and what it could not ask or read is that of now; and with `judging`, the
        budget.
    """
    if not told:
        return dict(manifest)
    before = manifest.get("judges") or {}
    now = {name: _counted_on(before.get(name), one) for name, one in told.items()}
    return {**manifest, "judges": {**before, **now}, "judging": budget}


def _counted_on(
    before: Mapping[str, Any] | None, now: Mapping[str, Any]
) -> dict[str, Any]:
    return _sum([before, now]) | {name: now[name] for name in _OF_NOW if name in now}


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
