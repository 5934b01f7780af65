"""New figures: where a notebook shows them, and where nobody does.

A figure is given to pyplot only where pyplot can show it: in a notebook, which shows
each once and closes it at the end of the cell, or in a window. Elsewhere (a script, a
test, a server) it belongs to whoever holds its Axes, so none piles up.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["WIDTH", "new_axes", "picture"]

_PAD = 0.08  # inches around everything
WIDTH = 7.6  # inches: what a notebook shows without shrinking it
_unseen: ContextVar[bool] = ContextVar("_unseen", default=False)


def new_axes(height: float, *, width: float = WIDTH) -> Axes:
    """Open a figure of its own for a plot.

    Args:
        height: Inches.
        width: Inches.
    """
    figure = _new_figure(width, height)
    figure.set_facecolor("white")
    axes: Axes = figure.subplots()
    return axes


def picture(draw: Callable[[], Axes], *, dpi: int = 144) -> bytes:
    """Give a plot as a PNG picture; no notebook shows it, and nothing stays open.

    Args:
        draw: Draws a plot onto a figure of its own, and gives its Axes.
        dpi: Pixels an inch.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame({"model": ["m"], "n": 1, "n_items": 1, "score_a": 1.0})
        >>> plots.picture(lambda: plots.scores(frame))[1:4]
        b'PNG'
    """
    token = _unseen.set(True)
    try:
        figure = draw().get_figure(root=True)
    finally:
        _unseen.reset(token)
    image = io.BytesIO()
    if figure is not None:
        figure.savefig(image, format="png", dpi=dpi, metadata={"Software": None})
    return image.getvalue()


def _new_figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=_PAD, h_pad=_PAD)
    if _unseen.get() or not _pyplot_shows():
        return Figure(figsize=(width, height), layout=layout)
    from matplotlib import pyplot as plt

    return plt.figure(figsize=(width, height), layout=layout)


def _pyplot_shows() -> bool:
    """Whether pyplot's backend puts figures in front of somebody."""
    from matplotlib import get_backend
    from matplotlib.backends.registry import BackendFilter, backend_registry

    silent: list[str] = backend_registry.list_builtin(  # type: ignore[no-untyped-call] # matplotlib's, untyped
        BackendFilter.NON_INTERACTIVE
    )
    return get_backend().lower() not in silent
