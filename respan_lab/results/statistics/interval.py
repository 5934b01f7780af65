"""What every interval here is."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Interval"]


class Interval(NamedTuple):
    """A confidence interval, in the unit of the figure it belongs to."""

    low: float
    high: float
