"""Scales that show all figures, with plain numbers on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from .figures import is_wide, short_number
from .style import FONT, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

__all__ = ["set_scale"]


def set_scale(
    ax: Axes,
    which: Literal["x", "y"],
    values: Iterable[float],
    *,
    room: float = 0.06,
    log: bool | None = None,
    from_zero: bool = True,
) -> bool:
    """Give an axis the scale and limits its figures need.

    Args:
        ax: The Axes.
        which: ``x`` or ``y``.
        values: All figures that must be seen; those that are not finite are left out.
        room: The empty part beside the outermost figures.
        log: Whether the scale is logarithmic; None: if the figures are all above 0 and
            span more than tenfold.
        from_zero: Whether figures that lie at or above 0 are shown with it.

    Returns:
        Whether it is logarithmic.
    """
    from matplotlib.ticker import FuncFormatter, NullLocator

    known = [float(value) for value in values if math.isfinite(value)] or [0.0, 1.0]
    log = is_wide(known) if log is None else log
    low, high = min(known), max(known)
    limits = _log_limits(low, high, room) if log else _limits(low, high, room)
    if from_zero and not log and low >= 0:
        limits = (0.0, limits[1])
    ax.set(**{f"{which}scale": "log" if log else "linear", f"{which}lim": limits})
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(_locator(limits, log=log))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    ax.tick_params(axis=which, labelsize=FONT - 1, labelcolor=MUTED)
    return log


def _limits(low: float, high: float, room: float) -> tuple[float, float]:
    beside = room * (high - low) or 0.1 * abs(high) or 0.5
    return low - beside, high + beside


def _log_limits(low: float, high: float, room: float) -> tuple[float, float]:
    beside = (high / low) ** room if high > low else 2.0
    return low / beside, high * beside


def _locator(limits: tuple[float, float], *, log: bool) -> Locator:
    from matplotlib.ticker import LogLocator, MaxNLocator

    if not log:
        return MaxNLocator(6, steps=[1, 2, 2.5, 5, 10])
    decades = math.log10(limits[1] / limits[0])
    parts = (1.0,) if decades > 3 else (1.0, 3.0) if decades > 1.5 else (1.0, 2.0, 5.0)
    return LogLocator(subs=parts, numticks=12)
