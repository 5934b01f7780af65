"""Plots: each draws a frame of figures onto one Axes and returns it.

Nothing global is changed and nothing is shown: a notebook displays a new figure by
itself, and ``ax=`` draws onto one of yours.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["png", "scores"]

# Okabe and Ito's palette: told apart with every common form of colour blindness.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vP"
_INK, _MUTED, _GRID, _WARN = "#1f2328", "#59636e", "#e4e7eb", "#9a3412"
_FONT = 10.0  # points
_ROW = 0.31  # inches
_NOTE = 64  # characters that fit beside the names


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a forest plot: a heading, or a point with its interval."""

    name: str
    y: float
    is_heading: bool = False
    style: int = 0
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    n: str = ""


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
        ConfigError: If the frame is no summary, or the score is not in it or has to
            be chosen among several.
    """
    column = _score_column(frame, score)
    lines = _lines(frame, column)
    ax = _new_axes(lines) if ax is None else ax
    _draw_points(ax, lines)
    _dress(ax, lines, is_rate=frame[column].dropna().between(0, 1).all())
    has_intervals = any(line.low == line.low for line in lines)
    _write_values(ax, lines, has_intervals=has_intervals)
    _write_title(
        ax,
        column.removeprefix("score_"),
        note=_label(frame) if note is None else note,
        has_intervals=has_intervals,
    )
    return ax


def png(draw: Callable[[Axes], object], *, n_lines: int) -> bytes:
    """Give a plot as a PNG picture, without opening a figure that a notebook shows.

    Args:
        draw: Draws onto the Axes it is given.
        n_lines: How many lines the plot has, for the picture's height.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.4 + 0.4 * n_lines), layout="constrained")
    draw(figure.subplots())
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=144, metadata={"Software": None})
    return image.getvalue()


def _score_column(frame: pd.DataFrame, score: str | None) -> str:
    if "n" not in frame:
        raise ConfigError("scores() draws a summary; give it r.summary(), not r.df")
    ends = ("_ci_low", "_ci_high")
    names = [
        name.removeprefix("score_")
        for name in frame.columns
        if name.startswith("score_") and not name.endswith(ends)
    ]
    if score is None and len(names) == 1:
        return f"score_{names[0]}"
    if score in names:
        return f"score_{score}"
    allowed = ", ".join(map(repr, names)) or "none: the run had no evaluator"
    raise ConfigError(f"score is {score!r}; the frame's scores: {allowed}")


def _label(frame: pd.DataFrame) -> str | None:
    """Say what the models are; by name, if it is not true of all of them."""
    if "label" not in frame:
        return None
    labels = frame["label"].astype(object).where(frame["label"].notna(), None)
    distinct = [str(one) for one in labels.unique() if one]
    if not distinct or (len(distinct) == 1 and labels.notna().all()):
        return distinct[0] if distinct else None
    named = frame[frame.columns[0]].astype(str)
    by_name = " · ".join(
        f"{one}: {', '.join(named[labels == one].unique())}" for one in distinct
    )
    if len(by_name) <= _NOTE:
        return by_name
    is_whole = labels.notna().all() and not any("partly " in one for one in distinct)
    short = ", ".join(dict.fromkeys(one.removeprefix("partly ") for one in distinct))
    return short if is_whole else f"partly {short}"


def _lines(frame: pd.DataFrame, column: str) -> list[_Line]:
    """Lay the groups out from top to bottom; a model with several gets a heading."""
    names = _group_names(frame)
    styles: dict[str, int] = {}
    lines: list[_Line] = []
    y, above = 0.0, ""
    several = len(names) > 1 and frame.duplicated(names[0], keep=False).any()
    for row in frame.to_dict("records"):
        block, rest = _names(row, names)
        style = styles.setdefault(rest, len(styles))
        if several and block != above:
            y += 0.35 if lines else 0.0
            lines.append(_Line(block, y, is_heading=True))
            y, above = y + 1, block
        name = rest if several else " · ".join(filter(None, (block, rest)))
        lines.append(_line(row, column, name=name, y=y, style=style))
        y += 1
    return lines


def _group_names(frame: pd.DataFrame) -> list[str]:
    """Name the group columns; a later one that never varies tells nothing."""
    names = list(frame.columns[: list(frame.columns).index("n")])
    varies = [name for name in names[1:] if frame[name].astype(str).nunique() > 1]
    return names[:1] + varies


