"""A key beside a plot: each group's look, its name and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .inert import set_text
from .style import FONT, INK, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_key", "height_beside", "sample"]

_LINE, _GAP, _REST = 0.17, 0.1, 1.3  # inches: of an entry, and what is no key


def sample(look: Look, *, line: bool = True, hollow: bool = False) -> Any:
    """Give a piece of a group's line with its marker, for a key."""
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        color=look.colour,
        linestyle=look.dash if line else "none",  # type: ignore[arg-type] # a name or dashes
        linewidth=2,
        marker=look.marker,
        markersize=7,
        markerfacecolor="white" if hollow else look.colour,
        markeredgecolor=look.colour if hollow else "white",
    )


def height_beside(n: int, least: float, *, lines: int = 2) -> float:
    """Give the inches a figure is high whose key has so many entries.

    Args:
        n: Entries.
        least: Inches that it has anyway.
        lines: Of an entry.

    Example:
        >>> height_beside(4, 4.2)
        4.2
    """
    return max(least, _REST + (_LINE * lines + _GAP) * n)


def draw_key(
    ax: Axes, handles: Sequence[Any], texts: Sequence[str], *, below: bool = False
) -> None:
    """Draw a key at the right of a plot, or between its title and itself.

    There may be one of each.

    Args:
        ax: The Axes.
        handles: What matplotlib's legend shows.
        texts: One each, as `plain` gives them.
        below: Whether it lies flat above the data instead.
    """
    where: dict[str, Any] = (
        {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": len(texts)}
        if below
        else {"loc": "upper left", "bbox_to_anchor": (1.01, 1.02)}
    )
    other = ax.get_legend()
    legend = ax.legend(
        list(handles),
        list(texts),
        frameon=False,
        borderaxespad=0.2,
        borderpad=0,
        handlelength=1.2 if below else 2.4,
        handletextpad=0.6,
        columnspacing=1.4,
        labelspacing=0.8,
        **where,
    )
    if other is not None:
        ax.add_artist(other)
    for text in legend.get_texts():
        set_text(text, size=FONT - 1, colour=INK)
        text.set_linespacing(1.35)
