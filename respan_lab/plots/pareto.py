"""Quality against cost or latency, and who may be on the front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ConfigError
from .canvas import new_axes
from .figures import value_of
from .front import Point, front_of
from .inert import plain
from .key import draw_key, height_beside, sample
from .naming import is_missing, note_of, summary_names
from .placing import MOST_LABELS, Label, place_labels
from .scale import set_scale
from .scores import score_column
from .style import INK, MUTED, dress, look, set_title, set_x_label, set_y_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["pareto"]

_PARTS = tuple(part / 12 for part in range(13))  # of a line that names should not cover
_FILL = "#8b949e"
_AXES = {
    "cost": ("cost", "US dollars a call, mean"),
    "latency": ("latency_p50", "latency, seconds, median"),
}


def pareto(
    frame: pd.DataFrame,
    *,
    score: str | None = None,
    x: Literal["cost", "latency"] = "cost",
    lower_is_better: bool = False,
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw quality against what it takes, and the front: who is beaten by nobody.

    The line is the front of the means: of its groups none is matched by another that
    takes no more and scores no less. A group is hollow, *shown to be dominated*, if
    another takes no more on average and the whole of its score's interval is better
    than the whole of this one's; every other group is filled, since it may be on the
    front. That takes cost and latency as they were seen, and the intervals one by one:
    two that do not touch are a stronger sign than 5 % (N. Schenker, J. F. Gentleman,
    The American Statistician 55, 2001). Without intervals nothing is shown, and every
    group is filled.

    Paired comparisons show more: a frame with ``on_front``, as ``r.pareto()`` gives it,
    is drawn by that instead. False is hollow, True is filled with a dark ring (*shown
    to be on the front*), missing is filled. That is the front of score, cost and
    latency together.

    Args:
        frame: A summary, as ``r.summary()`` gives it: group columns, ``n``,
            ``score_<name>`` with its ``_ci_low`` and ``_ci_high``, and ``cost`` (mean
            US dollars a call) or ``latency_p50`` (median seconds); ``on_front`` if
            known. A group without one of the two is named below the plot.
        score: The score's name, without ``score_``; None: the only one.
        x: ``cost`` or ``latency``; logarithmic if it spans more than tenfold.
        lower_is_better: Whether a low score is a good one.
        note: What the reader must know, below the title. None: the summary's ``label``.
        ax: Where to draw; None makes a figure of its own.

    Raises:
        ConfigError: If the frame is no summary, has no rows or no such figure; or the
            score is not in it or has to be chosen among several.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {"model": ["a", "b"], "n": 9, "score_exact": [0.5, 1.0],
        ...      "cost": [0.001, 0.02]}
        ... )
        >>> plots.pareto(frame).get_xlabel().splitlines()[0]
        'US dollars a call, mean, logarithmic'
    """
    if x not in _AXES:
        raise ConfigError(f"x is {x!r}; allowed: 'cost', 'latency'")
    column = score_column(frame, score, plot="pareto")
    x_column, x_label = _AXES[x]
    every = _points(frame, column, x_column, sign=-1 if lower_is_better else 1)
    points = [point for point in every if point.x == point.x and point.y == point.y]
    is_told = "on_front" in frame
    dominated = [
        p.on_front is False if is_told else any(map(p.is_shown_below, points))
        for p in points
    ]
    beside = len(points) if len(points) > MOST_LABELS else 0
    ax = new_axes(height_beside(beside, 4.6, lines=1)) if ax is None else ax
    dress(ax)
    log = set_scale(ax, "x", [point.x for point in points], room=0.1)
    _set_quality(ax, points)
    _draw_front(ax, points)
    for point, is_out in zip(points, dominated, strict=True):
        _draw_point(ax, point, hollow=is_out)
    _draw_key(ax, ringed=any(p.on_front for p in points), hollow=any(dominated))
    if len(points) > MOST_LABELS:
        _name_beside(ax, points, dominated)
    else:
        _name(ax, points, log=log)
    silent = ", ".join(point.name for point in every if point not in points)
    has_intervals = any(point.low == point.low for point in points)
    name = column.removeprefix("score_")
    set_x_label(
        ax,
        x_label + ", logarithmic" * log,
        notes=[
            "bar: the score's 95 % interval; " * has_intervals + _sizes(frame),
            "shown by pairs on the same items, of score, cost and latency" * is_told,
            f"no data: {silent}" if silent else "",
        ],
    )
    better = ", lower is better" if lower_is_better else ""
    set_y_label(ax, f"{plain(name)}, mean{better}")
    title = f"{name} against {x}"
    set_title(ax, title, note=note_of(frame) if note is None else note, has_key=True)
    return ax


