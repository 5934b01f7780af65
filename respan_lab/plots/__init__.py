"""Plots: each draws a frame of figures onto one Axes and returns it.

Nothing global is changed and nothing is shown: a notebook displays a new figure by
itself, and ``ax=`` draws onto one of yours.
"""

from .canvas import picture
from .scores import scores

__all__ = ["picture", "scores"]
