"""The items on which two targets differ, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import ConfigError
from ..evaluators.text import normalize
from .dtypes import is_missing
from .groups import item_codes
from .matching import check_factor, check_levels, rows_of_level, shared_factors
from .metrics import RATIOS, metric_names
from .side_by_side import Disagreements
from .summary import score_names

__all__ = ["disagreements"]

OUTPUT = "output"  # the metric that compares the answers' texts


def disagreements(
    frame: pd.DataFrame, a: str, b: str, *, metric: str | None = None, by: str = "model"
) -> Disagreements:
    """Pair the answers of two targets, and keep the pairs that differ.

    Args:
        frame: The frame of a run, or of several.
        a: A level of ``by``.
        b: Another.
        metric: A score's name; ``output`` for the text. None is the only score, or
            without any, the text.
        by: The factor they are levels of.

    Returns:
        As `Results.disagreements` says.

    Raises:
        ConfigError: A name is not in the frame, or the metric has to be chosen.
    """
    column = _column(frame, metric)
    check_factor(frame, by)
    check_levels(frame, a, b, by=by)
    frame = frame.assign(_item=item_codes(frame))
    first, second = (rows_of_level(frame, level, by=by) for level in (a, b))
    shared = shared_factors(first, second, by=by)
    ours = [*shared, "item", *_of_item(frame), column, OUTPUT, "key"]
    theirs = list(dict.fromkeys([column, OUTPUT, "key"]))
    on = ["_item", *shared, "run", "choice"]
    pairs = first[list(dict.fromkeys([*on, *ours]))].merge(
        second[[*on, *theirs]], on=on, how="inner", suffixes=("_a", "_b")
    )
    kept = _differing(pairs, column)
    # Nothing tells the repeats apart where there is one.
    runs = [name for name in ("run", "choice") if pairs[name].nunique() > 1]
    found = kept[[*shared, "item", *runs, *_of_item(frame), *_sides(column)]]
    renamed = {f"{column}_{side}": f"score_{side}" for side in "ab"}
    found = found.rename(columns=renamed if column != OUTPUT else {})
    return Disagreements.of(found, names=(str(a), str(b)), n_pairs=len(pairs))


def _column(frame: pd.DataFrame, metric: str | None) -> str:
    scores = score_names(frame)
    if metric == OUTPUT or (metric is None and not scores):
        return OUTPUT
    name = metric_names(frame, metric)[0].removeprefix("score_")
    if metric in RATIOS and name not in scores:
        raise ConfigError(
            f"metric={metric!r}: nearly every call differs in that; name a score, or "
            "'output' for the answers' texts"
        )
    return f"score_{name}"


def _of_item(frame: pd.DataFrame) -> list[str]:
    names = [name for name in frame.columns if name.startswith("var_")]
    return [*names, *(["expected"] if frame["expected"].notna().any() else [])]


def _sides(column: str) -> list[str]:
    names = list(dict.fromkeys([column, OUTPUT, "key"]))
    return [f"{name}_{side}" for name in names for side in "ab"]


def _differing(pairs: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep the pairs that differ, the largest difference first."""
    a, b = pairs[f"{column}_a"], pairs[f"{column}_b"]
    if column == OUTPUT:
        texts = (
            [None if is_missing(one) else normalize(one) for one in side]
            for side in (a, b)
        )
        differ = np.array([one != two for one, two in zip(*texts, strict=True)], bool)
        return pairs[differ]
    apart = (a.astype("Float64") - b.astype("Float64")).abs().fillna(0.0)
    kept = apart > 0
    order = (-apart[kept].to_numpy(dtype=float)).argsort(kind="stable")
    return pairs[kept.to_numpy(dtype=bool)].iloc[order]
