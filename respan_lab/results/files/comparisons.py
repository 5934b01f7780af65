"""Every comparison that a run allows, as the files tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..comparison import compare
from ..comparison_frame import COMPARISON_COLUMNS, Comparison
from ..comparison_words import wording
from ..pairing import factors_of
from ..summary import score_names
from ..wording import NOTHING

__all__ = [
    "Compared",
    "comparisons",
    "comparisons_frame",
    "comparisons_table",
    "notes_of",
]

_FURTHER = ("cost", "latency")
_MAX_NOTES = 12


class Compared(NamedTuple):
    """The levels of one factor compared by one metric, as `Results.compare` does.

    Attributes:
        by: The factor, such as ``model``.
        found: A row for each pair of its levels.
    """

    by: str
    found: Comparison


def comparisons(
    frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None
) -> list[Compared]:
    """Compare by every score, by cost and by latency, each factor that varies.

    Cost and latency are left out where no two levels have them for the same items, as
    latency is in a run whose answers were all found in the ledger.

    Args:
        frame: The frame of a run.
        manifest: The run's, for what is better lower.
    """
    further = [name for name in _FURTHER if frame[name].notna().any()]
    metrics = [f"score_{name}" for name in score_names(frame)] + further
    every = [
        (metric, Compared(by, compare(frame, metric, by=by, manifest=manifest)))
        for by in _varying(frame)
        for metric in metrics
    ]
    return [one for metric, one in every if metric not in further or _has_items(one)]


def _has_items(compared: Compared) -> bool:
    return bool((compared.found["n_items"] > 0).any())


def _varying(frame: pd.DataFrame) -> list[str]:
    """Name the factors of more than one level.

    Versions are compared only of one prompt: those of two have nothing in common.
    """
    names = [name for name in factors_of(frame) if _n_levels(frame[name]) > 1]
    is_one_prompt = "prompt" not in names
    return [name for name in names if name != "prompt_version" or is_one_prompt]


def _n_levels(column: pd.Series) -> int:
    if column.dtype == object:
        return len({repr(one) for one in column})
    return int(column.nunique(dropna=False))


def comparisons_frame(every: Sequence[Compared]) -> pd.DataFrame:
    """Give all of them as one frame: ``by``, what `compare` gives, ``in_words``."""
    parts = [
        pd.DataFrame(found).assign(by=by, in_words=found.sentences)
        for by, found in every
        if len(found)
    ]
    names = ["by", *COMPARISON_COLUMNS, "in_words"]
    if not parts:
        return pd.DataFrame({name: [] for name in names}, dtype="string")
    return pd.concat(parts, ignore_index=True)[names]


def comparisons_table(every: Sequence[Compared]) -> pd.DataFrame:
    """Give all of them as text: who, by what, over how many items, what is shown."""
    rows = [
        (
            row["metric"],
            str(row["a"]),
            str(row["b"]),
            f"{row['n_items']:,}",
            str(row["verdict"]),
            _shown(row, found),
            _p_value(row["p_adjusted"]),
        )
        for _, found in every
        for row in found.to_dict("records")
    ]
    names = ["metric", "a", "b", "items", "a is", "a against b", "p adjusted"]
    return pd.DataFrame(rows, columns=names, dtype=object)


def notes_of(every: Sequence[Compared]) -> list[str]:
    """Give what a reader must know of them, each once; the first twelve."""
    notes = list(dict.fromkeys(note for _, found in every for note in found.notes))
    left_out = len(notes) - _MAX_NOTES
    return notes[:_MAX_NOTES] + ([f"… and {left_out:,} such notes"] * (left_out > 0))


def _shown(row: Mapping[Any, Any], found: Comparison) -> str:
    """Say what is shown, the verdict apart."""
    said = wording(row, in_points=row["metric"] in found.attrs.get("in_points", ()))
    return said.removeprefix(f"{row['verdict']}: ")


def _p_value(value: Any) -> str:
    if pd.isna(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
