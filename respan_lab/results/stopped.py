"""What a run that could stop early has decided, and what that saved.

Whoever may stop has looked after every item. Intervals and tests that are right for
one look are not right for such a run, even if it went on to the end: its figures are
those of a confidence sequence, of the items that counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .sequence import mean_sequence, sequence_p_value
from .statistics.differences import Difference
from .statistics.interval import Interval
from .statistics.paired import Numbers
from .wording import count, money

__all__ = ["Stopped", "saved", "stop_note", "stop_sentence"]


class Stopped:
    """The items of a run that count, in their order.

    Args:
        frame: The run's.
        stop: What its manifest tells under ``stop``.
        values: The scores to compare by, if refused answers have one, too; the race
            itself knows only those that an evaluator gave.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        stop: Mapping[str, Any],
        values: Numbers | None = None,
    ) -> None:
        self._stop = stop
        places = {str(item): at for at, item in enumerate(stop["items"])}
        column = frame[f"score_{stop['metric']}"].astype("Float64")
        scores = column.to_numpy(dtype=float, na_value=np.nan)
        self._scores = pd.DataFrame(
            {
                "model": frame["model"].astype(str).to_numpy(),
                "place": frame["item"].astype(str).map(places).to_numpy(dtype=float),
                "score": scores,
                "value": scores if values is None else values,
            }
        )

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        manifest: Mapping[str, Any] | None,
        metric: str,
        values: Numbers | None = None,
    ) -> Stopped | None:
        """Give it for a metric by which a run could stop; None for any other."""
        stop = (manifest or {}).get("stop")
        name = metric.removeprefix("score_")
        if not stop or stop["trouble"] or stop["metric"] != name:
            return None
        return cls(frame, stop, values) if f"score_{name}" in frame else None

    def interval(self, rows: np.ndarray[Any, Any]) -> Interval | None:
        """Give the interval of a mean score, valid at every look, at 95 %.

        Args:
            rows: Which rows of the frame it is of.

        Returns:
            None if none of them counts.
        """
        counted = self._scores[rows].dropna(subset=["place", "score"])
        means = counted.groupby("place")["score"].mean()
        return mean_sequence(means) if len(means) else None

    def difference(self, a: str, b: str) -> Difference | None:
        """Compare two targets by what decided; None if that was not asked of them.

        Its p-value counts for all pairs together: it is not to be adjusted again. Its
        interval is simultaneous, too.
        """
        asked = {(p["a"], p["b"]): p["n_items"] for p in self._stop["pairs"]}
        n_items = asked.get((a, b), asked.get((b, a)))
        if not n_items:
            return None
        apart = self._apart(a, b, "value")
        if a in self._stop["out"] or b in self._stop["out"]:  # what came after is out
            counted = self._apart(a, b, "score").index[:n_items]
            apart = apart[apart.index <= counted.max()]
        found = apart.to_numpy()
        if not len(found):  # the frame has been cut down
            return None
        n_pairs = self._stop["n_pairs"]
        level = 1 - (1 - self._stop["confidence"]) / n_pairs
        interval = mean_sequence(found, level=level, low=-1, high=1)
        return Difference(
            n_items=len(found),
            mean=float(found.mean()),
            interval=interval,
            p_value=min(1.0, sequence_p_value(found) * n_pairs),
            test="betting sequence",
            tie=interval,
            total=float(found.sum()),
            squares=float((found**2).sum()),
            reach=1.0,
        )

    def _apart(self, a: str, b: str, what: str) -> pd.Series:
        """The difference of two targets by place, of those that both have."""
        first, second = (self._means(name, what) for name in (a, b))
        return (first - second).dropna().sort_index()

    def _means(self, model: str, what: str) -> pd.Series:
        rows = self._scores[self._scores["model"] == model]
        return rows.dropna(subset=["place", what]).groupby("place")[what].mean()


def stop_sentence(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> str | None:
    """Say what a run with `stop=` has decided, and what was saved; None without one.

    Args:
        frame: The run's.
        manifest: Its manifest; what it tells under ``stop`` is described at
            `lab.Stop`.

    Example:
        >>> pair = {"a": "x", "b": "y", "n_items": 9, "winner": "x"}
        >>> stop = {"metric": "good", "confidence": 0.95, "items": list(range(9)),
        ...     "n_items": 40, "pairs": [pair], "trouble": None, "is_over": True}
        >>> frame = pd.DataFrame({"status": [], "error_type": []})
        >>> stop_sentence(frame, {"stop": stop})
        'stopped after 9 of 40 items: x is better than y by good (95 % sure)'
    """
    stop = manifest.get("stop")
    if not stop:
        return None
    if stop["trouble"]:
        return f"not stopped early: {stop['trouble']}"
    decided = [
        f"{pair['winner']} is better than {_loser(pair)}"
        for pair in stop["pairs"]
        if pair["winner"]
    ]
    if not decided:
        return f"nothing was decided by {stop['metric']}, so everything was asked"
    verb = "stopped after" if stop["is_over"] else "looked at"
    items = f"{len(stop['items']):,} of {count(stop['n_items'], 'item')}"
    percent = f"{100 * stop['confidence']:.4g} % sure"
    told = f"{verb} {items}: {', '.join(decided)} by {stop['metric']} ({percent})"
    return told + _saving(frame)


def saved(frame: pd.DataFrame) -> tuple[int, float | None]:
    """Count the calls that stopping saved, and their dollars.

    Args:
        frame: The run's.

    Returns:
        Calls; and what they would have cost, each as much as its target's mean call:
        None if that is not known of all of them.
    """
    reasons = frame["error_type"].astype("string")
    is_saved = reasons.str.startswith("stop: ").fillna(False).astype(bool)
    if not is_saved.any():
        return 0, 0.0
    names = frame["model"].astype(str)
    mean = frame["cost"].groupby(names).mean()
    dollars = names[is_saved].map(mean)
    total = None if dollars.isna().any() else float(dollars.sum())
    return int(is_saved.sum()), total


def _saving(frame: pd.DataFrame) -> str:
    calls, dollars = saved(frame)
    if not calls:
        return ""
    about = "" if dollars is None else f", about {money(dollars)}"
    return f"; {count(calls, 'call')} saved{about}"


def _loser(pair: Mapping[str, Any]) -> str:
    return str(pair["b"] if pair["winner"] == pair["a"] else pair["a"])


def stop_note(frame: pd.DataFrame, manifest: Mapping[str, Any] | None) -> str | None:
    """Say of a summary that its intervals are those of a run that could stop.

    Args:
        frame: The run's rows.
        manifest: What is known of it.

    Returns:
        None if no score of it could stop the run.
    """
    stop = (manifest or {}).get("stop")
    if not stop or Stopped.of(frame, manifest, stop["metric"]) is None:
        return None
    return (
        f"{stop['metric']}: the run could stop after every item, so the intervals are "
        "a betting sequence's, of the items that counted, and hold at all looks"
    )