def _points(
    frame: pd.DataFrame, column: str, x_column: str, *, sign: int
) -> list[Point]:
    names = summary_names(frame)
    firsts = list(dict.fromkeys(first for first, _ in names))
    rests = list(dict.fromkeys(rest for _, rest in names))
    return [
        Point(
            " · ".join(filter(None, name)),
            firsts.index(name[0]) if len(firsts) > 1 else rests.index(name[1]),
            _value(row, x_column),
            _value(row, column),
            _value(row, f"{column}_ci_low"),
            _value(row, f"{column}_ci_high"),
            sign,
            None if is_missing(row.get("on_front")) else bool(row["on_front"]),
        )
        for name, row in zip(names, frame.to_dict("records"), strict=True)
    ]


def _value(row: dict[Any, Any], column: str) -> float:
    return value_of(row.get(column))


def _set_quality(ax: Axes, points: Sequence[Point]) -> None:
    known = [one for point in points for one in (point.low, point.y, point.high)]
    set_scale(ax, "y", known, room=0.1, log=False, from_zero=False)


def _draw_front(ax: Axes, points: Sequence[Point]) -> None:
    front = front_of(points)
    ax.step(
        [point.x for point in front],
        [point.y for point in front],
        where="post",
        color=MUTED,
        linewidth=1.2,
        linestyle=(0, (4, 3)),
        zorder=1,
    )


def _draw_point(ax: Axes, point: Point, *, hollow: bool) -> None:
    style = look(point.look)
    if point.low == point.low and point.high == point.high:
        ax.plot(
            (point.x, point.x),
            (point.low, point.high),
            color=style.colour,
            linewidth=2,
            alpha=0.25 if hollow else 0.55,
            solid_capstyle="round",
            zorder=2,
        )
    ax.plot(
        point.x,
        point.y,
        style.marker,
        color=style.colour,
        markersize=9,
        markerfacecolor="white" if hollow else style.colour,
        markeredgecolor=style.colour if hollow else INK if point.on_front else "white",
        markeredgewidth=1.6 if hollow or point.on_front else 1.0,
        zorder=3,
    )


def _draw_key(ax: Axes, *, ringed: bool, hollow: bool) -> None:
    from matplotlib.lines import Line2D

    def mark(fill: str, edge: str) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=7,
            markerfacecolor=fill,
            markeredgecolor=edge,
            markeredgewidth=1.6,
        )

    front = Line2D([], [], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    entries = [(front, "front of the means")]
    if ringed:
        entries.append((mark(_FILL, INK), "shown to be on the front"))
    entries.append(
        (mark(_FILL, _FILL), "may be on it" if ringed else "may be on the front")
    )
    if hollow:
        entries.append((mark("white", MUTED), "shown to be dominated"))
    draw_key(ax, *zip(*entries, strict=True), below=True)


def _name(ax: Axes, points: Sequence[Point], *, log: bool) -> None:
    bars = [
        (point.x, point.low + part * (point.high - point.low))
        for point in points
        if point.low == point.low
        for part in _PARTS
    ]
    steps = [
        one
        for left, right in pairwise(front_of(points))
        for part in _PARTS
        for one in (
            (
                left.x * (right.x / left.x) ** part
                if log
                else left.x + part * (right.x - left.x),
                left.y,
            ),
            (right.x, left.y + part * (right.y - left.y)),
        )
    ]
    labels = [Label(p.x, p.y, p.name, look(p.look).colour) for p in points]
    place_labels(ax, labels, avoid=bars + steps)


def _name_beside(ax: Axes, points: Sequence[Point], dominated: Sequence[bool]) -> None:
    shown = sorted(zip(points, dominated, strict=True), key=lambda one: -one[0].y)
    handles = [
        sample(look(point.look), line=False, hollow=is_out) for point, is_out in shown
    ]
    draw_key(ax, handles, [point.name for point, _ in shown])


def _sizes(frame: pd.DataFrame) -> str:
    column = "n_items" if "n_items" in frame else "n"
    sizes = sorted({int(one) for one in frame[column].dropna()})
    what = "items" if column == "n_items" else "calls"
    if not sizes:
        return ""
    told = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    return f"n={told} {what} each"
