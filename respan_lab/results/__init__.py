"""Results: the frame's declared columns, what they add up to, and files of them."""

from .columns import COLUMNS, SUMMARY_COLUMNS, Column
from .frame import build_frame
from .joining import concat
from .results import Results
from .run_list import runs
from .statistics import Interval, effective_n, rate_interval, wilson
from .summary import summarize

__all__ = [
    "COLUMNS",
    "SUMMARY_COLUMNS",
    "Column",
    "Interval",
    "Results",
    "build_frame",
    "concat",
    "effective_n",
    "rate_interval",
    "runs",
    "summarize",
    "wilson",
]
