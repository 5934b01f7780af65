"""What can be compared: a frame's scores, costs, times and lengths, row by row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .groups import item_codes
from .statistics.paired import Numbers
from .stopped import Stopped
from .summary import score_names
from .timing import is_timed

__all__ = ["ERRORS", "RATIOS", "TIMES", "Figures", "figures_of", "metric_names"]

RATIOS = ("cost", "latency", "time_to_first_token", "completion_tokens")
TIMES = ("latency", "time_to_first_token")
ERRORS = ("zero", "exclude")  # what becomes of refused and truncated answers

_REFUSAL = re.compile(
    r"content[ _-]?(filter|policy|management)|safety|context[ _-]?(length|window)",
    re.IGNORECASE,
)


class Figures(NamedTuple):
    """One metric, row by row.

    Attributes:
        name: The metric's.
        values: A float for each row, NaN without one; of a ratio, its logarithm.
        is_ratio: Whether it is compared by ratios.
        lower_is_better: Whether less is better.
        reach: The largest difference there can be; None if nothing bounds it.
        in_points: Whether it lies from 0 to 1, so that differences are in points.
        n_zeroed: How many refused or truncated answers were given a value.
        stopped: The items that count, if the run could stop by this score; else None.
    """

    name: str
    values: Numbers
    is_ratio: bool
    lower_is_better: bool
    reach: float | None = None
    in_points: bool = False
    n_zeroed: int = 0
    stopped: Stopped | None = None


def metric_names(frame: pd.DataFrame, metric: str | Sequence[str] | None) -> list[str]:
    """Check the metrics asked for; the only score is the default.

    Raises:
        ConfigError: There is no such metric; or none is named, and the scores are
            several or none.
    """
    scores = score_names(frame)
    allowed = [*scores, *(name for name in RATIOS if name in frame)]
    if metric is None:
        if len(scores) == 1:
            return scores
        what = "several scores" if scores else "no score"
        raise ConfigError(
            f"metric=None, but there are {what}; name one of {_listed(allowed)}"
        )
    names = [metric] if isinstance(metric, str) else list(metric)
    for name in names or [""]:
        if name not in (*allowed, *(f"score_{one}" for one in scores)):
            near = get_close_matches(str(name), allowed, n=1) or allowed
            raise ConfigError(
                f"metric={name!r} is not in the frame; allowed: {_listed(near)}"
            )
    return names


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def figures_of(
    frame: pd.DataFrame,
    metric: str,
    *,
    errors: str = "zero",
    manifest: Mapping[str, Any] | None = None,
) -> Figures:
    """Give a metric's figure for every row.

    Args:
        frame: The frame of a run.
        metric: A score's name, with or without ``score_``, or one of ``RATIOS``;
            ``score_cost`` is a score called ``cost``.
        errors: What becomes of an answer that was refused or cut off and that no
            evaluator scored: ``zero`` gives it the worst score, ``exclude`` leaves it
            out. Other calls without an answer are always left out: a network's faults
            are not the model's.
        manifest: The run's: its ``lower_is_better`` names scores.
    """
    if metric in RATIOS:
        return _ratio(frame, metric)
    name = metric.removeprefix("score_")
    values = _floats(frame[f"score_{name}"])
    is_lower_better = _is_lower_better(name, manifest)
    known = values[~np.isnan(values)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    in_points = bool(low >= 0 and high <= 1)
    n_zeroed = 0
    if errors == "zero":
        worst = max(1.0, high) if is_lower_better else 0.0
        failed = np.isnan(values) & _is_refused(frame) & _can_be_scored(frame, values)
        n_zeroed = int(failed.sum())
        values = np.where(failed, worst, values)
    return Figures(
        name,
        values,
        is_ratio=False,
        lower_is_better=is_lower_better,
        reach=float(max(1.0, high, high - low)),
        in_points=in_points,
        n_zeroed=n_zeroed,
        stopped=Stopped.of(frame, manifest, name, values),
    )


def _ratio(frame: pd.DataFrame, name: str) -> Figures:
    values = _floats(frame[name])
    if name in TIMES:
        values = np.where(is_timed(frame), values, np.nan)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(values >= 0, values, np.nan))
    return Figures(name, logs, is_ratio=True, lower_is_better=True)


def _floats(column: pd.Series) -> Numbers:
    floats: Numbers = column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return floats


def _is_lower_better(name: str, manifest: Mapping[str, Any] | None) -> bool:
    """Say so of a score, or of a part of one that several runs may have named."""
    told = manifest or {}
    runs = [told, *(told.get("runs") or {}).values()]
    names = {name for run in runs for name in run.get("lower_is_better") or ()}
    return any(name == one or name.startswith(f"{one}_") for one in names)


def _is_refused(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell what the model would not say, or not to the end."""
    refused = np.zeros(len(frame), dtype=bool)
    if "finish_reason" in frame:
        ended = frame["finish_reason"].isin(("content_filter", "length"))
        refused |= ended.to_numpy(dtype=bool)
    if {"error_type", "error_message"} <= set(frame.columns):
        bad = (frame["error_type"] == "BadRequestError").fillna(False)
        rows = np.flatnonzero(bad.to_numpy(dtype=bool))
        texts = frame["error_message"].iloc[rows].fillna("")
        for row, text in zip(rows, texts, strict=True):
            refused[row] |= bool(_REFUSAL.search(text))
    return refused


def _can_be_scored(
    frame: pd.DataFrame, values: Numbers
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell the rows of items on which any answer was scored, or could have been."""
    items = item_codes(frame)
    scored = np.zeros(items.max(initial=0) + 1, dtype=bool)
    scored[items[~np.isnan(values)]] = True
    if "expected" in frame:
        scored[items[frame["expected"].notna().to_numpy(dtype=bool)]] = True
    return scored[items]
