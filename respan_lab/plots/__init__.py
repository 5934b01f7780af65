"""Plots: each draws a frame of figures onto one Axes and returns it.

Nothing global is changed and nothing is shown: a notebook displays a new figure by
itself, and ``ax=`` draws onto one of yours.
"""

from .canvas import picture
from .latency import latency
from .scores import scores
from .speed import speed
from .timeline import timeline

__all__ = ["latency", "picture", "scores", "speed", "timeline"]
