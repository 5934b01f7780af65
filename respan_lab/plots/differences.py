"""Paired differences with their intervals and verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .figures import MISSING, counted, fixed_number, value_of
from .forest import Line, draw_point, dress_rows, lay_out, new_row_axes
from .inert import plain
from .scale import set_scale
from .style import GRID, INK, MUTED, look, set_title, set_x_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["differences"]

# Compared by the logarithms of paired ratios; everything else is a score.
_RATIOS = ("cost", "latency", "time_to_first_token", "completion_tokens")
_COLUMNS = ("metric", "a", "b", "n_items", "diff", "ci_low", "ci_high", "verdict")
_NAME = 26
_NOTES = 3
# Colour and marker of each verdict; what is undecided stands back.
_LOOKS = {
    "better": (look(0).colour, "^"),
    "worse": (look(1).colour, "v"),
    "tied": (look(2).colour, "s"),
}


def differences(
    frame: pd.DataFrame,
    *,
    metric: str | None = None,
    margin: float | None = None,
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far apart each pair is, with the interval and what it shows.

    Args:
        frame: A comparison, as ``r.compare()`` gives it: a row for each pair with
            ``metric``, ``a``, ``b``, ``n_items``, ``diff``, ``ci_low``, ``ci_high``,
            ``verdict``, and if known ``ci_level`` and ``n_more``. Differences of scores
            are ``a`` less ``b`` in the score's unit; those of ``cost``, ``latency``,
            ``time_to_first_token`` and ``completion_tokens`` are natural logarithms of
            ``a`` over ``b``, drawn as ratios. Beside an undecided one stand the further
            items that would settle it.
        metric: Which one of several metrics; None: the only one.
        margin: Differences that count as none, from minus to plus so much (of ratios
            as a logarithm), are shaded; None shades nothing.
        note: What the reader must know, such as ``simulated``, below the title.
        ax: Where to draw; None makes a figure of its own, sized to the rows.

    Raises:
        ConfigError: If the frame is no comparison or has no rows, or the metric is not
            in it or has to be chosen among several.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> row = {"metric": "match", "a": "new", "b": "old", "n_items": 40,
        ...        "diff": 0.25, "ci_low": 0.1, "ci_high": 0.4, "verdict": "better"}
        >>> plots.differences(pd.DataFrame([row])).get_title(loc="left")
        'match: new against old'
    """
    rows = _rows(frame, metric)
    name = str(rows[0]["metric"])
    in_points = frame.attrs.get("in_points", ())
    is_ratio = name in _RATIOS and name not in in_points
    names, title = _names(rows, name)
    sizes = {int(row["n_items"]) for row in rows}
    lines = [
        line
        if line.is_heading
        else _filled(line, rows[line.at], is_ratio, len(sizes) > 1)
        for line in lay_out(names)
    ]
    ax = new_row_axes(lines, rest=1.5) if ax is None else ax
    _set_scale(ax, lines, is_ratio=is_ratio, margin=margin)
    for line in lines:
        if not line.is_heading and math.isfinite(line.value):
            verdict = str(rows[line.at]["verdict"])
            colour, marker = _LOOKS.get(verdict, (MUTED, "D"))
            draw_point(ax, line, colour=colour, marker=marker)
    dress_rows(ax, lines)
    set_title(ax, title, note=note)
    notes = list(frame.attrs.get("notes", ()))[:_NOTES]
    n = f"n={counted(min(sizes), 'item')}" if len(sizes) == 1 else "n: items"
    label = f"{_meaning(rows, name, is_ratio)}; {n} in common"
    set_x_label(ax, label, notes=[plain(one, 200) for one in notes])
    return ax


