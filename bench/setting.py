"""How large the engine's measurements are, and where they are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Setting"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What every measurement of the engine is given.

    Attributes:
        stub: The address of the one stub.
        folder: An empty one on disk, for ledgers.
        calls: Cells of a round, beside others.
        waves: How often all calls in flight are made, where the wall time counts.
        rounds: Turns of each; figures are medians over them.
        cells: Of the large run.
        few: Of the small runs it is compared with.
        rows: Of the ledger that is only read.
    """

    stub: str
    folder: Path
    calls: int = 2000
    waves: int = 40
    rounds: int = 3
    cells: int = 100_000
    few: int = 1000
    rows: int = 1_000_000
