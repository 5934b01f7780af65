"""Whether a run is worse than an earlier one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import ConfigError
from .comparison import compare
from .comparison_frame import Comparison
from .dtypes import is_missing
from .foreign import as_calls
from .statistics import adjusted
from .summary import score_names

if TYPE_CHECKING:
    from .results import Results

__all__ = ["expect_no_regression"]

_NOW, _BEFORE = "now", "baseline"


def expect_no_regression(
    frame: pd.DataFrame,
    baseline: Any,
    metric: str | Sequence[str] | None = None,
    *,
    margin: float = 0.02,
    alpha: float = 0.05,
    manifest: Mapping[str, Any] | None = None,
) -> Comparison:
    """Raise an `AssertionError` if a target is shown to be worse than it was.

    Args:
        frame: The frame of a run.
        baseline: The earlier run: Results, a frame, or what `Results.load` takes.
        metric: As `Results.expect_no_regression` says, and so is the rest.
        margin: How far apart two may be that count as equal.
        alpha: The error that is allowed.
        manifest: Of the frame.

    Raises:
        AssertionError: One is worse.
        ConfigError: There is nothing to compare.
    """
    from .joining import concat  # which needs Results, which has this as a verb
    from .results import Results

    before, now = _as_results(baseline), Results(frame, manifest)
    metrics = _metrics(before.df, now.df, metric)
    models = _models(before.df, now.df)
    both = concat([before, now], names=[_BEFORE, _NOW])
    found = [
        compare(
            both.df[(both.df["model"] == model).to_numpy(dtype=bool)],
            metrics,
            _BEFORE,
            by="run_name",
            margin=margin,
            correction=None,
            alpha=alpha,
            manifest=both.manifest,
        )
        for model in models
    ]
    told = _told(found, models, alpha=alpha)
    if not told["n_items"].gt(0).any():
        raise ConfigError(
            "the two runs have no scored item in common, so nothing was compared; give "
            "both the same item= column"
        )
    _check(told)
    return told


def _as_results(baseline: Any) -> Results:
    from .results import Results

    if isinstance(baseline, Results):
        return baseline
    if isinstance(baseline, pd.DataFrame):
        return Results(as_calls(baseline), baseline.attrs.get("respan_lab"))
    if isinstance(baseline, str | os.PathLike):
        return Results.load(baseline)
    raise ConfigError(
        f"baseline is a {type(baseline).__name__}; give the earlier run's results, or "
        "the path of an exported one"
    )


def _metrics(
    before: pd.DataFrame, now: pd.DataFrame, metric: str | Sequence[str] | None
) -> list[str]:
    if metric is not None:
        return [metric] if isinstance(metric, str) else list(metric)
    old = score_names(before)
    names = [f"score_{name}" for name in score_names(now) if name in old]
    if not names:
        raise ConfigError(
            "the two runs have no score in common; name a metric, such as 'cost', or "
            "score both: r.score(...)"
        )
    return names


def _models(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    old, new = (
        [str(name) for name in each["model"].cat.categories
         if (each["model"] == name).any()]
        for each in (before, now)
    )  # fmt: skip
    shared = [name for name in new if name in old]
    if not shared:
        raise ConfigError(
            f"the two runs have no model in common: {', '.join(old)} before, "
            f"{', '.join(new)} now"
        )
    return shared


def _told(found: list[Comparison], models: list[str], *, alpha: float) -> Comparison:
    """Put the comparisons into one family, a row for each target and metric."""
    frames = [
        pd.DataFrame(each).assign(a=m) for each, m in zip(found, models, strict=True)
    ]
    table = pd.concat(frames, ignore_index=True)
    raw = [float("nan") if is_missing(p) else float(p) for p in table["p_value"]]
    known = adjusted(raw, "holm")
    table["p_adjusted"] = pd.array([None if p != p else p for p in known], "Float64")
    is_open = table["p_adjusted"].ge(alpha).fillna(True).to_numpy(dtype=bool)
    is_claim = table["verdict"].isin(("better", "worse")).to_numpy(dtype=bool)
    table.loc[is_open & is_claim, "verdict"] = "undecided"
    told = Comparison(table)
    told.attrs = {
        "notes": [
            f"{model}: {note}"
            for each, model in zip(found, models, strict=True)
            for note in each.notes
        ],
        "in_points": found[0].attrs.get("in_points", []),
    }
    return told


def _check(told: Comparison) -> None:
    is_worse = (told["verdict"] == "worse").tolist()
    if not any(is_worse):
        return
    sentences = list(
        zip(told.sentences, told.to_dict("records"), is_worse, strict=True)
    )
    lines = [f"{sum(is_worse)} of {len(told)} shown to be worse than the baseline:"]
    for sentence, row, worse in sentences:
        if worse:
            p_value = f"p={row['p_adjusted']:.2g}"
            lines.append(f"  {sentence} ({row['n_items']:,} items, {p_value})")
    lines += [f"  not worse: {text}" for text, _, worse in sentences if not worse]
    raise AssertionError("\n".join(lines))
