"""Latency over the time of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .canvas import new_axes
from .figures import counted, seconds
from .key import draw_key, height_beside, sample
from .naming import Group, groups_of, note_of, require
from .scale import set_scale
from .style import WARN, Look, dress, look, set_title, set_x_label, set_y_label
from .timed import calls_of, is_timed, left_out

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    Points = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["timeline"]

_MANY = 2_000  # calls; more are drawn as bands instead of dots
_BINS, _IN_BIN = 40, 8  # points of a line at most, calls in each at least
_TICKS = 500  # places in time: more cannot be seen at this size
_SINCE = "_since_start"
_UNITS = ((172_800, 86_400, "days"), (7_200, 3600, "hours"), (180, 60, "minutes"))


def timeline(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = "model",
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each call's latency at the time it began, to see a provider slow down.

    A dot is a call; a line goes through the medians of the group's calls, taken in turn
    in at most 40 parts of at least 8 calls. With more than 2,000 calls the dots become
    a band, from the 10th to the 90th percentile. Calls that failed are ticks at the
    top. Which calls count is as in `latency`.

    Args:
        frame: The frame of a run, ``r.df``: ``started_at``, ``latency`` (seconds),
            ``status`` and the columns of ``by``.
        by: One or more columns to group by; what is not among them is pooled.
        note: What the reader must know, below the title. None: the frame's ``label``
            column, else whether its ``provider`` is ``sim``.
        ax: Where to draw; None makes a figure of its own.

    Raises:
        ConfigError: If a column is missing, the frame has no rows, or no call has a
            ``started_at``.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> began = pd.date_range("2026-03-01", periods=3, freq="20s", tz="UTC")
        >>> frame = pd.DataFrame(
        ...     {"model": "m", "status": "ok", "latency": 0.5, "started_at": began}
        ... )
        >>> plots.timeline(frame).get_xlabel().splitlines()[0]
        'seconds since 2026-03-01 00:00:00 UTC, when the first call began'
    """
    require(frame, ("started_at", "latency", "status"), plot="timeline")
    calls, start, unit = _since_start(calls_of(frame))
    groups = groups_of(calls, by)
    points = [_points(group) for group in groups]
    ax = new_axes(height_beside(len(groups), 4.2)) if ax is None else ax
    dress(ax)
    are_many = sum(map(len, points)) > _MANY
    _draw(ax, groups, points, calls[_SINCE], are_many=are_many)
    n_failed = _draw_failures(ax, calls)
    mark = "band: 10th to 90th percentile" if are_many else "dot: a call"
    set_x_label(
        ax,
        f"{unit} since {start:%Y-%m-%d %H:%M:%S} UTC, when the first call began",
        notes=[
            f"{mark}; line: median of {_IN_BIN} or more calls in turn",
            f"ticks at the top: {counted(n_failed, 'call')} failed" * bool(n_failed),
            left_out(calls, "latency"),
        ],
    )
    set_y_label(ax, "latency, seconds" + ", logarithmic" * (ax.get_yscale() == "log"))
    set_title(ax, "Latency over time", note=note_of(frame) if note is None else note)
    return ax


def _since_start(calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.Timestamp, str]:
    """Add when each call of this run began, in the unit that fits its length."""
    began = calls["started_at"]
    if "from_ledger" in calls:
        began = began.where(~calls["from_ledger"].fillna(False).astype(bool))
    start = began.min() if began.notna().any() else calls["started_at"].min()
    if start != start:
        raise ConfigError("timeline() has nothing to draw: no call has a started_at")
    since = (began - start).dt.total_seconds()
    length = since.max()
    for least, divisor, unit in _UNITS:
        if length >= least:
            return calls.assign(**{_SINCE: since / divisor}), start, unit
    return calls.assign(**{_SINCE: since}), start, "seconds"


def _points(group: Group) -> Points:
    timed = group.rows.loc[is_timed(group.rows), [_SINCE, "latency"]].dropna()
    points: Points = timed.to_numpy(dtype=float)
    ordered: Points = points[points[:, 0].argsort(kind="stable")]
    return ordered


def _draw(
    ax: Axes,
    groups: Sequence[Group],
    points: Sequence[Points],
    since: pd.Series,
    *,
    are_many: bool,
) -> None:
    import numpy as np

    end = float(since.max()) if since.notna().any() else 1.0
    every = np.concatenate([one[:, 1] for one in points])
    if are_many and len(every):
        every = np.quantile(every, (0.001, 0.999))
    set_scale(ax, "x", [0.0, end or 1.0], room=0.01, log=False)
    set_scale(ax, "y", every[every > 0] if (every > 0).any() else every)
    for at, one in enumerate(points):
        if len(one):
            (_draw_band if are_many else _draw_dots)(ax, one, look(at))
    shown = sorted(range(len(groups)), key=lambda at: -_median(points[at]))
    draw_key(
        ax,
        [sample(look(at)) for at in shown],
        [f"{groups[at].name}\n{_told(points[at])}" for at in shown],
    )


def _median(points: Points) -> float:
    import numpy as np

    return float(np.median(points[:, 1])) if len(points) else float("-inf")


def _told(points: Points) -> str:
    if not len(points):
        return "no data"
    return f"median {seconds(_median(points))}, n={len(points):,}"


def _draw_dots(ax: Axes, points: Points, style: Look) -> None:
    ax.plot(
        points[:, 0],
        points[:, 1],
        style.marker,
        color=style.colour,
        markersize=4,
        alpha=0.35,
        markeredgewidth=0,
    )
    _draw_line(ax, _in_turn(points, (0.5,)), style)


def _draw_band(ax: Axes, points: Points, style: Look) -> None:
    bins = _in_turn(points, (0.1, 0.5, 0.9))
    ax.fill_between(
        bins[:, 0], bins[:, 1], bins[:, 3], color=style.colour, alpha=0.18, linewidth=0
    )
    _draw_line(ax, bins[:, [0, 2]], style)


def _draw_line(ax: Axes, bins: Points, style: Look) -> None:
    ax.plot(
        bins[:, 0],
        bins[:, 1],
        color=style.colour,
        linestyle=style.dash,
        linewidth=2,
        marker=style.marker,
        markersize=5,
        markevery=max(1, len(bins) // 6),
        markeredgecolor="white",
        markeredgewidth=0.6,
    )


def _in_turn(points: Points, parts: Sequence[float]) -> Points:
    """Give time and quantiles of equally many calls in turn, at least eight each."""
    import numpy as np

    n_parts = min(_BINS, len(points) // _IN_BIN)
    rows = [
        [float(np.median(some[:, 0])), *np.quantile(some[:, 1], parts)]
        for some in (np.array_split(points, n_parts) if n_parts else ())
    ]
    return np.array(rows, dtype=float).reshape(-1, 1 + len(parts))


def _draw_failures(ax: Axes, calls: pd.DataFrame) -> int:
    """Draw a tick for each place in time where calls failed; give how many did."""
    import numpy as np

    failed = calls["status"].isin(("error", "maybe_billed"))
    since = calls.loc[failed, _SINCE].dropna().to_numpy(dtype=float)
    if not len(since):
        return 0
    width = (float(calls[_SINCE].max()) or 1.0) / _TICKS
    places = np.unique(np.round(since / width)) * width  # nearer ones would merge
    ax.plot(
        places,
        np.full(len(places), 0.985),
        "|",
        color=WARN,
        markersize=8,
        transform=ax.get_xaxis_transform(),
        clip_on=False,
    )
    return len(since)
