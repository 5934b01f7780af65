"""What a reader must know about who answered: simulated, or a very small model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from .groups import group_rows

__all__ = ["SIMULATED", "TINY", "combined_label", "row_labels"]

SIMULATED = "simulated"
TINY = "135M-parameter local model"
_TINY_MODELS = ("smollm2-135m", "smollm2-135m-q4_0")


def row_labels(
    frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None
) -> pd.Series:
    """Give each row its label; missing for a model that needs none.

    Args:
        frame: Rows with ``asked_model``, ``answered_model`` and ``provider``.
        manifest: Its ``labels``, model name to label, are laid over what is known
            here; None means there are none.
    """
    given: Mapping[str, str] = (manifest or {}).get("labels") or {}
    groups = group_rows(frame, ["asked_model", "answered_model", "provider"])
    names = groups.keys.astype(object)
    names = names.where(names.notna(), None)
    rows = names.itertuples(index=False, name=None)
    known = pd.array([_label(*row, given=given) for row in rows], dtype="string")
    return pd.Series(known.take(groups.codes), index=frame.index)


def _label(
    asked: str | None,
    answered: str | None,
    provider: str | None,
    *,
    given: Mapping[str, str],
) -> str | None:
    answerer = answered or asked or ""
    prefix, _, slug = answerer.rpartition("/")
    who = provider or prefix or (asked or "").partition("/")[0]
    for name in (answerer, f"{who}/{slug}"):
        if name in given:
            return given[name]
    if who == "sim":
        return SIMULATED
    return TINY if who == "local" and slug in _TINY_MODELS else None


def combined_label(labels: Iterable[Any]) -> str | None:
    """Join the labels of several rows; None if no row has one.

    Example:
        >>> combined_label(["simulated", "simulated"])
        'simulated'
        >>> combined_label(["simulated", None])
        'partly simulated'
    """
    every = [None if pd.isna(label) else str(label) for label in labels]
    distinct = list(dict.fromkeys(label for label in every if label))
    if not distinct:
        return None
    return ("partly " if None in every else "") + ", ".join(distinct)
