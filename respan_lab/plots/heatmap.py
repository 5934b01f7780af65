"""Which items each target gets right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .canvas import new_axes
from .figures import counted, number, short_number
from .grids import colours
from .inert import plain
from .key import draw_key
from .naming import Group, groups_of, note_of, require
from .style import FONT, GRID, INK, dress, set_title, set_x_label, tick, write

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

    Grid = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["heatmap"]


_MOST_COLUMNS = 96  # more cannot be told apart at this size
_MOST_NAMED = 40  # items whose names can be read
_ITEM = 14  # characters of an item's name
_ALL_NAMES = 70  # characters of all names that fit side by side
_HATCH = "////"


def heatmap(
    frame: pd.DataFrame,
    *,
    score: str | None = None,
    by: str | Sequence[str] = "model",
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each item's score under each target: who fails where.

    Items are sorted by their mean score over the targets, the highest at the left, and
    targets by theirs, the highest on top; light cells in the upper left are what a good
    target fails on and others manage. A cell is the mean over repeats. With more than
    96 items, neighbours in that order are put together in columns of equally many (the
    last one may have fewer), and the axis says how many; a column is the mean of its
    items' scores.

    Args:
        frame: The frame of a run, ``r.df``: ``item``, ``score_<name>`` and the columns
            of ``by``. Hatched cells have no score.
        score: The score's name, without ``score_``; None: the only one.
        by: One or more columns that make a target; what is not among them is pooled.
        note: What the reader must know, such as ``simulated``, below the title. None:
            the frame's ``label`` column, else whether its ``provider`` is ``sim``.
        ax: Where to draw; None makes a figure of its own, sized to the targets.

    Raises:
        ConfigError: If a column is missing, the frame has no rows, or the score is not
            in it or has to be chosen among several.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {"model": "m", "item": ["x", "y"], "score_exact": [0.0, 1.0]}
        ... )
        >>> [t.get_text() for t in plots.heatmap(frame).get_xticklabels()]
        ['y', 'x']
    """
    require(frame, ("item",), plot="heatmap")
    column = _score(frame, score)
    groups = groups_of(frame, by)
    items, values = _values(groups, column)
    order, ranks = _falling(values, axis=0), _falling(values, axis=1)
    table, size = _put_together(values[ranks][:, order])
    ax = new_axes(1.9 + 0.32 * len(groups)) if ax is None else ax
    _draw(ax, table)
    means = _means(values, axis=1)
    tick(
        ax.yaxis,
        [at + 0.5 for at in range(len(groups))],
        [groups[at].name for at in ranks],
        colour=INK,
        size=FONT,
    )
    for y, at in enumerate(ranks):
        place, coords = (1.0, y + 0.5), ax.get_yaxis_transform()
        text = number(float(means[at]))
        write(ax, place, text, coords=coords, offset=(8, 0), bold=True, colour=INK)
    _name_items(ax, [items[at] for at in order], size)
    each = f"; each column: the mean of {counted(size, 'item')}" * (size > 1)
    label = f"{counted(len(items), 'item')}, the highest scores first{each}"
    set_x_label(ax, f"{label}; right: each row's mean")
    title = f"{column.removeprefix('score_')}, item by item"
    set_title(ax, title, note=note_of(frame) if note is None else note, has_key=True)
    return ax


def _score(frame: pd.DataFrame, score: str | None) -> str:
    names = [
        name.removeprefix("score_")
        for name in frame.columns
        if name.startswith("score_") and frame[name].notna().any()
    ]
    if score is None and len(names) == 1:
        return f"score_{names[0]}"
    if score in names:
        return f"score_{score}"
    allowed = ", ".join(map(repr, names)) or "none: no call was scored"
    raise ConfigError(f"score is {score!r}; the frame's scores: {allowed}")


