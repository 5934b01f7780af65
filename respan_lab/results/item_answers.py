"""The answers of one item across the levels of a factor."""

from __future__ import annotations

from difflib import get_close_matches

import pandas as pd

from ..errors import ConfigError
from .dtypes import is_missing
from .groups import item_codes
from .pairing import factors_of
from .view import sort_order

__all__ = ["across_factors", "item_answers"]


def across_factors(frame: pd.DataFrame) -> list[str]:
    """Name what the answers of an item can be compared across: what differs.

    Example:
        >>> from respan_lab.results import build_frame
        >>> rows = [{"model": m, "item": 0, "status": "ok"} for m in "ab"]
        >>> across_factors(build_frame(rows, models=["a", "b"], prompts=[]))
        ['model']
    """
    names = [*factors_of(frame), "run", "choice"]
    return [name for name in names if frame[name].nunique() > 1]


def item_answers(
    frame: pd.DataFrame, at: int, *, across: str = "model"
) -> pd.DataFrame:
    """Give what each level of a factor answered to the item of a row.

    Everything else is as in that row: prompt, version, grid point, repeat, choice; a
    factor that no other level shares with it (each model has a prompt of its own)
    does not count.

    Args:
        frame: The frame of a run, or of several.
        at: The position of the row.
        across: The factor: ``model``, ``prompt``, ``prompt_version``, ``run_name``, a
            grid axis, ``run`` or ``choice``.

    Returns:
        The rows, one for each level, in the levels' order; failed ones are there.

    Raises:
        ConfigError: There is no such factor.

    Example:
        >>> from respan_lab.results import build_frame
        >>> rows = [{"model": m, "item": i, "status": "ok", "output": f"{m}{i}"}
        ...         for i in range(2) for m in "ab"]
        >>> frame = build_frame(rows, models=["a", "b"], prompts=[])
        >>> item_answers(frame, 3)["output"].tolist()
        ['a1', 'b1']
    """
    factors = [*factors_of(frame), "run", "choice"]
    if across not in factors:
        near = get_close_matches(str(across), factors, n=3) or factors
        raise ConfigError(
            f"across={across!r} is no factor of the run; try {', '.join(near)}"
        )
    codes = item_codes(frame)
    rows = frame[codes == codes[at]]
    own = frame.iloc[at]
    for name in factors:
        if name != across:
            rows = _alike(rows, name, own[name], across)
    # The row itself stands for its level, where a level has several.
    is_own = rows.index == frame.index[at]
    rows = pd.concat([rows[is_own], rows[~is_own]]).drop_duplicates(across)
    return rows.iloc[sort_order(rows[across], ascending=True)]


def _alike(rows: pd.DataFrame, name: str, value: object, across: str) -> pd.DataFrame:
    column = rows[name]
    same = column.isna() if is_missing(value) else (column == value).fillna(False)
    kept = rows[same.to_numpy(dtype=bool)]
    is_shared = kept[across].nunique(dropna=False) > 1
    return kept if is_shared or rows[across].nunique(dropna=False) < 2 else rows
