"""Experiments: plan them, run them."""

from .axes import Grid, grid
from .comparison import acompare, compare
from .experiment import Experiment
from .target import Target

__all__ = ["Experiment", "Grid", "Target", "acompare", "compare", "grid"]
