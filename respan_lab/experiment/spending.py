"""The dollars of a run: set aside before each call, settled after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..money.account import Account
from ..money.bounds import Bounds
from ..money.budget import told_of, why_unsent

if TYPE_CHECKING:
    from ..prices import PriceTable
    from .options import Settings
    from .planning.plan import Cell
    from .planning.target import Target

__all__ = ["Spending"]


class Spending(Account):
    """What a run may spend, and what each of its cells costs at worst.

    Args:
        limit: Dollars; None for no limit.
        worsts: What each cell costs at worst, in dollars; empty without a limit.

    Attributes:
        budget: What is gone.
        unsent: Cells that the budget had no room for, by their place.
    """

    def __init__(self, limit: float | None, worsts: Sequence[float] = ()) -> None:
        super().__init__(limit)
        self.unsent: list[int] = []
        self._worsts = worsts

    @classmethod
    def of(
        cls,
        cells: Sequence[Cell],
        targets: Sequence[Target],
        settings: Settings,
        prices: PriceTable,
    ) -> Spending:
        """Reckon what a run may cost.

        Raises:
            ConfigError: With a budget: a price is unknown, a call has no bound.
            BudgetError: The budget is no number of dollars above 0.
        """
        if settings.budget is None:
            return cls(None)
        bounds = Bounds(
            targets,
            prices,
            assume_price=settings.assume_price,
            retries=settings.retries,
            image_tokens=settings.image_tokens,
        )
        named = {target.name: target for target in targets}
        return cls(
            settings.budget,
            [bounds.of(named[c.target.name], _body(c)) for c in cells],
        )

    def worst(self, at: int) -> float | None:
        """What a cell costs at worst, in dollars; None if nobody has reckoned it."""
        return self._worsts[at] if self._worsts else None

    async def reserve(self, at: int) -> bool:
        """Set aside what a cell costs at worst, once there is room.

        Returns:
            False if there will be none.
        """
        worst = self.worst(at)
        if worst is None or await self.set_aside(worst):
            return True
        self.unsent.append(at)
        return False

    def settle(self, at: int, row: Mapping[str, Any], *, key: str) -> None:
        """Count what a cell has cost, by the first of its rows."""
        worst = self.worst(at)
        if worst is not None:
            self.give_back(worst, row, key=key)

    def message(self) -> str:
        """Say what was not sent for want of dollars; empty if nothing."""
        return why_unsent(self.budget, self._unsent_worsts())

    def manifest(self) -> dict[str, Any] | None:
        """Give what a run's manifest tells of it; None without a budget."""
        return told_of(self.budget, self._unsent_worsts())

    def _unsent_worsts(self) -> list[float]:
        return [self._worsts[at] for at in self.unsent]


def _body(cell: Cell) -> Mapping[str, Any]:
    return cell.request(run_id="", stream=False).body
