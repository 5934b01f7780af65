"""Simulated models: made-up answers, prices and times, the same each time."""

from __future__ import annotations

from .models import SIM_PRICES
from .provider import SimulatedProvider

__all__ = ["SIM_PRICES", "SimulatedProvider"]
