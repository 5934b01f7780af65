"""Calls as a file has them, and the frame they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ...errors import ConfigError
from ..columns import COLUMNS, TIMESTAMP, declared_dtype
from ..dtypes import is_missing
from ..frame import frame_of
from .cells import LABEL

__all__ = ["Calls", "Saved", "calls_frame"]

_NEEDED = ("key", "model", "item", "status")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


class Calls(NamedTuple):
    """Calls as a file has them.

    Attributes:
        columns: By name, the values in order: text, numbers, JSON values, None.
        n_rows: How many there are.
    """

    columns: dict[str, list[Any]]
    n_rows: int


class Saved(NamedTuple):
    """What a file holds of a run: its frame, and what is known of it beside."""

    frame: pd.DataFrame
    manifest: dict[str, Any]


def calls_frame(calls: Calls, path: Path) -> pd.DataFrame:
    """Make the frame of calls, with the declared columns and dtypes.

    Models and prompts are in the order in which they come.

    Args:
        calls: What the file has; ``label`` is left out, since it follows from the rest.
        path: The file, to name in an error.

    Raises:
        ConfigError: A column is missing or unknown, or holds what it cannot.
    """
    names = [name for name in calls.columns if name != LABEL]
    _check(names, path)
    values = {name: _converted(name, calls.columns[name], path=path) for name in names}
    try:
        return frame_of(values, calls.n_rows, models=[], prompts=[])
    except ValueError as error:  # a status that is none
        raise ConfigError(f"{str(path)!r} is not a run: {error}") from error


def _check(names: Sequence[str], path: Path) -> None:
    for name in _NEEDED:
        if names and name not in names:  # no names: JSON lines of no calls
            raise ConfigError(
                f"{str(path)!r} is not a run: it has no column {name!r}; export one "
                f'with r.export("run{path.suffix.lower()}")'
            )
    for name in names:
        try:
            declared_dtype(name)
        except KeyError:
            near = get_close_matches(name, [one.name for one in COLUMNS], n=1)
            hint = f"nearest: {near[0]!r}; " if near else ""
            raise ConfigError(
                f"{str(path)!r} has a column {name!r}, which no run has; {hint}name "
                f"one of your own 'var_{name}', 'score_{name}' or 'note_{name}'"
            ) from None


def _converted(name: str, values: list[Any], *, path: Path) -> list[Any]:
    convert = _CONVERT.get(declared_dtype(name))
    if name.startswith("score_"):
        convert = _score
    if convert is None:
        return values
    try:
        return [None if is_missing(one) else convert(one) for one in values]
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{str(path)!r}: the column {name!r} is {declared_dtype(name)} and holds "
            f"something else: {error}"
        ) from error


def _text(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)


def _integer(value: Any) -> int:
    whole = int(value)
    if isinstance(value, float) and whole != value:
        raise ValueError(f"{value!r} is not a whole number")
    return whole


def _boolean(value: Any) -> bool:
    return _TRUTH[_text(value).lower()]


def _score(value: Any) -> bool | float:
    return value if isinstance(value, bool) else float(value)


def _moment(value: Any) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_CONVERT: Mapping[str, Any] = {
    "string": _text,
    "category": _text,
    "Int64": _integer,
    "Float64": float,
    "boolean": _boolean,
    TIMESTAMP: _moment,
}
