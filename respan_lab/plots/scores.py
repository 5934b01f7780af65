"""Scores with their intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .figures import number, value_of
from .forest import Line, draw_points, dress_rows, lay_out, new_row_axes
from .naming import note_of, summary_names
from .scale import set_scale
from .style import set_title, set_x_label, tick

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["score_column", "scores"]

_ENDS = ("_ci_low", "_ci_high")


def scores(
    frame: pd.DataFrame,
    *,
    score: str | None = None,
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each group's score with its 95 % interval, in the order given.

    Args:
        frame: A summary, as ``r.summary()`` gives it: group columns, ``n``,
            ``score_<name>`` and its ``_ci_low`` and ``_ci_high``.
        score: The score's name, without ``score_``; None: the only one.
        note: What the reader must know, such as ``simulated``; it stands below the
            title. None: the summary's ``label`` column, if it has one.
        ax: Where to draw; None makes a figure of its own, sized to the rows.

    Raises:
        ConfigError: If the frame is no summary or has no rows, or the score is not in
            it or has to be chosen among several.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {"model": ["a", "b"], "n": 9, "n_items": 9, "score_exact": [0.5, 1.0]}
        ... )
        >>> plots.scores(frame).get_title(loc="left")
        'exact'
    """
    column = score_column(frame, score, plot="scores")
    rows = frame.to_dict("records")
    lines = [
        line if line.is_heading else _filled(line, rows[line.at], column)
        for line in lay_out(summary_names(frame))
    ]
    ax = new_row_axes(lines) if ax is None else ax
    has_intervals = any(line.has_interval for line in lines)
    draw_points(ax, lines)
    _set_scale(ax, lines, is_rate=bool(frame[column].dropna().between(0, 1).all()))
    dress_rows(ax, lines)
    set_title(
        ax,
        column.removeprefix("score_"),
        note=note_of(frame) if note is None else note,
    )
    meaning = "mean with its 95 % interval" if has_intervals else "mean"
    set_x_label(ax, f"{meaning}; n: items")
    return ax


def score_column(frame: pd.DataFrame, score: str | None, *, plot: str) -> str:
    """Name the column of a summary's score.

    Args:
        frame: A summary.
        score: The score's name; None: the only one.
        plot: The function that asks.

    Raises:
        ConfigError: If the frame is no summary or has no rows, or the score is not in
            it or has to be chosen among several.
    """
    if "n" not in frame:
        raise ConfigError(f"{plot}() draws a summary; give it r.summary(), not r.df")
    if frame.empty:
        raise ConfigError(f"{plot}() has nothing to draw: the summary has no rows")
    names = [
        name.removeprefix("score_")
        for name in frame.columns
        if name.startswith("score_") and not name.endswith(_ENDS)
    ]
    if score is None and len(names) == 1:
        return f"score_{names[0]}"
    if score in names:
        return f"score_{score}"
    allowed = ", ".join(map(repr, names)) or "none: the run had no evaluator"
    raise ConfigError(f"score is {score!r}; the frame's scores: {allowed}")


def _filled(line: Line, row: dict[Any, Any], column: str) -> Line:
    value = value_of(row[column])
    low, high = (value_of(row.get(f"{column}{end}")) for end in _ENDS)
    failed = row.get("errors")
    n = f"n={row.get('n_items', row['n'])}" + (f", {failed} failed" if failed else "")
    ends = f"{low:.2f}–{high:.2f}" if low == low and high == high else ""
    texts = (number(value), ends, n)
    return replace(line, value=value, low=low, high=high, texts=texts)


def _set_scale(ax: Axes, lines: list[Line], *, is_rate: bool) -> None:
    if is_rate:
        ax.set_xlim(0, 1.004)  # the grid's last line whole
        tick(ax.xaxis, [0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        return
    known = [one for line in lines for one in (line.low, line.value, line.high)]
    set_scale(ax, "x", known, log=False)
