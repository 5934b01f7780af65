"""A run's budget: dollars set aside before a call, and settled when it is over."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

from ..errors import BudgetError
from .wording import count, dollars

__all__ = ["Breach", "Budget", "told_of", "why_unsent"]

_NANO = 10**9
# A dollar amount comes from a few sums and products of floats. What those leave over is
# far below a thousandth of a nano-dollar, and must not be rounded up to a whole one.
_DIGITS = 3


class Breach(NamedTuple):
    """A call that cost more than was thought possible.

    Attributes:
        key: The cell's.
        bound: The most it could cost, in dollars.
        cost: What it cost, in dollars.
    """

    key: str | None
    bound: float
    cost: float


class Budget:
    """What a run may cost, and what of it is gone.

    Before a call its worst case is reserved, afterwards it is settled. As long as no
    call costs more than its worst case, what is spent, what may have been billed and
    what is reserved are never more than the limit together. The sums are whole
    nano-dollars, every amount rounded up, and the limit down, so nothing adds up wrong.

    Args:
        limit: US dollars; None for no limit.

    Attributes:
        limit: As given.
        breaches: The calls that cost more than their worst case. After the first of
            them the bounds are not to be trusted, and a limit lets nothing through.

    Raises:
        BudgetError: The limit is no finite number above 0.

    Example:
        >>> budget = Budget(1.0)
        >>> budget.reserve(0.6), budget.reserve(0.6), budget.could_fit_later(0.6)
        (True, False, True)
        >>> budget.settle(0.6, 0.1)
        >>> budget.reserve(0.6), budget.spent, budget.reserved, budget.left
        (True, 0.1, 0.6, 0.3)
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self.breaches: list[Breach] = []
        self._limit = None if limit is None else _floor(_checked(limit))
        self._spent = self._maybe = self._reserved = 0

    def __repr__(self) -> str:
        limit = "no limit" if self.limit is None else dollars(self.limit)
        return f"Budget({limit}: {dollars(self.spent)} spent)"

    @property
    def spent(self) -> float:
        """Dollars that settled calls are known to have cost."""
        return self._spent / _NANO

    @property
    def maybe(self) -> float:
        """Dollars beside those that settled calls may have cost: nobody knows."""
        return self._maybe / _NANO

    @property
    def reserved(self) -> float:
        """Dollars that the calls in flight cost at worst."""
        return self._reserved / _NANO

    @property
    def left(self) -> float | None:
        """Dollars that can still be reserved, 0 or more; None without a limit."""
        if self._limit is None:
            return None
        return max(self._limit - self._gone() - self._reserved, 0) / _NANO

    @property
    def is_broken(self) -> bool:
        """Whether a call cost more than its worst case."""
        return bool(self.breaches)

    def reserve(self, worst: float) -> bool:
        """Set aside what a call costs at worst, if the budget has room for it.

        Args:
            worst: Dollars, 0 or more.

        Returns:
            False if the call could pass the limit, and must not be made.

        Raises:
            ValueError: It is no amount.
        """
        amount = _ceil(worst)
        if not self._has_room(amount + self._reserved):
            return False
        self._reserved += amount
        return True

    def could_fit_later(self, worst: float) -> bool:
        """Whether a call fits, or may once the calls in flight cost less than at worst.

        Without any in flight it says whether the call fits now.

        Args:
            worst: Dollars, 0 or more.

        Raises:
            ValueError: It is no amount.
        """
        return self._has_room(_ceil(worst))

    def settle(
        self,
        worst: float,
        cost: float | None,
        *,
        is_final: bool = True,
        key: str | None = None,
    ) -> None:
        """Give a reservation back, and count what the call cost.

        Args:
            worst: As it was reserved.
            cost: Dollars; None if nobody knows, and then the worst case stays counted.
                So it does for what is no amount. 0.0 if nothing was sent.
            is_final: Whether the cost is all of it. Otherwise, since an attempt may
                have been billed that nobody reported, the worst case stays counted.
            key: The cell's.

        Raises:
            ValueError: So much is not reserved.
        """
        bound = _ceil(worst)
        if bound > self._reserved:
            raise ValueError(f"{worst!r} dollars are settled that were never reserved")
        self._reserved -= bound
        known = _ceil(cost) if cost is not None and _is_amount(cost) else None
        self._spent += known or 0
        if known is None or not is_final:
            self._maybe += max(bound - (known or 0), 0)
        if cost is not None and known is not None and known > bound:
            self.breaches.append(Breach(key, worst, cost))

    def _gone(self) -> int:
        return self._spent + self._maybe

    def _has_room(self, amount: int) -> bool:
        if self._limit is None:
            return True
        return not self.is_broken and self._gone() + amount <= self._limit


