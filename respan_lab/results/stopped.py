"""What a run that could stop early has decided, and what that saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .wording import count, money

__all__ = ["saved", "stop_sentence"]


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
