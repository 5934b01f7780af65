"""Steps through rows: previous, next, or the row of a number."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from ..errors import ConfigError

__all__ = ["Stepper"]


class Stepper(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets has no types
    """Shows which row of how many it is at, from 1.

    Args:
        n_rows: How many there are.
        stepped: Called with the row's place, from 0, when it is another.
    """

    def __init__(self, n_rows: int, stepped: Callable[[int], object]) -> None:
        self._n_rows, self._told = n_rows, stepped
        narrow = ipywidgets.Layout(width="12em")
        self._previous = ipywidgets.Button(description="Previous row")
        self._next = ipywidgets.Button(description="Next row")
        self._box = ipywidgets.BoundedIntText(
            1, min=1, max=max(1, n_rows), description="row", layout=narrow
        )
        self._said = ipywidgets.Label()
        self._previous.on_click(lambda _: self._by(-1))
        self._next.on_click(lambda _: self._by(1))
        self._box.observe(lambda change: self._moved(change["new"]), "value")
        parts = [self._previous, self._box, self._said, self._next]
        for part in (self._previous, self._next):
            part.layout.width = "auto"
        for part in parts:
            part.layout.flex = "0 0 auto"
        super().__init__(parts, layout=ipywidgets.Layout(flex_flow="row wrap"))
        self._say()

    @property
    def row(self) -> int:
        """The row's place, from 0. Set it to go there.

        Raises:
            ConfigError: There is no such row.
        """
        return int(self._box.value) - 1

    @row.setter
    def row(self, row: int) -> None:
        if not 0 <= row < self._n_rows:
            raise ConfigError(f"row={row!r}: use 0 to {self._n_rows - 1}")
        self._box.value = row + 1

    def _by(self, step: int) -> None:
        self.row = min(max(self.row + step, 0), self._n_rows - 1)

    def _moved(self, number: int) -> None:
        self._say()
        self._told(number - 1)

    def _say(self) -> None:
        self._said.value = f"row {self._box.value} of {self._n_rows}"
        self._previous.disabled = self.row == 0
        self._next.disabled = self.row == self._n_rows - 1
