"""What groups of calls are called, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .figures import value_of
from .inert import LONGEST_NAME, plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Group",
    "group_names",
    "groups_of",
    "is_missing",
    "note_of",
    "require",
    "summary_names",
]

_NOTE = 64  # characters that fit beside the names


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are drawn as one thing.

    Attributes:
        first: The name by the first column, such as the model's.
        rest: The name by the others; empty if there are none.
        rows: The group's rows.
    """

    first: str
    rest: str
    rows: pd.DataFrame

    @property
    def name(self) -> str:
        """Both names in one."""
        return " · ".join(filter(None, (self.first, self.rest)))


def require(frame: pd.DataFrame, columns: Iterable[str], *, plot: str) -> None:
    """Refuse a frame that cannot be drawn.

    Raises:
        ConfigError: If a column is missing, or there is no row.
    """
    missing = [name for name in columns if name not in frame]
    if missing:
        raise ConfigError(
            f"{plot}() needs the column {missing[0]!r}, which the frame does not have; "
            "give it the frame of a run, r.df"
        )
    if frame.empty:
        raise ConfigError(f"{plot}() has nothing to draw: the frame has no rows")


def groups_of(frame: pd.DataFrame, by: str | Sequence[str] | None) -> list[Group]:
    """Split calls into groups: categories in their order, others as they come.

    Args:
        frame: The frame of a run.
        by: The columns; None: run (of several), model, and what varies of prompt,
            version and grid axes.

    Raises:
        ConfigError: If ``by`` names a column that the frame does not have.
    """
    names = [by] if isinstance(by, str) else list(by or _usual(frame))
    for name in names:
        if name not in frame:
            known = ", ".join(map(repr, frame.columns[:12]))
            raise ConfigError(f"by={name!r} is not a column; the frame has {known}, …")
    found = frame.groupby(names, observed=True, sort=False, dropna=False)
    keyed = [(key, rows) for key, rows in found]
    keyed.sort(key=lambda one: _order(one[1], names))
    return [
        Group(*group_names(dict(zip(names, key, strict=True)), names), rows)
        for key, rows in keyed
    ]


def _usual(frame: pd.DataFrame) -> list[str]:
    axes = [name for name in frame.columns if name.startswith("param_")]
    others = [
        name
        for name in ("run_name", "prompt", "prompt_version", *axes)
        if name in frame and frame[name].astype(str).nunique() > 1
    ]
    first = ["run_name"] if "run_name" in others else []
    return [*first, "model", *(name for name in others if name != "run_name")]


def _order(rows: pd.DataFrame, names: Sequence[str]) -> list[int]:
    """Sort categories by their order; anything else stays where it came."""
    codes = [
        int(rows[name].cat.codes.iloc[0]) if rows[name].dtype == "category" else 0
        for name in names
    ]
    return [code if code >= 0 else len(rows) for code in codes]


def summary_names(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the rows of a summary by the columns in front of its ``n``."""
    names = list(frame.columns[: list(frame.columns).index("n")])
    varies = [name for name in names[1:] if frame[name].astype(str).nunique() > 1]
    kept = names[:1] + varies
    return [group_names(row, kept) for row in frame.to_dict("records")]


def group_names(row: dict[Any, Any], names: Sequence[str]) -> tuple[str, str]:
    """Give a group's name by its first column, and by the others."""
    texts = [
        f"{name.removeprefix('param_')}={row[name]}"
        if name.startswith("param_")
        else str(row[name])
        for name in names
        if not is_missing(row[name])
    ]
    shown = [plain(text) for text in texts] or ["all"]
    return shown[0], plain(" · ".join(shown[1:]), LONGEST_NAME)


def is_missing(value: Any) -> bool:
    """Whether a cell of a frame holds nothing: None, NaN or NA."""
    if isinstance(value, (str, list, dict, tuple)):
        return False
    try:
        return value_of(value) != value_of(value)
    except (TypeError, ValueError):
        return False


def note_of(frame: pd.DataFrame) -> str | None:
    """Say what the models are; by name, if it is not true of all of them.

    Args:
        frame: A summary or calls. It is told by the column ``label``; without one,
            by a ``provider`` that is ``sim``.

    Returns:
        None if there is nothing to say.
    """
    frame = frame.reset_index(drop=True)
    labels = _labels(frame)
    if labels is None:
        return None
    distinct = [str(one) for one in labels.unique() if one]
    if not distinct or (len(distinct) == 1 and labels.notna().all()):
        return distinct[0] if distinct else None
    first = "model" if "model" in frame else frame.columns[0]
    named = frame.loc[labels.index, first].astype(str)
    by_name = " · ".join(
        f"{one}: {', '.join(named[labels == one].unique())}" for one in distinct
    )
    if len(by_name) <= _NOTE:
        return by_name
    is_whole = labels.notna().all() and not any("partly " in one for one in distinct)
    short = ", ".join(dict.fromkeys(one.removeprefix("partly ") for one in distinct))
    return short if is_whole else f"partly {short}"


def _labels(frame: pd.DataFrame) -> pd.Series | None:
    """Give the label of each row of a known model; None of an ordinary one."""
    import pandas as pd

    if "label" in frame:
        who = [name for name in ("asked_model", "answered_model") if name in frame]
        known = frame[frame[who].notna().any(axis=1)] if who else frame
        given = known["label"]
        labels = [None if pd.isna(one) else str(one) for one in given]
    elif "provider" in frame:
        given = frame["provider"].dropna()
        labels = ["simulated" if one == "sim" else None for one in given]
    else:
        return None
    return pd.Series(labels, index=given.index, dtype=object)
