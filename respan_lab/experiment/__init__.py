"""Experiments: plan them, run them."""

from .comparison import acompare, compare
from .experiment import Experiment
from .planning.axes import Grid, grid
from .planning.target import Target

__all__ = ["Experiment", "Grid", "Target", "acompare", "compare", "grid"]
