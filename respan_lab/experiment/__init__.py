"""Experiments: plan them, run them."""

from .compare import acompare, compare
from .experiment import Experiment
from .grid import Grid, grid
from .target import Target

__all__ = ["Experiment", "Grid", "Target", "acompare", "compare", "grid"]
