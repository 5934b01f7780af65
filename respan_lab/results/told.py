"""What a frame tells of its run in its attrs, for the verbs of ``df.lab``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["ATTRS", "with_told"]

ATTRS = "respan_lab"  # the name in a frame's attrs
# Little, as pandas copies a frame's attrs with nearly everything it does. Without the
# first, a frame would call better what the run calls worse.
_TOLD = ("lower_is_better", "run_id", "ledger", "targets", "params", "labels")


def with_told(df: pd.DataFrame, manifest: Mapping[str, Any] | None) -> pd.DataFrame:
    """Give a frame that knows what its verbs need of the run; the values are shared.

    Args:
        df: The frame of a run, or of several; left as it is.
        manifest: Of it; without one the frame is given back.

    Example:
        >>> told = with_told(pd.DataFrame(), {"lower_is_better": ["length"], "x": 1})
        >>> told.attrs
        {'respan_lab': {'lower_is_better': ['length']}}
    """
    told = _part(manifest or {})
    if runs := (manifest or {}).get("runs"):
        told["runs"] = {name: _part(run) for name, run in runs.items()}
    if not told:
        return df
    df = df.copy(deep=False)
    df.attrs = {**df.attrs, ATTRS: told}
    return df


def _part(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: manifest[name] for name in _TOLD if name in manifest}
