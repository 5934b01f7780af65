"""Running on all rows: what it may cost, a second click, progress, and stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

import ipywidgets

from ..money.wording import count, dollars
from .panel import Panel, reported
from .shown import note
from .side import beside

if TYPE_CHECKING:
    import pandas as pd

    from ..client import Client
    from ..experiment import Experiment
    from ..experiment.handle import Handle
    from ..experiment.listening import Heard
    from ..results import Results

__all__ = ["AllRows", "estimate_words"]

_REFRESH = 0.2  # seconds


class AllRows(Panel):
    """Hands an experiment over to `start`, once its estimate was confirmed.

    Args:
        n_rows: How many rows there are.
        experiment: Gives what is to be run, as all fields stand now.
        client: Makes the calls.
        signature: Gives what the experiment depends on; if that has changed since the
            estimate, the next click estimates again.
    """

    def __init__(
        self,
        n_rows: int,
        experiment: Callable[[], Experiment],
        client: Client,
        signature: Callable[[], Any],
    ) -> None:
        self._n_rows, self._made, self._client = n_rows, experiment, client
        self._signature, self._agreed = signature, None
        self.results: Results | None = None
        self._handle: Handle | None = None
        self._due = 0.0
        self._button = ipywidgets.Button(layout=ipywidgets.Layout(width="auto"))
        self._stop = ipywidgets.Button(description="Stop", disabled=True)
        self._said = ipywidgets.HTML()
        self._bar = ipywidgets.IntProgress(0, 0, 1)
        self._bar.layout.visibility = "hidden"
        self._button.on_click(lambda _: self.click())
        self._stop.on_click(lambda _: self.stop())
        buttons = beside([self._button, self._stop, self._bar])
        super().__init__([buttons, self._said])
        self._label()

    @reported
    def click(self) -> None:
        """Estimate at the first click, and start at the second."""
        now = self._signature()
        if self._agreed != now:
            self._experiment = self._made()
            words = estimate_words(self._experiment.estimate(self._client))
            self._agreed = now
            self._said.value = f'<div role="status">{words}</div>'
            self._button.description = "Confirm: run and spend this"
            self._button.button_style = "warning"
            return
        self.start()

    def start(self) -> Handle:
        """Start what was estimated; gives the live run."""
        self._agreed = None
        handle = self._handle = self._experiment.start(
            self._client, listener=self._hear, progress=False
        )
        self._bar.max, self._bar.value = max(1, handle.progress.total), 0
        self._bar.layout.visibility = "visible"
        self._button.disabled, self._stop.disabled = True, False
        threading.Thread(target=self._follow, args=(handle,), daemon=True).start()
        return handle

    @reported
    def stop(self) -> None:
        """Stop the run; what came stays."""
        if self._handle is not None:
            self._handle.stop()

    def _follow(self, handle: Handle) -> None:
        with self.reporting():
            try:
                self.results = handle.wait()
            finally:
                self._button.disabled, self._stop.disabled = False, True
                self._show(handle)
                self._label()

    def _hear(self, heard: Heard) -> None:
        handle = self._handle
        if handle is not None and heard.kind == "came" and monotonic() >= self._due:
            self._due = monotonic() + _REFRESH
            self._show(handle)

    def _show(self, handle: Handle) -> None:
        self._bar.value = handle.progress.done
        self._said.value = note(repr(handle.progress))

    def _label(self) -> None:
        self._button.description = f"Run on all {count(self._n_rows, 'row')}"
        self._button.button_style = ""

    def _static(self) -> str:
        return str(self._said.value)

    def __repr__(self) -> str:
        return f"AllRows({count(self._n_rows, 'row')})"


def estimate_words(estimate: pd.DataFrame) -> str:
    """Say an estimate in one line.

    Args:
        estimate: As `Experiment.estimate` gives it.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"calls": [2, 3], "answered": [0, 1],
        ...     "cost": [1.0, 0.5], "cost_low": [1.0, 0.25], "cost_high": [2.0, 1.0]})
        >>> estimate_words(frame)
        '5 calls to send, 1 answered already: about $1.50 ($1.25 to $3.00)'
    """
    calls, answered = int(estimate["calls"].sum()), int(estimate["answered"].sum())
    said = f"{count(calls, 'call')} to send"
    if answered:
        said += f", {answered:,} answered already"
    cost, low, high = (_sum(estimate[n]) for n in ("cost", "cost_low", "cost_high"))
    if cost is None:
        return f"{said}: nobody knows the price"
    unknown = int(estimate["cost"].isna().sum())
    more = f", and {count(unknown, 'model')} of unknown price" if unknown else ""
    return f"{said}: about {dollars(cost)} ({dollars(low)} to {dollars(high)}){more}"


def _sum(column: pd.Series[Any]) -> float | None:
    known = column.dropna()
    return None if known.empty else float(known.sum())
