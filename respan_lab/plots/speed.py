"""Time to first token against tokens a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .canvas import new_axes
from .key import draw_key, height_beside, sample
from .naming import Group, groups_of, note_of, require
from .placing import MOST_LABELS, Label, place_labels
from .scale import set_scale
from .style import Look, dress, look, set_title, set_x_label, set_y_label
from .timed import calls_of, is_timed, left_out

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    Points = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["speed"]

_COLUMNS = ("time_to_first_token", "tokens_per_second")
_AVOIDED = 50  # of a group's dots, which names should not cover
_DOTS = 400  # calls of a group that are drawn one by one


def speed(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = "model",
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how soon answers began against how fast they went on.

    A dot is a call; a large mark is the group's median of both, its cross the middle
    half (quartiles) of each. Which calls count is as in `latency`. Of a group with more
    than 400 calls every so many-th one is a dot; the marks are of all. A scale is
    logarithmic if it spans more than tenfold.

    Args:
        frame: The frame of a run, ``r.df``: ``time_to_first_token`` (seconds),
            ``tokens_per_second``, ``status`` and the columns of ``by``. Both figures
            are missing where a call was not streamed or its answer is too short.
        by: One or more columns to group by; what is not among them is pooled.
        note: What the reader must know, below the title. None: the frame's ``label``
            column, else whether its ``provider`` is ``sim``.
        ax: Where to draw; None makes a figure of its own.

    Raises:
        ConfigError: If a column is missing, or the frame has no rows.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {
        ...         "model": ["a", "b"],
        ...         "status": "ok",
        ...         "time_to_first_token": [0.2, 0.4],
        ...         "tokens_per_second": [80.0, 120.0],
        ...     }
        ... )
        >>> plots.speed(frame).get_ylabel()
        'tokens a second'
    """
    require(frame, ("status", *_COLUMNS), plot="speed")
    calls = calls_of(frame)
    groups = groups_of(calls, by)
    points = [_points(group) for group in groups]
    known = [at for at, one in enumerate(points) if len(one)]
    beside = len(known) if len(known) > MOST_LABELS else 0
    ax = new_axes(height_beside(beside, 4.6, lines=1)) if ax is None else ax
    dress(ax)
    shown = [points[at] for at in known]
    log_x = set_scale(ax, "x", [end for one in shown for end in _ends(one, 0)])
    log_y = set_scale(ax, "y", [end for one in shown for end in _ends(one, 1)])
    _draw(ax, groups, points, known)
    silent = [
        group.name for group, one in zip(groups, points, strict=True) if not len(one)
    ]
    set_x_label(
        ax,
        "time to first token, seconds" + ", logarithmic" * log_x,
        notes=[
            "dot: a call; mark: median; cross: the middle half; up and left is faster"
            + _same_n(points),
            left_out(calls, "tokens_per_second"),
            f"no data: {', '.join(silent)}" if silent else "",
        ],
    )
    set_y_label(ax, "tokens a second" + ", logarithmic" * log_y)
    set_title(ax, "Speed", note=note_of(frame) if note is None else note)
    return ax


def _same_n(points: Sequence[Points]) -> str:
    sizes = {len(one) for one in points if len(one)}
    return f"; n={sizes.pop():,} calls each" if len(sizes) == 1 else ""


def _points(group: Group) -> Points:
    timed = group.rows.loc[is_timed(group.rows), list(_COLUMNS)].dropna()
    points: Points = timed.to_numpy(dtype=float)
    return points


def _ends(points: Points, column: int) -> tuple[float, float]:
    return float(points[:, column].min()), float(points[:, column].max())


def _draw(
    ax: Axes, groups: Sequence[Group], points: Sequence[Points], known: Sequence[int]
) -> None:
    labels: list[Label] = []
    taken: list[tuple[float, float]] = []
    sizes = {len(points[at]) for at in known}
    for at in known:
        n = f", n={len(points[at]):,}" if len(sizes) > 1 else ""
        middle, drawn = _draw_group(ax, points[at], look(at))
        labels.append(Label(*middle, groups[at].name + n, look(at).colour))
        taken += drawn
    if len(labels) <= MOST_LABELS:
        place_labels(ax, labels, avoid=taken)
        return
    shown = sorted(zip(labels, known, strict=True), key=lambda one: -one[0].y)
    handles = [sample(look(at), line=False) for _, at in shown]
    draw_key(ax, handles, [label.text for label, _ in shown])


def _draw_group(
    ax: Axes, points: Points, style: Look
) -> tuple[tuple[float, float], list[tuple[float, float]]]:
    """Draw dots, cross and mark; give the mark's place, and what must stay seen."""
    import numpy as np

    dots = points[:: -(-len(points) // _DOTS)]
    ax.plot(
        dots[:, 0],
        dots[:, 1],
        style.marker,
        color=style.colour,
        markersize=4,
        alpha=0.3,
        markeredgewidth=0,
        rasterized=len(dots) > 100,
    )
    x, y = (float(one) for one in np.median(points, axis=0))
    low, high = np.quantile(points, (0.25, 0.75), axis=0)
    for xs, ys in (((low[0], high[0]), (y, y)), ((x, x), (low[1], high[1]))):
        ax.plot(xs, ys, color=style.colour, linewidth=2.2, zorder=3)
    ax.plot(
        x,
        y,
        style.marker,
        color=style.colour,
        markersize=10,
        markeredgecolor="white",
        markeredgewidth=1.2,
        zorder=4,
    )
    some = dots[:: -(-len(dots) // _AVOIDED)].tolist()
    ends = [(low[0], y), (high[0], y), (x, low[1]), (x, high[1])]
    return (x, y), [(float(a), float(b)) for a, b in [*some, *ends]]