def why_unsent(budget: Budget, worsts: Collection[float], what: str = "cell") -> str:
    """Say why calls were not made, and what they would cost; empty if all were.

    Args:
        budget: The run's, nothing in flight any more.
        worsts: The worst case of each that was not sent, in dollars.
        what: What each of them is called.

    Example:
        >>> budget = Budget(1.0)
        >>> budget.reserve(0.75)
        True
        >>> budget.settle(0.75, 0.625)
        >>> why_unsent(budget, [0.75, 0.75])
        '2 cells were not sent: the budget of $1.00 has no room for them ($0.625 ...'
    """
    if not worsts:
        return ""
    were = "was" if len(worsts) == 1 else "were"
    them, they = ("it", "It") if len(worsts) == 1 else ("them", "They")
    return (
        f"{count(len(worsts), what)} {were} not sent: {_reason(budget, them)} "
        f"({_gone(budget)}). {they} would cost up to {dollars(math.fsum(worsts))}."
    )


def told_of(
    budget: Budget, worsts: Collection[float], what: str = "cell"
) -> dict[str, Any] | None:
    """Give what a manifest tells of a budget; None without a limit.

    Args:
        budget: Nothing of it is in flight any more.
        worsts: As for `why_unsent`.
        what: Likewise.

    Returns:
        `limit`, `spent` and `maybe_billed` (beside that) in dollars; `breaches`, the
        calls that cost more than was thought possible; `unsent`, how many had no room;
        `unsent_cost`, the dollars those cost at worst; `message`, that in words, empty
        if all were sent.
    """
    if budget.limit is None:
        return None
    return {
        "limit": budget.limit,
        "spent": budget.spent,
        "maybe_billed": budget.maybe,
        "breaches": [breach._asdict() for breach in budget.breaches],
        "unsent": len(worsts),
        "unsent_cost": math.fsum(worsts),
        "message": why_unsent(budget, worsts, what),
    }


def _reason(budget: Budget, them: str) -> str:
    if not budget.breaches:
        return f"the budget of {dollars(budget.limit)} has no room for {them}"
    first = budget.breaches[0]
    return (
        f"a call cost {dollars(first.cost)} that was to cost {dollars(first.bound)} at "
        f"most, so that the budget of {dollars(budget.limit)} cannot be kept for sure"
    )


def _gone(budget: Budget) -> str:
    text = f"{dollars(budget.spent)} is spent"
    if budget.maybe:
        text += f", and up to {dollars(budget.maybe)} more may have been billed"
    return text


def _checked(limit: Any) -> float:
    if not _is_amount(limit) or limit == 0:
        raise BudgetError(
            f"budget={limit!r}: use dollars, a finite number above 0, or None for no "
            "limit"
        )
    return float(limit)


def _is_amount(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < math.inf


def _ceil(dollars: float) -> int:
    """Whole nano-dollars, rounded up."""
    if not _is_amount(dollars):
        raise ValueError(f"{dollars!r} is no amount of dollars")
    return math.ceil(_nanos(dollars))


def _floor(dollars: float) -> int:
    return math.floor(_nanos(dollars))


def _nanos(dollars: float) -> float:
    return round(dollars * _NANO, _DIGITS)
