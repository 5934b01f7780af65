"""What a run is expected to show, for notebooks that are tests."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from numbers import Real
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .dtypes import is_missing
from .group_figures import group_figures
from .wording import figure

__all__ = ["expect"]

_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_END = {">=": "ci_low", ">": "ci_low", "<=": "ci_high", "<": "ci_high"}
_FIGURES = ("figure", "ci_low", "ci_high", "n")


def expect(
    frame: pd.DataFrame,
    metric: str,
    op: str,
    value: float,
    *,
    model: str | Sequence[str] | None = None,
    ci: bool = False,
    manifest: Mapping[str, Any] | None = None,
) -> None:
    """Raise an `AssertionError` unless a figure of each target is as it should be.

    Args:
        frame: The frame of a run.
        metric: As `Results.expect` says, and so is the rest.
        op: The comparison.
        value: What it is compared with.
        model: The targets; None is all.
        ci: Whether the end of the interval must hold.
        manifest: Of the frame.

    Raises:
        AssertionError: It does not hold, or is not known.
        ConfigError: Something is not in the frame, or out of range.
    """
    if not isinstance(metric, str):
        raise ConfigError(f"metric={metric!r}: use one name, such as 'cost'")
    _check(op, value, ci=ci)
    chosen = _of_models(frame, model)
    rows = group_figures(chosen, metric, manifest=manifest).to_dict("records")
    if not rows:
        raise ConfigError("there are no calls to expect anything of")
    failed = [row for row in rows if not _holds(row, op, value, ci=ci)]
    if failed:
        which = ", with the end of its 95 % interval," if ci else ""
        told = [f"expected {metric} {op} {value:g}{which} of each target, but:"]
        told += [f"  {_told(row, metric)}" for row in failed]
        if len(failed) < len(rows):
            told.append(f"  it holds for {len(rows) - len(failed)} of {len(rows)}")
        raise AssertionError("\n".join(told))


def _check(op: str, value: float, *, ci: bool) -> None:
    if op not in _HOLDS:
        raise ConfigError(f"op={op!r}: use one of {', '.join(_HOLDS)}")
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise ConfigError(f"value={value!r}: use a number")
    if ci and op not in _END:
        raise ConfigError(f"op={op!r} with ci=True: use one of {', '.join(_END)}")


def _of_models(frame: pd.DataFrame, model: str | Sequence[str] | None) -> pd.DataFrame:
    if model is None:
        return frame
    wanted = [model] if isinstance(model, str) else list(model)
    names = [str(name) for name in frame["model"].dropna().unique()]
    if not wanted:
        raise ConfigError(f"model={model!r}: name one, or None for all")
    for name in wanted:
        if name not in names:
            near = get_close_matches(str(name), names, n=3) or names
            raise ConfigError(
                f"model={name!r} is not in the run; try {', '.join(near)}"
            )
    return frame[frame["model"].astype(str).isin(wanted).to_numpy(dtype=bool)]


def _holds(row: Mapping[Any, Any], op: str, value: float, *, ci: bool) -> bool:
    """Say whether it does; what is not known does not."""
    found = row[_END[op]] if ci else row["figure"]
    return not is_missing(found) and _HOLDS[op](found, value)


def _told(row: Mapping[Any, Any], metric: str) -> str:
    who = [str(v) for n, v in row.items() if n not in _FIGURES and not is_missing(v)]
    ends = [row[end] for end in ("ci_low", "ci_high")]
    between = "no interval is known"
    if not any(map(is_missing, ends)):
        between = f"95 % interval {figure(ends[0])} to {figure(ends[1])}"
    found = "not known" if is_missing(row["figure"]) else _figure(row["figure"])
    return f"{' · '.join(who)}: {metric} is {found} ({between}, n={row['n']:,})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else figure(value)
