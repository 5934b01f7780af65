"""The cheapest target that is good enough, if one is shown to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import combinations
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .best import beaten
from .choice_words import sentence_of
from .comparison import compare
from .comparison_frame import Comparison, comparison_frame
from .comparison_pairs import compared
from .dtypes import is_missing
from .metrics import Figures, figures_of, metric_names
from .noninferiority import Bounds, one_sided
from .pairing import Layout
from .summary import summarize
from .text import visible

__all__ = ["Choice", "choose"]

_ALPHA = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """What `choose` gives; it shows itself.

    Attributes:
        model: The target to take; None if none is shown to be good enough.
        may_be_best: The targets that are not shown to be worse than another, of those
            within the limits.
        n_more: The further items that would show one, 8 times in 10, if the truth is
            what was seen; 0 if there is a choice, None if that cannot be said.
        dollars: What those would cost, asked of every target within the limits; None
            if a cost is not known.
        comparisons: As `compare` with ``margin=within`` gives it.
        sentence: All that in words.
    """

    model: str | None
    may_be_best: list[str]
    n_more: int | None
    dollars: float | None
    comparisons: Comparison
    sentence: str

    def __repr__(self) -> str:
        table = [repr(self.comparisons)] if len(self.comparisons) else []
        return "\n".join([visible(self.sentence), *table])

    def _repr_html_(self) -> str:
        table = self.comparisons._repr_html_() if len(self.comparisons) else ""
        told = escape(visible(self.sentence))
        # The class keeps dollar signs from being typeset as formulas.
        return (
            f'<div class="tex2jax_ignore"><p><strong>{told}</strong></p>{table}</div>'
        )


def choose(
    frame: pd.DataFrame,
    metric: str | None = None,
    *,
    within: float = 0.02,
    max_cost: float | None = None,
    max_latency: float | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Choice:
    """Choose the cheapest target that is shown to be good enough.

    Args:
        frame: The frame of a run.
        metric: As `Results.choose` says, and so is the rest.
        within: How much worse than the best is good enough.
        max_cost: Mean dollars a call.
        max_latency: Median seconds.
        manifest: Of the frame.

    Raises:
        ConfigError: A name is not in the frame, or a value is out of range.
    """
    _check_limit("within", within)
    for name, limit in (("max_cost", max_cost), ("max_latency", max_latency)):
        if limit is not None:
            _check_limit(name, limit)
    names = metric_names(frame, metric)
    if len(names) > 1:
        raise ConfigError(f"metric={metric!r}: choose by one; see pareto for several")
    told = _figures_by_model(frame, manifest)
    left_out = {
        **_left_out(told, max_cost=max_cost, max_latency=max_latency),
        **_unscored(frame, figures_of(frame, names[0], manifest=manifest)),
    }
    rows = frame[~frame["model"].astype(str).isin(left_out).to_numpy(dtype=bool)]
    rows = rows.reset_index(drop=True)
    figures = figures_of(rows, names[0], manifest=manifest)
    return _choice(rows, figures, told, left_out, within=within, manifest=manifest)


def _check_limit(name: str, limit: Any) -> None:
    is_number = isinstance(limit, Real) and not isinstance(limit, bool)
    if not (is_number and 0 < float(limit) < math.inf):
        raise ConfigError(f"{name}={limit!r}: use a number above 0")


def _figures_by_model(
    frame: pd.DataFrame, manifest: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Give what limits and costs are about: a mean call's, and an item's."""
    summary = summarize(frame, by="model", manifest=manifest)
    told = {}
    for row in summary.to_dict("records"):
        cost = row.get("cost")
        latency = row.get("latency_p50")
        known = None if is_missing(cost) else float(cost)
        each = row["n"] / row["n_items"] if row["n_items"] else None
        told[str(row["model"])] = {
            "cost": known,
            "latency": None if is_missing(latency) else float(latency),
            "item_cost": None if known is None or each is None else known * each,
        }
    return told


def _left_out(
    told: Mapping[str, Mapping[str, Any]],
    *,
    max_cost: float | None,
    max_latency: float | None,
) -> dict[str, tuple[str, float | None]]:
    """Name the targets beyond a limit, or of which that is not known, and why."""
    limits = (("cost", max_cost), ("latency", max_latency))
    found: dict[str, tuple[str, float | None]] = {}
    for name, limit in limits:
        for model, figures in told.items():
            value = figures[name]
            if limit is not None and (value is None or value > limit):
                found.setdefault(model, (name, value))
    return found


def _unscored(
    frame: pd.DataFrame, figures: Figures
) -> dict[str, tuple[str, float | None]]:
    """Name the targets of which nothing is known: of those nothing can be shown."""
    known = frame["model"].astype(str)[~np.isnan(figures.values)]
    names = dict.fromkeys(frame["model"].dropna().astype(str))
    return {name: (figures.name, None) for name in names if name not in set(known)}


def _choice(
    frame: pd.DataFrame,
    figures: Figures,
    told: Mapping[str, Mapping[str, Any]],
    left_out: Mapping[str, tuple[str, float | None]],
    *,
    within: float,
    manifest: Mapping[str, Any] | None,
) -> Choice:
    comparisons = comparison_frame([], notes=(), in_points=())
    models = [str(name) for name in Layout(frame, "model").names]
    shown, may_be_best, n_more = list(models), list(models), None
    if len(models) > 1:
        comparisons = compare(
            frame, f"score_{figures.name}" if not figures.is_ratio else figures.name,
            margin=within, manifest=manifest,
        )  # fmt: skip
        bounds = _bounds(frame, figures, len(models), within)
        shown = [models[at] for at in bounds.shown()]
        is_beaten = beaten(comparisons, len(models))
        may_be_best = [n for n, lost in zip(models, is_beaten, strict=True) if not lost]
        n_more = bounds.n_more()
    model = _cheapest(shown, told)
    if model is not None:
        n_more = 0
    dollars = _dollars(n_more, models, told)
    sentence = sentence_of(
        model, shown, models, may_be_best, figures, within=within, n_more=n_more,
        dollars=dollars, costs={n: told[n]["cost"] for n in models}, left_out=left_out,
    )  # fmt: skip
    return Choice(model, may_be_best, n_more, dollars, comparisons, sentence)


def _bounds(
    frame: pd.DataFrame,
    figures: Figures,
    n_levels: int,
    within: float,
) -> Bounds:
    alpha = one_sided(_ALPHA, n_levels)
    two_and_two = list(combinations(range(n_levels), 2))
    layout = Layout(frame, "model")
    pairs = compared(layout, [figures], two_and_two, alpha=2 * alpha)
    return Bounds(pairs, n_levels, alpha=alpha, within=within)


def _cheapest(shown: list[str], told: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Name the cheapest; among several, one of unknown cost cannot be it."""
    if len(shown) == 1:
        return shown[0]
    known = [name for name in shown if told[name]["cost"] is not None]
    return min(known, key=lambda name: told[name]["cost"], default=None)


def _dollars(
    n_more: int | None, models: list[str], told: Mapping[str, Mapping[str, Any]]
) -> float | None:
    each = [told[name]["item_cost"] for name in models]
    if n_more is None or (n_more and any(one is None for one in each)):
        return None
    return float(n_more * sum(each)) if n_more else 0.0
