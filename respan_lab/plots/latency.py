"""How long calls took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ConfigError
from .canvas import new_axes
from .figures import seconds
from .forest import Line, dress_rows, lay_out, new_row_axes
from .key import draw_key, height_beside, sample
from .naming import Group, groups_of, note_of, require
from .scale import set_scale
from .style import INK, Look, dress, look, set_title, set_x_label, set_y_label, tick
from .timed import calls_of, is_timed, left_out

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    Values = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["MIN_CALLS_P95", "latency"]

MIN_CALLS_P95 = 59  # 0.95**59 < 0.05: fewer calls may well all lie below the p95
_STEPS = 500  # of a curve: more cannot be seen at this size
_FEW = 60  # calls that are drawn one by one beside their box
_MEANINGS = {
    "ecdf": "line: the part of the calls that took at most so long; mark: the median",
    "box": "box: the middle half; line: the median; whiskers: within 1.5 box lengths; "
    "dots: single calls",
}
_DOTS = 200  # of a box's outliers


def latency(
    frame: pd.DataFrame,
    *,
    kind: Literal["ecdf", "box"] = "ecdf",
    by: str | Sequence[str] = "model",
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how long calls took, in seconds, one curve or box a group.

    As in the summary, only calls count that were answered in this run, by the model
    that was asked, and not from a cache; how many are left out stands below the plot.
    The scale is logarithmic if the calls span more than tenfold.

    Args:
        frame: The frame of a run, ``r.df``: ``latency``, ``status``, the columns of
            ``by``, and where known ``cached``, ``substituted``, ``from_ledger``.
        kind: ``ecdf``, the part of the calls that took at most so long (above 500
            calls a curve has 500 steps); or ``box``, the middle half with its median
            and whiskers to the farthest call within 1.5 box lengths (J. W. Tukey,
            "Exploratory Data Analysis", 1977), calls beyond as dots, up to 60 calls
            each as a dot.
        by: One or more columns to group by; what is not among them is pooled.
        note: What the reader must know, such as ``simulated``, below the title. None:
            the frame's ``label`` column, else whether its ``provider`` is ``sim``.
        ax: Where to draw; None makes a figure of its own.

    Raises:
        ConfigError: If a column is missing, the frame has no rows, or ``kind`` is
            neither.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {"model": "m", "status": "ok", "latency": [0.2, 0.3, 0.7]}
        ... )
        >>> plots.latency(frame).get_xlabel().splitlines()[0]
        'latency, seconds'
    """
    if kind not in _MEANINGS:
        raise ConfigError(f"kind is {kind!r}; allowed: 'ecdf', 'box'")
    require(frame, ("latency", "status"), plot="latency")
    calls = calls_of(frame)
    groups = groups_of(calls, by)
    times = [_times(group) for group in groups]
    ax = (_boxes if kind == "box" else _curves)(groups, times, ax)
    log = ", logarithmic" if ax.get_xscale() == "log" else ""
    set_x_label(
        ax,
        f"latency, seconds{log}",
        notes=[_MEANINGS[kind], left_out(calls, "latency")],
    )
    set_title(ax, "Latency", note=note_of(frame) if note is None else note)
    return ax


def _times(group: Group) -> Values:
    import numpy as np

    known = group.rows.loc[is_timed(group.rows), "latency"].dropna()
    return np.sort(known.to_numpy(dtype=float))


def _curves(groups: Sequence[Group], times: list[Values], ax: Axes | None) -> Axes:

    ax = new_axes(height_beside(len(groups), 4.2)) if ax is None else ax
    dress(ax)
    set_scale(ax, "x", _ends(times))
    tick(ax.yaxis, [0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    ax.set_ylim(0, 1.02)
    set_y_label(ax, "part of the calls")
    shown = sorted(range(len(groups)), key=lambda at: _rank(times[at]))
    for at in shown:
        if len(times[at]):
            _curve(ax, times[at], look(at))
    draw_key(
        ax,
        [sample(look(at)) for at in shown],
        [f"{groups[at].name}\n{_told(times[at])}" for at in shown],
    )
    return ax


def _ends(times: list[Values]) -> list[float]:
    """Give the fastest and the slowest call of each group."""
    return [float(one[at]) for one in times if len(one) for at in (0, -1)]


def _rank(times: Values) -> float:
    import numpy as np

    return float(np.median(times)) if len(times) else float("inf")


def _told(times: Values) -> str:
    import numpy as np

    if not len(times):
        return "no data"
    p95 = f", p95 {seconds(float(np.quantile(times, 0.95)))}" * (
        len(times) >= MIN_CALLS_P95
    )
    return f"median {seconds(float(np.median(times)))}{p95}, n={len(times):,}"


def _curve(ax: Axes, times: Values, style: Look) -> None:
    import numpy as np

    n = len(times)
    at = np.unique(np.linspace(0, n - 1, min(n, _STEPS)).round().astype(int))
    ax.step(
        np.concatenate(([times[0]], times[at])),
        np.concatenate(([0.0], (at + 1) / n)),
        where="post",
        color=style.colour,
        linestyle=style.dash,
        linewidth=2,
    )
    ax.plot(
        float(np.median(times)),
        0.5,
        marker=style.marker,
        markersize=8,
        color=style.colour,
        markeredgecolor="white",
        zorder=3,
    )


def _boxes(groups: Sequence[Group], times: list[Values], ax: Axes | None) -> Axes:

    lines = [
        line if line.is_heading else _filled(line, times[line.at])
        for line in lay_out([(group.first, group.rest) for group in groups])
    ]
    ax = new_row_axes(lines, rest=1.7) if ax is None else ax
    set_scale(ax, "x", _ends(times))
    for line in lines:
        if not line.is_heading and len(times[line.at]):
            _box(ax, times[line.at], line)
    dress_rows(ax, lines)
    return ax


def _filled(line: Line, times: Values) -> Line:
    import numpy as np

    n = len(times)
    if not n:
        return replace(line, texts=("no data", "", ""))
    p95 = f"p95 {seconds(float(np.quantile(times, 0.95)))}" * (n >= MIN_CALLS_P95)
    return replace(line, texts=(seconds(_rank(times)), p95, f"n={n:,}"))


def _box(ax: Axes, times: Values, line: Line) -> None:
    import numpy as np

    colour = look(line.style).colour
    drawn = ax.boxplot(
        [times],
        positions=[line.y],
        orientation="horizontal",
        widths=0.5,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": colour, "alpha": 0.35, "edgecolor": colour},
        medianprops={"color": INK, "linewidth": 2},
        whiskerprops={"color": colour},
        capprops={"color": colour},
    )
    low, high = (float(one.get_xdata()[1]) for one in drawn["whiskers"])
    dots = times if len(times) <= _FEW else times[(times < low) | (times > high)]
    at = np.unique(np.linspace(0, len(dots) - 1, min(len(dots), _DOTS)).astype(int))
    # Spread by their order, so that like ones are told apart, the same every time.
    y = line.y + 0.16 * (np.arange(len(at)) % 5 - 2) / 2
    ax.plot(dots[at], y, ".", color=colour, markersize=5, alpha=0.7, markeredgewidth=0)
