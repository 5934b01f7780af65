"""Rectangles of colour, with the figures or names they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = ["colours", "ink_on"]


def colours() -> Colormap:
    """Give a scale from nearly white to dark blue: lightness alone tells the figure."""
    from matplotlib.colors import LinearSegmentedColormap

    steps = ["#eef2f6", "#9fc8e2", "#3d8fc4", "#0a5c94", "#06304f"]
    return LinearSegmentedColormap.from_list("respan_lab", steps)


def ink_on(share: float) -> str:
    """Give the colour of text that can be read on a share of the scale."""
    return "white" if share > 0.45 else "#1f2328"
