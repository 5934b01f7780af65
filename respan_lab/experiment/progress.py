"""The bar: how many calls are done, what they cost, how many failed."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

from ..results.wording import count, duration, money

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Progress"]

_REFRESH = 0.2  # seconds between two drawings of the bar


class Progress:
    """A bar of tqdm's, in a notebook or a terminal.

    Args:
        total: Cells in all.
        name: What runs; None shows no name.
        enabled: False shows nothing.

    Attributes:
        total: As given.
        done: Cells that are over, those found in the ledger among them.
        found: Cells that the ledger had already.
        errors: Cells that were asked and have no answer.
        skipped: Cells that were not asked: no dollars left, or a target given up.
        unpriced: Answers that nobody could price.
        cost: US dollars of what was asked and priced; None until something was.
    """

    def __init__(self, total: int, *, name: str | None, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self.total = total
        self.done = self.found = self.errors = self.skipped = self.unpriced = 0
        self.cost: float | None = None
        self._age = 0.0
        self._due = 0.0
        self._bar = tqdm(
            total=total,
            desc=name,
            unit="call",
            disable=not enabled,
            mininterval=_REFRESH,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.set_postfix_str(self._postfix())
        self._bar.close()

    def find(self, n: int, age: float | None) -> None:
        """Take into the bar what the ledger had already.

        Args:
            n: Cells.
            age: Seconds since the oldest of them was asked; None if there are none.
        """
        self.found, self._age = n, age or 0.0
        self.done += n
        self._bar.update(n)

    def count(self, row: Mapping[str, Any]) -> None:
        """Take a finished call into the bar.

        Args:
            row: Its first row.
        """
        cost = None if row.get("from_ledger") else row.get("cost")
        if cost is not None:
            self.cost = cost + (self.cost or 0.0)
        elif row["status"] == "ok" and not row.get("from_ledger"):
            self.unpriced += 1
        self.done += 1
        self.skipped += row["status"] == "skipped"
        self.errors += row["status"] not in ("ok", "skipped")
        self._show()

    def __repr__(self) -> str:
        return f"{self.done:,} of {count(self.total, 'cell')}: {self._postfix()}"

    def _show(self) -> None:
        """Have the bar go on; it is drawn at times only, and told no more often."""
        now = perf_counter()
        if not self._bar.disable and now >= self._due:
            self._due = now + _REFRESH
            self._bar.set_postfix_str(self._postfix(), refresh=False)
        self._bar.update()

    def _postfix(self) -> str:
        text = f"{money(self.cost)}, {count(self.errors, 'error')}"
        if self.skipped:
            text += f", {self.skipped:,} skipped"
        if self.found:
            text += f", {self.found:,} from the ledger ({duration(self._age)} old)"
        return f"{text}, {self.unpriced:,} unpriced" if self.unpriced else text