def _values(groups: Sequence[Group], column: str) -> tuple[list[str], Grid]:
    """Give the items' names, and each target's mean score of each, NaN without one."""
    import pandas as pd

    codes: dict[tuple[str, str], int] = {}  # 1 and "1" are two items
    long = pd.concat(
        pd.DataFrame(
            {
                "target": at,
                "item": [
                    codes.setdefault((type(one).__name__, f"{one}"), len(codes))
                    for one in group.rows["item"]
                ],
                "score": group.rows[column].astype("Float64").astype(float).to_numpy(),
            }
        )
        for at, group in enumerate(groups)
    )
    wide = long.groupby(["target", "item"], sort=False)["score"].mean().unstack("item")
    wide = wide.reindex(index=range(len(groups)), columns=range(len(codes)))
    values: Grid = wide.to_numpy()
    return [name for _, name in codes], values


def _means(values: Grid, axis: int) -> Grid:
    import numpy as np

    means: Grid = np.ma.masked_invalid(values).mean(axis=axis).filled(np.nan)
    return means


def _falling(values: Grid, axis: int) -> list[int]:
    """Order columns (0) or rows (1) by their mean, the highest first, NaN last."""
    means = _means(values, axis).tolist()
    return sorted(
        range(len(means)), key=lambda at: (means[at] != means[at], -means[at])
    )


def _put_together(table: Grid) -> tuple[Grid, int]:
    """Give the mean of neighbouring columns, if there are too many to see."""
    import numpy as np

    size = -(-table.shape[1] // _MOST_COLUMNS)
    if size == 1:
        return table, 1
    starts = range(0, table.shape[1], size)
    columns = [_means(table[:, start : start + size], axis=1) for start in starts]
    return np.column_stack(columns), size


def _draw(ax: Axes, table: Grid) -> None:
    import numpy as np
    from matplotlib.patches import Rectangle

    known = table[np.isfinite(table)]
    is_rate = not len(known) or (known.min() >= 0 and known.max() <= 1)
    low, high = (0.0, 1.0) if is_rate else (float(known.min()), float(known.max()))
    dress(ax, grid="")
    width, height = table.shape[1], table.shape[0]
    ax.add_patch(_missing(width, height))
    ax.pcolormesh(
        np.ma.masked_invalid(table),
        cmap=colours(),
        vmin=low,
        vmax=high if high > low else low + 1,
        edgecolors="white",
        linewidth=1.0 if width <= 48 else 0.2,
    )
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    levels = sorted(set(known.tolist()))
    if len(levels) > 3 or not levels:
        levels = [low + part * (high - low) for part in (0, 0.25, 0.5, 0.75, 1)]
    span = high - low or 1.0
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=colours()((one - low) / span))
        for one in levels
    ]
    texts = [short_number(one) for one in levels]
    if not np.isfinite(table).all():
        handles.append(_missing(1, 1))
        texts.append("no score")
    draw_key(ax, handles, texts, below=True)


def _missing(width: float, height: float) -> Rectangle:
    """Give what is seen where there is no score."""
    from matplotlib.patches import Rectangle

    return Rectangle(
        (0, 0),
        width,
        height,
        facecolor="white",
        edgecolor=GRID,
        hatch=_HATCH,
        linewidth=0,
        zorder=0,
    )


def _name_items(ax: Axes, names: Sequence[str], size: int) -> None:
    """Name the items where there is room, else number them."""
    if size == 1 and len(names) <= _MOST_NAMED:
        shown = [plain(name, _ITEM) for name in names]
        tick(ax.xaxis, [at + 0.5 for at in range(len(names))], shown, size=FONT - 2)
        is_long = max(map(len, shown)) * len(shown) > _ALL_NAMES
        ax.tick_params(axis="x", rotation=90 if is_long else 0)
        return
    step = _round(len(names) / 6)
    at = [1, *range(step, len(names) + 1, step)]
    tick(ax.xaxis, [(one - 0.5) / size for one in at], [f"{one:,}" for one in at])


def _round(value: float) -> int:
    """Give the nearest of 1, 2 and 5, times a power of ten, that is not less."""
    power: int = 10 ** (len(str(int(value))) - 1)
    return next(one * power for one in (1, 2, 5, 10) if one * power >= value)
