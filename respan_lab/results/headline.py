"""One line that says what a run is, and what a reader must know about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .labels import combined_label, row_labels
from .stopped import stop_sentence
from .summary import summarize
from .wording import count, money

__all__ = ["headline", "run_label"]


def headline(frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None) -> str:
    """Say how many calls there were, how they ended, what they cost and decided.

    Example:
        >>> from respan_lab.results import build_frame
        >>> row = {"model": "m", "item": 0, "status": "ok", "cost": 0.5}
        >>> headline(build_frame([row], models=["m"], prompts=[]))
        '1 call · 1 item · 1 ok · $0.500'
    """
    if frame.empty:
        return "no calls"
    whole = summarize(frame, by=[], manifest=manifest).to_dict("records")[0]
    parts = [
        count(whole["n"], "call"),
        count(whole["n_items"], "item"),
        f"{whole['ok']:,} ok",
        count(whole["errors"], "error") if whole["errors"] else "",
        f"{whole['skipped']:,} skipped" if whole["skipped"] else "",
        _cost(whole) + _what_if(frame) + _from_ledger(frame) + _judging(manifest or {}),
        stop_sentence(frame, manifest or {}) or "",
    ]
    return " · ".join(part for part in parts if part)


def _cost(whole: Mapping[Any, Any]) -> str:
    unpriced = whole["unpriced"]
    parts = [
        money(whole["cost_total"]) if "cost_total" in whole else "",
        f"{count(unpriced, 'call')} of unknown cost" if unpriced else "",
    ]
    return " and ".join(part for part in parts if part)


def _what_if(frame: pd.DataFrame) -> str:
    is_any = "cost_source" in frame and (frame["cost_source"] == "what_if").any()
    return " at what-if prices" if is_any else ""


def _from_ledger(frame: pd.DataFrame) -> str:
    """Tell what was spent before from what was spent now."""
    is_found = frame["from_ledger"].fillna(False).astype(bool)
    calls = int((is_found & (frame["choice"].fillna(0) == 0)).sum())
    if not calls:
        return ""
    return (
        f" ({calls:,} from the ledger, {money(frame.loc[~is_found, 'cost'].sum())} new)"
    )


def _judging(manifest: Mapping[str, Any]) -> str:
    """Tell what was newly spent on judges, in no answer's cost, and was no verdict."""
    runs = (manifest.get("runs") or {}).values()  # several, put together
    told = [
        one for each in (manifest, *runs) for one in (each.get("judges") or {}).values()
    ]
    costs = [one["cost"] for one in told if one["cost"] is not None and one["calls"]]
    unpriced = sum(one.get("unpriced", 0) for one in told)
    unknown = f"{count(unpriced, 'verdict')} of unknown cost" if unpriced else ""
    unreadable = sum(one.get("unreadable", 0) for one in told)
    unread = f"{count(unreadable, 'verdict')} that cannot be read"
    parts = [
        f"{money(sum(costs))} for judging" if costs else "",
        unknown,
        unread if unreadable else "",
    ]
    return "".join(f" + {part}" for part in parts if part)


def run_label(
    frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None
) -> str | None:
    """Give the label of a whole run; None if every model is an ordinary one."""
    is_known = frame["answered_model"].notna() | frame["asked_model"].notna()
    return combined_label(row_labels(frame, manifest)[is_known].unique())
