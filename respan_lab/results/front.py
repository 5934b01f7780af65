"""The targets that no other one beats in every way: the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.arrays import BooleanArray

from ..errors import ConfigError
from .comparison import compare
from .group_figures import group_figures
from .groups import group_columns, group_rows
from .metrics import RATIOS, metric_names
from .pairing import Layout
from .timing import is_timed

__all__ = ["on_front", "pareto"]

_DIMENSIONS = ("cost", "latency")


def pareto(
    frame: pd.DataFrame,
    metric: str | None = None,
    *,
    by: str | Sequence[str] = "model",
    margin: float = 0.02,
    manifest: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Say which targets are on the front of quality, cost and latency.

    Args:
        frame: The frame of a run.
        metric: As `Results.pareto` says, and so is the rest.
        by: The factor.
        margin: How far apart two may be that count as equal.
        manifest: Of the frame.

    Raises:
        ConfigError: A name is not in the frame, or the metric has to be chosen.
    """
    shown = on_front(frame, metric, by=by, margin=margin, manifest=manifest)
    frame = frame.reset_index(drop=True)
    rows = group_rows(frame, group_columns(frame, by)).keys
    for name in _dimensions(frame, metric):
        metric_name = name if name in RATIOS or name.startswith("score_") else (
            f"score_{name}"
        )  # fmt: skip
        told = group_figures(frame, metric_name, by=by, manifest=manifest)
        title = {"latency": "latency_p50"}.get(metric_name, metric_name)
        rows = rows.assign(
            **{
                title: told["figure"],
                f"{title}_ci_low": told["ci_low"],
                f"{title}_ci_high": told["ci_high"],
            }
        )
    return rows.assign(on_front=shown)


def on_front(
    frame: pd.DataFrame,
    metric: str | None = None,
    *,
    by: str | Sequence[str] = "model",
    margin: float = 0.02,
    manifest: Mapping[str, Any] | None = None,
) -> BooleanArray:
    """Give the column ``on_front`` of `pareto` alone, without anybody's figures.

    Its arguments, and what it raises, are those of `pareto`.
    """
    dimensions = _dimensions(frame, metric)
    # Levels as `compare` names them, in the order of the groups.
    levels = [str(name) for name in Layout(frame, by).names]
    verdicts = _verdicts(frame, dimensions, levels, by, margin, manifest)
    found = [_is_on_front(one, levels, verdicts) for one in levels]
    return pd.array(found, dtype="boolean")


def _dimensions(frame: pd.DataFrame, metric: str | None) -> list[str]:
    names = metric_names(frame, metric)
    if len(names) > 1 or names[0] in _DIMENSIONS:
        raise ConfigError(f"metric={metric!r}: name one score; cost and latency are in")
    return [names[0], *(one for one in _DIMENSIONS if _is_known(frame, one))]


def _is_known(frame: pd.DataFrame, name: str) -> bool:
    known = frame[name].notna().to_numpy(dtype=bool)
    return bool((known & is_timed(frame)).any() if name == "latency" else known.any())


def _verdicts(
    frame: pd.DataFrame,
    dimensions: list[str],
    levels: list[str],
    by: str | Sequence[str],
    margin: float,
    manifest: Mapping[str, Any] | None,
) -> dict[tuple[str, str], list[str]]:
    """Give for each two, in either order, what is shown of the first by dimension."""
    if len(levels) < 2:
        return {}
    found = compare(frame, dimensions, by=by, margin=margin, manifest=manifest)
    turned = {"better": "worse", "worse": "better"}
    verdicts: dict[tuple[str, str], list[str]] = {}
    for row in found.to_dict("records"):
        a, b, verdict = str(row["a"]), str(row["b"]), str(row["verdict"])
        verdicts.setdefault((a, b), []).append(verdict)
        verdicts.setdefault((b, a), []).append(turned.get(verdict, verdict))
    return verdicts


def _is_on_front(
    level: str, levels: list[str], verdicts: Mapping[tuple[str, str], list[str]]
) -> bool | None:
    others = [verdicts[other, level] for other in levels if other != level]
    if any("better" in one and set(one) <= {"better", "tied"} for one in others):
        return False
    if all("worse" in one or set(one) == {"tied"} for one in others):
        return True
    return None
