"""The tries of a playground: a table, one to take back, two to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from ..errors import ConfigError, RespanError
from .panel import Panel, reported
from .shown import note
from .side import beside
from .tries import Tried, Tries
from .try_views import cost_of, pair_html, table_html

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["History"]


class History(Panel):
    """Shows tries, and compares two.

    Args:
        tries: Where they are kept.
        frame_of: Gives the frame of a run by its id.
        restore: Takes a try back, by its number.
    """

    def __init__(
        self,
        tries: Tries,
        frame_of: Callable[[str], pd.DataFrame],
        restore: Callable[[int], None],
    ) -> None:
        self._tries, self._frame_of, self._restore = tries, frame_of, restore
        self._list: list[Tried] = []
        self._costs: dict[str, float | None] = {}  # by the run's id
        self._table, self._pair = ipywidgets.HTML(), ipywidgets.HTML()
        self._first = ipywidgets.Dropdown(description="compare try")
        self._second = ipywidgets.Dropdown(description="with try")
        compare = ipywidgets.Button(description="Compare two")
        back = ipywidgets.Button(description="Take back the second")
        compare.on_click(lambda _: self.compare())
        back.on_click(lambda _: self._take_back())
        pick = beside([self._first, self._second, compare, back])
        super().__init__([self._table, pick, self._pair])
        with self.reporting():
            self._list = tries.read()
        self.show()

    def add(self, tried: Tried) -> None:
        """Write a try down, and show it."""
        self._tries.add(tried)
        self._list = self._tries.read()
        self._draw()  # what it costs is known when it is over

    def show(self) -> None:
        """Draw the table anew."""
        for tried in self._list[-20:]:
            frame = self._found(tried)
            self._costs[tried.run_id] = None if frame is None else cost_of(frame)
        self._draw()

    def tried(self, number: int) -> Tried:
        """Give a try by its number, from 1.

        Raises:
            ConfigError: There is no such try.
        """
        if not 1 <= number <= len(self._list):
            raise ConfigError(f"there is no try {number}; there are {len(self)}")
        return self._list[number - 1]

    def frame(self) -> pd.DataFrame:
        """Give the frames of all tries, one below the other."""
        import pandas as pd

        frames = []
        for number, tried in enumerate(self._list, 1):
            found = self._found(tried)
            frame = pd.DataFrame({"run_id": [tried.run_id]}) if found is None else found
            frame = frame.copy()
            frame.insert(0, "try", number)
            frames.append(frame)
        if not frames:
            return pd.DataFrame({"try": pd.Series(dtype="int64")})
        return pd.concat(frames, ignore_index=True)

    @reported
    def compare(self) -> None:
        """Show the two tries that are chosen side by side."""
        numbers = [one.value for one in (self._first, self._second)]
        if None in numbers:
            raise ConfigError("there are not two tries to compare yet")
        old, new = (self.tried(number) for number in numbers)
        frames = self._frame_of(old.run_id), self._frame_of(new.run_id)
        self._pair.value = pair_html(old, new, frames)

    @reported
    def _take_back(self) -> None:
        if self._second.value is not None:
            self._restore(self._second.value)

    def _found(self, tried: Tried) -> pd.DataFrame | None:
        try:
            return self._frame_of(tried.run_id)
        except RespanError:  # the ledger is another, or gone
            return None

    def _draw(self) -> None:
        self._table.value = table_html(self._list, self._costs)
        self._show_choices()

    def _show_choices(self) -> None:
        n = len(self._list)
        before = len(self._first.options)
        if before != n:
            for box, value in ((self._first, n - 1), (self._second, n)):
                box.options = [(str(one), one) for one in range(1, n + 1)]
                box.value = max(1, value) if n else None

    def __len__(self) -> int:
        return len(self._list)

    def _static(self) -> str:
        return str(self._table.value) + note(f"{len(self)} tries")

    def __repr__(self) -> str:
        return f"History({len(self)} tries)"