def _names(row: dict[Any, Any], names: Sequence[str]) -> tuple[str, str]:
    texts = [
        f"{name.removeprefix('param_')}={row[name]}"
        if name.startswith("param_")
        else str(row[name])
        for name in names
        if not _is_missing(row[name])
    ]
    shown = [_short(text) for text in texts] or ["all"]
    return shown[0], " · ".join(shown[1:])


def _short(text: str, length: int = 36) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _line(
    row: dict[Any, Any], column: str, *, name: str, y: float, style: int
) -> _Line:
    failed = row.get("errors")
    return _Line(
        name,
        y,
        style=style,
        value=_number(row[column]),
        low=_number(row.get(f"{column}_ci_low")),
        high=_number(row.get(f"{column}_ci_high")),
        n=f"n={row['n_items']}" + (f", {failed} failed" if failed else ""),
    )


def _number(value: Any) -> float:
    return float("nan") if _is_missing(value) else float(value)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _new_axes(lines: Sequence[_Line]) -> Axes:
    from matplotlib import pyplot as plt

    height = 1.35 + _ROW * (lines[-1].y + 1 if lines else 1)
    _, ax = plt.subplots(figsize=(7.6, height), layout="constrained")
    ax.figure.set_facecolor("white")
    return ax


def _draw_points(ax: Axes, lines: Sequence[_Line]) -> None:
    for line in lines:
        if line.is_heading or line.value != line.value:
            continue
        colour = _COLOURS[line.style % len(_COLOURS)]
        if line.low == line.low:  # only an unknown end differs from itself
            ax.plot(
                (line.low, line.high),
                (line.y, line.y),
                color=colour,
                linewidth=2.4,
                alpha=0.55,
                solid_capstyle="round",
                zorder=2,
            )
        ax.plot(
            line.value,
            line.y,
            marker=_MARKERS[line.style % len(_MARKERS)],
            markersize=8,
            color=colour,
            markeredgecolor="white",
            markeredgewidth=1.0,
            zorder=3,
            clip_on=False,
        )


def _dress(ax: Axes, lines: Sequence[_Line], *, is_rate: bool) -> None:
    ax.set_yticks([line.y for line in lines], [line.name for line in lines])
    ax.set_ylim((lines[-1].y if lines else 0) + 0.6, -0.6)
    for tick, line in zip(ax.get_yticklabels(), lines, strict=True):
        tick.set(parse_math=False, fontsize=_FONT, color=_INK)
        if line.is_heading:
            tick.set_fontweight("bold")
    if is_rate:
        ax.set_xlim(0, 1.004)  # the grid's last line whole
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    ax.tick_params(axis="both", length=0, pad=6)
    ax.tick_params(axis="x", labelsize=_FONT - 1, labelcolor=_MUTED)
    ax.grid(axis="x", color=_GRID, linewidth=0.9)
    ax.set_axisbelow(True)
    ax.spines[:].set_visible(False)
    ax.set_facecolor("white")


def _write_values(ax: Axes, lines: Sequence[_Line], *, has_intervals: bool) -> None:
    """Write each value beside its line, so that no legend has to be read."""
    for line in lines:
        if line.is_heading:
            continue
        known = line.value == line.value
        ends = f"{line.low:.2f}–{line.high:.2f}" if line.low == line.low else ""
        _write(ax, line.y, f"{line.value:.2f}" if known else "–", points=16, bold=True)
        _write(ax, line.y, ends, points=54)
        _write(ax, line.y, line.n, points=116 if has_intervals else 60)


def _write(ax: Axes, y: float, text: str, *, points: float, bold: bool = False) -> None:
    ax.annotate(
        text,
        (1, y),
        xycoords=ax.get_yaxis_transform(),
        xytext=(points, 0),
        textcoords="offset points",
        va="center_baseline",
        fontsize=_FONT if bold else _FONT - 1,
        fontweight="bold" if bold else "normal",
        color=_INK if bold else _MUTED,
        annotation_clip=False,
    )


def _write_title(ax: Axes, name: str, *, note: str | None, has_intervals: bool) -> None:
    ax.set_title(
        _short(name, 60),
        loc="left",
        fontsize=_FONT + 3,
        fontweight="bold",
        color=_INK,
        pad=26 if note else 12,
        parse_math=False,
    )
    ax.annotate(
        _short(note or "", 90),
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 10),
        textcoords="offset points",
        fontsize=_FONT,
        color=_WARN,
        parse_math=False,
    )
    meaning = "mean with its 95 % interval" if has_intervals else "mean"
    ax.set_xlabel(
        f"{meaning}; n: items", fontsize=_FONT - 1, color=_MUTED, loc="left", labelpad=8
    )
