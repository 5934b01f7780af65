"""Which calls' times can be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["is_timed"]


def is_timed(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell the calls that this run asked and that were answered as they were asked.

    Those are neither from a cache, nor by another model, nor from the ledger, which
    measured them at another time.

    Args:
        frame: The frame of a run; what it has no column for counts as not so.

    Returns:
        One truth value for each row.
    """
    timed = np.ones(len(frame), dtype=bool)
    if "status" in frame:
        timed &= (frame["status"] == "ok").to_numpy(dtype=bool)
    for name in ("cached", "substituted", "from_ledger"):
        if name in frame:
            timed &= ~frame[name].fillna(False).to_numpy(dtype=bool)
    return timed
