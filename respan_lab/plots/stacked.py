"""Bars made of parts, one bar a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .forest import Line
from .key import draw_key

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Part", "draw_stacks"]


class Part(NamedTuple):
    """One part of each bar; neighbours differ in lightness, and some are hatched."""

    name: str
    colour: str
    hatch: str = ""


def draw_stacks(
    ax: Axes,
    lines: Sequence[Line],
    parts: Sequence[Part],
    sizes: Sequence[Sequence[float]],
) -> None:
    """Draw a bar for each row that is no heading, and the key of its parts.

    Args:
        ax: The Axes.
        lines: The rows.
        parts: From left to right; those that no bar has are left out of the key.
        sizes: For each group the size of each part; NaN for a group without data.
    """
    shown = [line for line in lines if not line.is_heading]
    left = [0.0] * len(shown)
    handles, names = [], []
    for at, part in enumerate(parts):
        widths = [sizes[line.at][at] for line in shown]
        if not any(width > 0 for width in widths):
            continue
        widths = [width if width == width else 0.0 for width in widths]
        bars = ax.barh(
            [line.y for line in shown],
            widths,
            left=left,
            height=0.56,
            color=part.colour,
            hatch=part.hatch,
            edgecolor="white",
            linewidth=0.8,
            zorder=2,
        )
        left = [a + b for a, b in zip(left, widths, strict=True)]
        handles.append(bars)
        names.append(part.name)
    if handles:
        draw_key(ax, handles, names, below=True)
