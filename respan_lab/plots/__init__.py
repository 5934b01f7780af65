"""Plots: each draws a frame of figures onto one Axes and returns it.

Nothing global is changed and nothing is shown: a notebook displays a new figure by
itself, and ``ax=`` draws onto one of yours.
"""

from .canvas import picture
from .confusion import confusion
from .differences import differences
from .heatmap import heatmap
from .latency import latency
from .pareto import pareto
from .scores import scores
from .shares import shares
from .speed import speed
from .spending import cost, tokens
from .timeline import timeline

__all__ = [
    "confusion",
    "cost",
    "differences",
    "heatmap",
    "latency",
    "pareto",
    "picture",
    "scores",
    "shares",
    "speed",
    "timeline",
    "tokens",
]
