"""Rows with a name at the left, something drawn, and their figures at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .canvas import WIDTH, new_axes
from .figures import MISSING
from .style import FONT, INK, MUTED, dress, look, tick, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Line", "draw_point", "draw_points", "dress_rows", "lay_out", "new_row_axes"]

_ROW = 0.31  # inches
_REST = 1.35  # inches for title and axis
_BOLD_CHARACTER, _CHARACTER = 6.8, 5.6  # points a digit is wide
_NARROWEST = 150  # points that are left for what is drawn
_GAP = 0.35  # rows between blocks


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a heading, or something drawn with its figures.

    Attributes:
        name: At the left.
        y: Where, in rows from the top.
        is_heading: Whether it only names the rows below it.
        style: Which look it has.
        at: The position of what it shows among the names; -1 of a heading.
        value: The figure; NaN if there is none.
        low: The lower end of its interval; NaN if there is none.
        high: The upper end.
        texts: At the right, the first in bold; of all rows equally many, or none.
    """

    name: str
    y: float
    is_heading: bool = False
    style: int = 0
    at: int = -1
    value: float = MISSING
    low: float = MISSING
    high: float = MISSING
    texts: Sequence[str] = field(default=())

    @property
    def has_interval(self) -> bool:
        """Whether both ends are known."""
        return self.low == self.low and self.high == self.high


def lay_out(names: Sequence[tuple[str, str]]) -> list[Line]:
    """Lay groups out from top to bottom; a first name with several gets a heading.

    Args:
        names: Of each group the name by its first column, and by the others.
    """
    styles: dict[str, int] = {}
    lines: list[Line] = []
    firsts = [first for first, _ in names]
    several = len(set(firsts)) < len(firsts) and any(rest for _, rest in names)
    y, above = 0.0, None
    for at, (first, rest) in enumerate(names):
        style = styles.setdefault(rest, len(styles))
        if several and first != above:
            y += _GAP if lines else 0.0
            lines.append(Line(first, y, is_heading=True))
            y, above = y + 1, first
        name = rest if several else " · ".join(filter(None, (first, rest)))
        lines.append(Line(name, y, style=style, at=at))
        y += 1
    return lines


def new_row_axes(lines: Sequence[Line], *, rest: float = _REST) -> Axes:
    """Open a figure for rows: as high as they are many, wider for long names.

    Args:
        lines: The rows.
        rest: Inches for title and axis.
    """
    height = rest + _ROW * (lines[-1].y + 1 if lines else 1)
    names = max((_name_width(line) for line in lines), default=0.0)
    points = names + _texts(lines)[1] + _NARROWEST
    return new_axes(height, width=max(WIDTH, points / 72))


def _name_width(line: Line) -> float:
    return len(line.name) * (_BOLD_CHARACTER if line.is_heading else 6.2)


def draw_points(ax: Axes, lines: Sequence[Line]) -> None:
    """Draw each row's figure as a point, with its interval as a bar."""
    for line in lines:
        if not line.is_heading and line.value == line.value:
            draw_point(ax, line, colour=look(line.style).colour)


def draw_point(ax: Axes, line: Line, *, colour: str, marker: str | None = None) -> None:
    """Draw one row's point and interval."""
    if line.has_interval:
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
        marker=marker or look(line.style).marker,
        markersize=8,
        color=colour,
        markeredgecolor="white",
        markeredgewidth=1.0,
        zorder=3,
        clip_on=False,
    )


def dress_rows(ax: Axes, lines: Sequence[Line], *, grid: str = "x") -> None:
    """Write the names at the left and the figures at the right.

    Args:
        ax: The Axes.
        lines: The rows.
        grid: As for `dress`.
    """
    dress(ax, grid=grid)
    names = [line.name for line in lines]
    tick(ax.yaxis, [line.y for line in lines], names, colour=INK, size=FONT)
    ax.set_ylim((lines[-1].y if lines else 0) + 0.6, -0.6)
    for label, line in zip(ax.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if line.is_heading else "normal")
    columns, _ = _texts(lines)
    for line in lines:
        _write_texts(ax, line, columns)


def _texts(lines: Sequence[Line]) -> tuple[list[float], float]:
    """Give where each column of texts begins and where the last one ends.

    Both are in points from the right edge.
    """
    places, place = [], 16.0
    for column in range(max((len(line.texts) for line in lines), default=0)):
        places.append(place)
        longest = max(len(line.texts[column]) for line in lines if line.texts)
        width = _BOLD_CHARACTER if column == 0 else _CHARACTER
        place += longest * width + 12 if longest else 0
    return places, place


def _write_texts(ax: Axes, line: Line, columns: Sequence[float]) -> None:
    for position, (text, points) in enumerate(zip(line.texts, columns, strict=False)):
        is_first = position == 0
        write(
            ax,
            (1, line.y),
            text,
            coords=ax.get_yaxis_transform(),
            offset=(points, 0),
            size=FONT if is_first else FONT - 1,
            colour=INK if is_first else MUTED,
            bold=is_first,
        )
