"""One cell of a run, found by its key: its rows, and what the ledger has of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, LedgerError
from ..ledger.reading import LedgerFile
from .dtypes import is_missing

if TYPE_CHECKING:
    import pandas as pd

    from ..ledger.stories import Story

__all__ = ["Cell"]

_SHORTEST = 4  # characters of a key that may stand for all of it
_NAMED = 3  # keys that an error names


class Cell:
    """A cell of a run.

    Args:
        frame: The run's frame.
        manifest: What is known of the run.
        key: The cell's key, or how it begins: at least 4 characters.

    Attributes:
        key: The whole key.
        rows: A dict of columns for each choice; what is missing is None.
        manifest: That of its own run, where several were put together.

    Raises:
        ConfigError: No cell has such a key, or several do.
    """

    def __init__(
        self, frame: pd.DataFrame, manifest: Mapping[str, Any], key: str
    ) -> None:
        self.key = _whole(key, [one for one in frame["key"].unique() if one == one])
        found = frame[frame["key"] == self.key]
        self.manifest = _of_run(found, manifest)
        self.rows: list[dict[str, Any]] = [
            {name: None if is_missing(value) else value for name, value in row.items()}
            for row in found.to_dict("records")
        ]

    @property
    def row(self) -> dict[str, Any]:
        """The first choice's columns, which have the totals."""
        return self.rows[0]

    @property
    def ledger(self) -> LedgerFile | None:
        """The ledger the run was written to, if it is at hand."""
        path = (self.manifest.get("ledger") or {}).get("path")
        ledger = LedgerFile(path) if path else None
        return ledger if ledger and ledger.exists() else None

    @cached_property
    def story(self) -> Story | None:
        """What the ledger knows of it; None if it is not at hand, or another's."""
        run_id = self.manifest.get("run_id") or self.row["run_id"]
        if self.ledger is None or run_id is None:
            return None
        try:
            return self.ledger.story(self.key, run_id)
        except LedgerError:
            return None


def _whole(key: str, keys: Sequence[str]) -> str:
    if key in keys:
        return key
    if not isinstance(key, str) or len(key) < _SHORTEST:
        raise ConfigError(
            f"key={key!r}: give a key of .df, or its first {_SHORTEST} characters or "
            "more, as a text"
        )
    found = [each for each in keys if each.startswith(key)]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(found[:_NAMED])
        raise ConfigError(
            f"{len(found)} cells have a key that begins with {key!r}: {shown}"
            f"{' …' if len(found) > _NAMED else ''}; give more of it"
        )
    raise ConfigError(f"no cell has the key {key!r}; {_nearest(key, keys)}")


def _nearest(key: str, keys: Sequence[str]) -> str:
    starts = {each[: len(key)]: each for each in keys}
    near = get_close_matches(key, starts, n=_NAMED, cutoff=0.5)
    named = ", ".join(starts[each] for each in near)
    return f"nearest: {named}" if near else 'see r.df["key"]'


def _of_run(found: pd.DataFrame, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    if "run_name" not in found:
        return manifest
    names = [str(name) for name in found["run_name"].unique()]
    if len(names) > 1:
        raise ConfigError(
            f"that cell is in the runs {', '.join(map(repr, names))}; take one: "
            f'r.query("run_name == {names[-1]!r}")'
        )
    own: Mapping[str, Any] = (manifest.get("runs") or {}).get(names[0]) or {}
    return own
