"""The bar: how many calls are done, what they cost, how many failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..results.wording import count, duration, money

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Progress"]


class Progress:
    """A bar of tqdm's, in a notebook or a terminal.

    Args:
        total: Calls in all.
        name: What runs; None shows no name.
        enabled: False shows nothing.
    """

    def __init__(self, total: int, *, name: str | None, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self._cost: float | None = None  # unknown, until a call is priced
        self._errors = self._unpriced = 0
        self._found = ""
        self._bar = tqdm(
            total=total, desc=name, unit="call", disable=not enabled, mininterval=0.2
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
        if n and age is not None:
            self._found = f", {n:,} from the ledger ({duration(age)} old)"
            self._bar.update(n)

    def count(self, row: Mapping[str, Any]) -> None:
        """Take a finished call into the bar.

        Args:
            row: Its first row.
        """
        cost = None if row.get("from_ledger") else row.get("cost")
        if cost is not None:
            self._cost = cost + (self._cost or 0.0)
        elif row["status"] == "ok" and not row.get("from_ledger"):
            self._unpriced += 1
        self._errors += row["status"] != "ok"
        self._bar.set_postfix_str(self._postfix(), refresh=False)
        self._bar.update()

    def _postfix(self) -> str:
        text = f"{money(self._cost)}, {count(self._errors, 'error')}{self._found}"
        return f"{text}, {self._unpriced:,} unpriced" if self._unpriced else text
