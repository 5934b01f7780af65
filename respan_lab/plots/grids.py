"""Rectangles of colour, with the figures or names they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = ["colours", "ink_on"]

_MIDDLE = 0.179  # relative luminance against which black and white are alike


def colours() -> Colormap:
    """Give a scale from nearly white to dark blue: lightness alone tells the figure."""
    from matplotlib.colors import LinearSegmentedColormap

    steps = ["#eef2f6", "#9fc8e2", "#3d8fc4", "#0a5c94", "#06304f"]
    return LinearSegmentedColormap.from_list("respan_lab", steps)


def ink_on(share: float) -> str:
    """Give the colour of text that can be read on a share of the scale.

    Black or white, whichever has the higher contrast (WCAG 2): at least 4.5 to 1.
    """
    red, green, blue = (_linear(one) for one in colours()(share)[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "white" if luminance < _MIDDLE else "black"


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
