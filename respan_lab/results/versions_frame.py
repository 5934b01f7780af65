"""What a new version of a prompt changed: differences, and the answers that flipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .comparison import compare
from .comparison_frame import Comparison
from .comparison_words import wording
from .disagreements import disagreements
from .dtypes import is_missing
from .metrics import RATIOS, figures_of, metric_names
from .statistics.verdicts import adjusted
from .summary import score_names
from .timing import is_timed
from .wording import count

__all__ = ["ALL_MODELS", "Deltas", "Flipped", "deltas", "flipped", "metrics_of"]

ALL_MODELS = "all models"
_BESIDE = ("cost", "latency")  # what always matters beside a score
_SIDES = ("score", "output", "key")


class Deltas(Comparison):
    """A comparison of two versions, for each model and for all."""

    @property
    def sentences(self) -> list[str]:
        """Each row in words: what the new version changed."""
        points = self.attrs.get("in_points", ())
        return [
            f"{row['model']}, {row['metric']}: "
            f"{wording(row, in_points=row['metric'] in points)}"
            for row in self.to_dict("records")
        ]


class Flipped(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """The answers whose score a new version changed; made of it is a plain frame.

    Its ``attrs`` hold ``pairs``, a score's name to how many pairs were looked at.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def sentences(self) -> list[str]:
        """How many answers of each score changed, and which way."""
        return [self._sentence(*one) for one in self.attrs.get("pairs", {}).items()]

    def _sentence(self, metric: str, n_pairs: int) -> str:
        changes = self.loc[self["metric"] == metric, "change"]
        better, worse = (int((changes == one).sum()) for one in ("better", "worse"))
        return (
            f"{metric}: {len(changes):,} of {count(n_pairs, 'pair')} of answers "
            f"changed their score: {better:,} better, {worse:,} worse"
        )


def metrics_of(
    frame: pd.DataFrame, metric: str | Sequence[str] | None = None
) -> list[str]:
    """Name what two versions are compared by: scores, then cost and latency.

    Args:
        frame: The frame of a run.
        metric: The scores, or other metrics; None is every score. Cost and latency
            are always there, if they are known of any call.

    Raises:
        ConfigError: There is no such metric.
    """
    names = [f"score_{name}" for name in score_names(frame)]
    if metric is not None:
        names = metric_names(frame, metric)
    known = {"cost": frame["cost"].notna(), "latency": is_timed(frame)}
    beside = [name for name in _BESIDE if known[name].any() and name not in names]
    return [*names, *beside]


def deltas(
    frame: pd.DataFrame,
    old: str,
    new: str,
    metric: str | Sequence[str] | None = None,
    *,
    margin: float = 0.02,
    correction: str | None = "holm",
    alpha: float = 0.05,
    manifest: Mapping[str, Any] | None = None,
) -> Deltas:
    """Compare the new version with the old, for all models together and for each.

    Args:
        frame: The frame of a run with two prompts.
        old: The name of one.
        new: Of the other.
        metric: As for `metrics_of`.
        margin: As for `compare`, and so is the rest; all rows are one family.
        correction: ``holm``, ``bh`` or None.
        alpha: The error that is allowed.
        manifest: Of the run.

    Returns:
        The columns of `compare` with ``model`` before them; ``a`` is the new version,
        ``b`` the old. A row that is *undecided* only for being one of several has no
        ``n_more``.

    Raises:
        ConfigError: A name is not in the frame, or a value is out of range.
    """
    models = [str(one) for one in frame["model"].dropna().unique()]
    parts = {ALL_MODELS: frame} if len(models) > 1 else {}
    parts |= {one: frame[(frame["model"] == one).to_numpy(bool)] for one in models}
    found = {
        model: compare(
            part,
            metrics_of(frame, metric),
            old,
            by="prompt",
            margin=margin,
            correction=None,
            alpha=alpha,
            manifest=manifest,
        )
        for model, part in parts.items()
    }
    return _family(found, new, correction=correction, alpha=alpha)


