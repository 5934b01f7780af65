"""How a list of models split the calls, beside the weights that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .figures import number, value_of
from .forest import Line, draw_points, dress_rows, lay_out, new_row_axes
from .inert import plain
from .naming import note_of, summary_names
from .style import INK, set_title, set_x_label, tick

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["shares"]


def shares(
    frame: pd.DataFrame,
    *,
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each model's part of a list's answers, beside the part asked for.

    A point is the part of the answered calls that the model gave, its bar the 95 %
    Wilson interval (E. B. Wilson, JASA 22, 1927) of a part of so many calls; an upright
    line is the weight asked for, where there was one.

    Args:
        frame: A summary with a row for each target, as ``r.summary()`` gives it:
            ``model``, ``n``, ``ok`` (answered calls), ``share_<model>`` and
            ``weight_<model>``. Targets that are no lists are left out.
        note: What the reader must know, below the title. None: the summary's ``label``.
        ax: Where to draw; None makes a figure of its own, sized to the rows.

    Raises:
        ConfigError: If the frame is no such summary, or no target is a list.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> row = {"model": "a:3,b:1", "n": 20, "ok": 20, "share_a": 0.7,
        ...        "weight_a": 0.75, "share_b": 0.3, "weight_b": 0.25}
        >>> [t.get_text() for t in plots.shares(pd.DataFrame([row])).get_yticklabels()]
        ['a:3,b:1, n=20', 'a', 'b']
    """
    rows = _rows(frame)
    lines = [
        replace(line, style=0) if line.is_heading else _filled(line, rows[line.at])
        for line in lay_out([(row["list"], row["name"]) for row in rows])
    ]
    ax = new_row_axes(lines) if ax is None else ax
    ax.set_xlim(0, 1.004)
    tick(ax.xaxis, [0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    draw_points(ax, lines)
    for line in lines:
        if not line.is_heading:
            _draw_weight(ax, line, rows[line.at]["weight"])
    dress_rows(ax, lines)
    set_title(ax, "Who answered", note=note_of(frame) if note is None else note)
    set_x_label(
        ax,
        "part of the answered calls, with its 95 % interval; n: answered calls; "
        "upright line: as asked",
    )
    return ax


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a row for each target and model that answered or was on its list."""
    if not {"model", "n", "ok"} <= set(frame.columns):
        raise ConfigError("shares() draws a summary by model; give it r.summary()")
    found = [
        _row(name, row, column)
        for name, row in zip(
            summary_names(frame), frame.to_dict("records"), strict=True
        )
        for column in frame.columns
        if column.startswith("share_")
        and value_of(row[column]) == value_of(row[column])
    ]
    if not found:
        raise ConfigError(
            "shares() has nothing to draw: no target is a list of models with answers"
        )
    return found


def _row(name: tuple[str, str], row: Mapping[Any, Any], column: str) -> dict[str, Any]:
    model = column.removeprefix("share_")
    listed = plain(" · ".join(filter(None, name)), 28)
    return {
        "list": f"{listed}, n={int(row['ok']):,}",
        "name": plain(model),
        "share": value_of(row[column]),
        "weight": value_of(row.get(f"weight_{model}")),
        "n": int(row["ok"]),
    }


def _filled(line: Line, row: Mapping[str, Any]) -> Line:
    low, high = _interval(row["share"], row["n"])
    weight = row["weight"]
    texts = (
        number(row["share"]),
        f"{low:.2f}–{high:.2f}" if low == low else "",
        f"asked {weight:.2f}" if weight == weight else "",
    )
    return replace(line, value=row["share"], low=low, high=high, texts=texts)


def _interval(share: float, n: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    if not n:
        return float("nan"), float("nan")
    found = binomtest(round(share * n), n).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def _draw_weight(ax: Axes, line: Line, weight: float) -> None:
    if weight == weight:
        ax.plot(
            (weight, weight),
            (line.y - 0.32, line.y + 0.32),
            color=INK,
            linewidth=2,
            zorder=4,
            clip_on=False,
        )
