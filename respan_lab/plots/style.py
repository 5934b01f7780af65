"""How every plot looks: colours, sizes, title and axes.

The palette is Okabe and Ito's (M. Okabe, K. Ito, "Color Universal Design", 2008), told
apart with every common form of colour blindness; markers and line styles go with it,
so that a plot survives a copier.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from .inert import plain, set_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = [
    "FONT",
    "GRID",
    "INK",
    "MUTED",
    "WARN",
    "Look",
    "dress",
    "look",
    "set_title",
    "set_x_label",
    "set_y_label",
    "tick",
    "write",
]

INK, MUTED, GRID, WARN = "#1f2328", "#59636e", "#e4e7eb", "#9a3412"
FONT = 10.0  # points
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vP"
_DASHES: tuple[object, ...] = (
    "-",
    (0, (5, 1.6)),
    (0, (1.4, 1.2)),
    (0, (6, 1.4, 1.4, 1.4)),
)
_POINTS = 4.9  # that a character of a note is wide, on average
_HELD = "\u00a0%"  # a percent sign that is not parted from its number
_TITLE_POINTS, _NOTE_POINTS = 8.6, 5.6  # the same of a title and what is below it
_FEWEST = 40  # characters of a line, however little room there is
_NOTE = 90  # characters that fit below its title


class Look(NamedTuple):
    """How one group is drawn: every next one differs in each of these."""

    colour: str
    marker: str
    dash: object


def look(position: int) -> Look:
    """Give the look of a plot's n-th group, from 0.

    Example:
        >>> look(0).colour, look(0).marker
        ('#0072B2', 'o')
    """
    # After six the pairs shift, so that a look is not repeated before thirty.
    turn = position // len(_COLOURS)
    return Look(
        _COLOURS[position % len(_COLOURS)],
        _MARKERS[(position + turn) % len(_MARKERS)],
        _DASHES[(position + turn) % len(_DASHES)],
    )


def dress(ax: Axes, *, grid: str = "both") -> None:
    """Take away what draws no data, and lay a quiet grid under what does.

    Args:
        ax: The Axes.
        grid: ``x``, ``y``, ``both`` or, for none, an empty text.
    """
    ax.set_facecolor("white")
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="both", which="both", length=0, pad=6)
    ax.grid(visible=False, which="both")
    if grid:
        ax.grid(axis=grid, color=GRID, linewidth=0.9)  # type: ignore[arg-type] # checked by its callers
    ax.set_axisbelow(True)


def tick(
    axis: Axis,
    places: Sequence[float],
    texts: Sequence[str],
    *,
    colour: str = MUTED,
    size: float = FONT - 1,
) -> None:
    """Set an axis's ticks and their texts, which stay as they are.

    Args:
        axis: ``ax.xaxis`` or ``ax.yaxis``.
        places: In data units.
        texts: One each, as `plain` gives them.
        colour: Of the texts.
        size: Points.
    """
    axis.set_ticks(list(places), list(texts))
    axis.set_ticks([], minor=True)
    for label in axis.get_ticklabels():
        set_text(label, size=size, colour=colour)


def write(
    ax: Axes,
    at: tuple[float, float],
    text: str,
    *,
    coords: object = "data",
    offset: tuple[float, float] = (0, 0),
    size: float = FONT - 1,
    colour: str = MUTED,
    bold: bool = False,
    ha: str = "left",
    va: str = "center_baseline",
) -> None:
    """Write a text beside a place, moved by some points.

    Args:
        ax: The Axes.
        at: Where, in ``coords``.
        text: As `plain` gives it; an empty one writes nothing.
        coords: As for matplotlib's ``annotate``.
        offset: Points to the right and up.
        size: Points.
        colour: Any of matplotlib's.
        bold: Whether it stands out.
        ha: How it is aligned along x.
        va: How it is aligned along y.
    """
    if not text:
        return
    artist = ax.annotate(
        text,
        at,
        xycoords=coords,  # type: ignore[arg-type] # a name or a transform
        xytext=offset,
        textcoords="offset points",
        ha=ha,
        va=va,
        annotation_clip=False,
    )
    set_text(artist, size=size, colour=colour, weight="bold" if bold else "normal")


def set_title(
    ax: Axes, title: str, *, note: str | None = None, has_key: bool = False
) -> None:
    """Write a title, and below it what a reader must know of the models.

    Args:
        ax: The Axes.
        title: What is drawn.
        note: Such as ``simulated``; None or empty for nothing.
        has_key: Whether a flat key lies between it and the plot.
    """
    above = 18 if has_key else 0
    pad = above + (26 if note else 12)
    room = _characters_below(ax) * _POINTS
    length = min(60, int(room / _TITLE_POINTS))
    artist = ax.set_title(plain(title, length), loc="left", pad=pad)
    set_text(artist, size=FONT + 3, colour=INK, weight="bold")
    write(
        ax,
        (0, 1),
        plain(note or "", min(_NOTE, int(room / _NOTE_POINTS))),
        coords="axes fraction",
        offset=(0, above + 10),
        size=FONT,
        colour=WARN,
        va="baseline",
    )


def set_x_label(ax: Axes, label: str, *, notes: Sequence[str] = ()) -> None:
    """Say what the x axis shows, its unit, and what else a reader must know.

    Args:
        ax: The Axes.
        label: With the unit.
        notes: Further lines, such as who has no data; long ones are wrapped.
    """
    room = _characters_below(ax)
    kept = [note.replace(" %", _HELD) for note in (label, *notes) if note]
    text = "\n".join(line for note in kept for line in wrap(note, room))
    artist = ax.set_xlabel(text.replace(_HELD, " %"), loc="left", labelpad=8)
    set_text(artist, size=FONT - 1, colour=MUTED)
    artist.set(ha="left", linespacing=1.4)


def _characters_below(ax: Axes) -> int:
    """Give how many characters fit below a plot, right of its names."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return _FEWEST
    part = min(ax.get_position().width / 0.775, 1.0)  # of the figure; 0.775 if alone
    names = [len(one.get_text()) for one in ax.get_yticklabels()]
    left = 25 + max(names, default=0) * (FONT * 0.62)
    return max(_FEWEST, int((figure.get_size_inches()[0] * part * 72 - left) / _POINTS))


def set_y_label(ax: Axes, label: str) -> None:
    """Say what the y axis shows, with its unit."""
    artist = ax.set_ylabel(label, labelpad=8)
    set_text(artist, size=FONT - 1, colour=MUTED)
