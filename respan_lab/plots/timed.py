"""Which calls' times may be compared, and what to say of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .figures import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calls_of", "is_timed", "left_out"]


def calls_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep one row a call: of several choices the first, which has its figures."""
    if "choice" not in frame:
        return frame
    return frame[frame["choice"].fillna(0) == 0]


def is_timed(calls: pd.DataFrame) -> pd.Series:
    """Tell the calls whose times count, as the summary does.

    They were answered in this run, by the model that was asked, and not from a cache.

    Args:
        calls: Rows with ``status``, and where known ``cached``, ``substituted`` and
            ``from_ledger``.
    """
    counts = (calls["status"] == "ok").fillna(False).astype(bool)
    for name in ("cached", "substituted", "from_ledger"):
        counts &= ~_flag(calls, name)
    return counts


def left_out(calls: pd.DataFrame, figure: str) -> str:
    """Say how many calls have no comparable time, and why; empty if there are none.

    Args:
        calls: One row a call.
        figure: The column that is drawn; a call without it is counted too.
    """
    counts = is_timed(calls)
    ok = (calls["status"] == "ok").fillna(False).astype(bool)
    parts = [(int((~ok).sum()), "not answered")]
    rest = ok & ~counts
    for name, why in (
        ("from_ledger", "answered in an earlier run"),
        ("cached", "from a cache"),
        ("substituted", "answered by another model"),
    ):
        found = rest & _flag(calls, name)
        parts.append((int(found.sum()), why))
        rest &= ~found
    parts.append((int((counts & calls[figure].isna()).sum()), "without the figure"))
    told = [f"{n:,} {why}" for n, why in parts if n]
    total = sum(n for n, _ in parts)
    return f"not drawn: {counted(total, 'call')} ({', '.join(told)})" if told else ""


def _flag(calls: pd.DataFrame, name: str) -> pd.Series:
    import pandas as pd

    if name not in calls:
        return pd.Series(False, index=calls.index)
    return calls[name].fillna(False).astype(bool)