def _family(
    found: Mapping[str, Comparison], new: str, *, correction: str | None, alpha: float
) -> Deltas:
    frames = []
    for model, each in found.items():
        rows = pd.DataFrame(each)
        rows = rows[(rows["a"].astype("string") == new).to_numpy(bool)]
        rows.insert(0, "model", pd.array([model] * len(rows), "string"))
        frames.append(rows)
    table = pd.concat(frames, ignore_index=True)
    raw = [float("nan") if is_missing(p) else float(p) for p in table["p_value"]]
    known = adjusted(raw, correction)
    table["p_adjusted"] = pd.array([None if p != p else p for p in known], "Float64")
    is_open = table["p_adjusted"].ge(alpha).fillna(True).to_numpy(dtype=bool)
    is_claim = table["verdict"].isin(("better", "worse")).to_numpy(dtype=bool)
    table.loc[is_open & is_claim, "verdict"] = "undecided"
    told = Deltas(table)
    notes = [
        note if model == ALL_MODELS or len(found) == 1 else f"{model}: {note}"
        for model, each in found.items()
        for note in each.notes
    ]
    points = [name for each in found.values() for name in each.attrs["in_points"]]
    told.attrs = {"notes": notes, "in_points": list(dict.fromkeys(points))}
    return told


def flipped(
    frame: pd.DataFrame,
    old: str,
    new: str,
    metric: str | Sequence[str] | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
) -> Flipped:
    """Give the answers whose score the new version changed, the largest change first.

    Args:
        frame: The frame of a run with two prompts.
        old: The name of one.
        new: Of the other.
        metric: As for `metrics_of`; only scores count.
        manifest: Of the run.

    Returns:
        A row for each pair of answers, by ``metric``, ``change`` (``worse`` first
        among those of one size), ``model``, ``param_*``, ``item`` and, of repeats,
        ``run``; ``score_old``, ``score_new``, ``output_old``, ``output_new``, the
        item's columns, ``key_old``, ``key_new``. None without a score.
    """
    scores = [
        name.removeprefix("score_")
        for name in metrics_of(frame, metric)
        if name not in RATIOS
    ]
    pairs, parts = {}, []
    for score in scores:
        found = disagreements(frame, old, new, metric=f"score_{score}", by="prompt")
        is_less = figures_of(frame, f"score_{score}", manifest=manifest).lower_is_better
        pairs[score] = found.n_pairs
        parts.append(_changes(pd.DataFrame(found), score, is_less))
    made = Flipped(pd.concat(parts, ignore_index=True) if parts else _nothing())
    made.attrs = {"pairs": pairs}
    return made


def _changes(found: pd.DataFrame, score: str, is_less: bool) -> pd.DataFrame:
    names = {f"{one}_{a}": f"{one}_{b}" for one in _SIDES for a, b in _RENAMED}
    rows = found.rename(columns=names)
    values = [rows[f"score_{side}"].astype("Float64") for side in ("old", "new")]
    gap = (values[1] - values[0]).to_numpy(dtype=float, na_value=0.0)
    is_better = (gap < 0) if is_less else (gap > 0)
    rows.insert(0, "metric", pd.array([score] * len(rows), "string"))
    told = np.where(is_better, "better", "worse").tolist()
    rows.insert(1, "change", pd.array(told, "string"))
    order = np.lexsort((is_better, -abs(gap)))
    ends = ("key_old", "key_new")
    sides = [f"{one}_{side}" for one in ("score", "output") for side in ("old", "new")]
    which = [
        name
        for name in rows
        if name in ("metric", "change", "model", "item", "run", "choice")
        or name.startswith("param_")
    ]
    rest = [name for name in rows if name not in (*which, *sides, *ends)]
    return rows.iloc[order][[*which, *sides, *rest, *ends]]


_RENAMED = (("a", "old"), ("b", "new"))


def _nothing() -> pd.DataFrame:
    names = ["metric", "change", "model", "item"]
    names += [f"{one}_{side}" for one in _SIDES for side in ("old", "new")]
    return pd.DataFrame({name: pd.array([], "string") for name in names})
