"""Dollars that many calls are paid from: set aside before each, settled after it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from .budget import Budget

__all__ = ["Account"]


class Account:
    """What several calls may spend together; whoever finds no room waits for others.

    Args:
        limit: Dollars; None for no limit.

    Attributes:
        budget: What is gone.

    Raises:
        BudgetError: The limit is no finite number above 0.

    Example:
        >>> account = Account(1.0)
        >>> asyncio.run(account.set_aside(0.6)), account.budget.left
        (True, 0.4)
        >>> account.give_back(0.6, {"status": "ok", "cost": 0.1}, key="k")
        >>> account.budget.left
        0.9
    """

    def __init__(self, limit: float | None) -> None:
        self.budget = Budget(limit)
        self._settled = asyncio.Event()

    async def set_aside(self, worst: float) -> bool:
        """Set aside what a call costs at worst, once there is room.

        Args:
            worst: Dollars.

        Returns:
            False if there will be no room.
        """
        while not self.budget.reserve(worst):
            if not self.budget.could_fit_later(worst):
                return False
            await self._settled.wait()
        return True

    def give_back(self, worst: float, row: Mapping[str, Any], *, key: str) -> None:
        """Give back what was set aside, and count what the call has cost.

        Args:
            worst: As it was set aside.
            row: The first of the call's rows.
            key: What names the call.
        """
        self.budget.settle(worst, _cost(row), key=key)
        self._settled.set()  # whoever waits looks again
        self._settled = asyncio.Event()


def _cost(row: Mapping[str, Any]) -> float | None:
    """Dollars; None if nobody knows. What was refused or not sent has cost nothing."""
    if row["status"] in ("error", "skipped") or row.get("from_ledger"):
        return 0.0
    cost: float | None = row.get("cost")
    return cost
