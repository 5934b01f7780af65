"""Intervals, tests and plans that know how little data they have.

Each function names its source; the distributions are scipy's. Nothing here knows of
frames but `strengths`, which reads votes.
"""

from .differences import Difference, binary_difference, log_ratio, score_difference
from .interval import Interval
from .medians import MIN_CALLS_P95, median_interval
from .paired import (
    guarded_interval,
    guarded_tango,
    mcnemar,
    mean_interval,
    paired_t,
    sign_flip,
    sign_test,
    tango,
    tie_interval,
)
from .planning import (
    items_needed,
    items_to_settle,
    mcnemar_power,
    smallest_difference,
    t_power,
)
from .rates import effective_n, rate_interval, wilson
from .verdicts import CORRECTIONS, MIN_ITEMS, VERDICTS, Verdict, adjusted, verdict_of
from .votes import strengths, win_matrix

__all__ = [
    "CORRECTIONS",
    "MIN_CALLS_P95",
    "MIN_ITEMS",
    "VERDICTS",
    "Difference",
    "Interval",
    "Verdict",
    "adjusted",
    "binary_difference",
    "effective_n",
    "guarded_interval",
    "guarded_tango",
    "items_needed",
    "items_to_settle",
    "log_ratio",
    "mcnemar",
    "mcnemar_power",
    "mean_interval",
    "median_interval",
    "paired_t",
    "rate_interval",
    "score_difference",
    "sign_flip",
    "sign_test",
    "smallest_difference",
    "strengths",
    "t_power",
    "tango",
    "tie_interval",
    "verdict_of",
    "wilson",
    "win_matrix",
]