def _rows(frame: pd.DataFrame, metric: str | None) -> list[dict[Any, Any]]:
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise ConfigError(
            f"differences() needs the column {missing[0]!r}; give it a comparison, "
            "r.compare()"
        )
    if frame.empty:
        raise ConfigError("differences() has nothing to draw: no pair was compared")
    metrics = [str(one) for one in frame["metric"].unique()]
    if (metric is None and len(metrics) > 1) or metric not in (None, *metrics):
        allowed = ", ".join(map(repr, metrics))
        raise ConfigError(f"metric is {metric!r}; the comparison's metrics: {allowed}")
    chosen = frame if metric is None else frame[frame["metric"] == metric]
    rows: list[dict[Any, Any]] = chosen.to_dict("records")
    return rows


def _names(
    rows: Sequence[Mapping[Any, Any]], metric: str
) -> tuple[list[tuple[str, str]], str]:
    """Name the rows, and the plot; a baseline that all share stands in the title."""
    pairs = [(_level(row["a"]), _level(row["b"])) for row in rows]
    baselines = {b for _, b in pairs}
    if len(pairs) == 1:
        ((a, b),) = pairs
        return [(a, "")], f"{plain(metric, 24)}: {a} against {b}"
    if len(baselines) == 1:
        return [(a, "") for a, _ in pairs], f"{plain(metric)} against {pairs[0][1]}"
    return [(a, f"against {b}") for a, b in pairs], f"{plain(metric)}, pair by pair"


def _level(value: Any) -> str:
    texts = value if isinstance(value, tuple) else (value,)
    return plain(" · ".join(map(str, texts)), _NAME)


def _filled(line: Line, row: Mapping[Any, Any], is_ratio: bool, has_n: bool) -> Line:
    ends = [value_of(row[name]) for name in ("diff", "ci_low", "ci_high")]
    value, low, high = (_exp(one) for one in ends) if is_ratio else ends
    verdict = str(row["verdict"])
    n_more = value_of(row.get("n_more"))
    if verdict == "undecided" and n_more == n_more:
        verdict = f"undecided (+{int(n_more):,} items)"
    texts = (
        _told(value, is_ratio) + "x" * (is_ratio and math.isfinite(value)),
        _interval(low, high, is_ratio),
        verdict,
        f"n={int(row['n_items']):,}" if has_n else "",
    )
    return replace(line, value=value, low=low, high=high, texts=texts)


def _interval(low: float, high: float, is_ratio: bool) -> str:
    if low != low or high != high:
        return ""
    return f"{_told(low, is_ratio)} to {_told(high, is_ratio)}".replace("+", "")


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf if value == value else MISSING


def _told(value: float, is_ratio: bool) -> str:
    if not math.isfinite(value):
        return "–" if value != value else "∞"
    if is_ratio:
        return fixed_number(value)
    text = f"{value:+.2f}" if abs(value) < 10 else f"{value:+,.1f}"
    return text.replace("-", "\u2212")


def _set_scale(
    ax: Axes, lines: Sequence[Line], *, is_ratio: bool, margin: float | None
) -> None:
    same = 1.0 if is_ratio else 0.0
    ends = [one for line in lines for one in (line.low, line.value, line.high)]
    if margin:
        low, high = (_exp(-margin), _exp(margin)) if is_ratio else (-margin, margin)
        ax.axvspan(low, high, color=GRID, alpha=0.6, linewidth=0, zorder=0)
        ends += [low, high]
    drawable = [one for one in ends if math.isfinite(one) and (one > 0 or not is_ratio)]
    set_scale(ax, "x", [same, *drawable], log=is_ratio, from_zero=False)
    ax.axvline(same, color=INK, linewidth=1, zorder=1)


def _meaning(rows: Sequence[Mapping[Any, Any]], metric: str, is_ratio: bool) -> str:
    level = value_of(rows[0].get("ci_level"))
    interval = f"its {100 * level:.3g} % interval" if level == level else "its interval"
    name = plain(metric.replace("_", " ") if is_ratio else metric)
    if is_ratio:
        what = f"ratio of {name}, the first over the second, logarithmic"
    else:
        what = f"difference in {name}, the first less the second, in the score's unit"
    return f"{what}; with {interval}"
