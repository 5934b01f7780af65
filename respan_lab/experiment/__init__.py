"""Experiments: plan them, run them."""

from .comparison import acompare, compare
from .experiment import Experiment
from .planning.axes import Grid, grid
from .planning.target import Target
from .stopping.stop import Stop
from .versions import acompare_versions, compare_versions

__all__ = [
    "Experiment",
    "Grid",
    "Stop",
    "Target",
    "acompare",
    "acompare_versions",
    "compare",
    "compare_versions",
    "grid",
]
