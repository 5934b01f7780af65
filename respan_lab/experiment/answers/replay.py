"""Replaying a recording: every answer from the ledger, nothing sent."""

from __future__ import annotations

import difflib
import json
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import LedgerError
from ...ledger import LedgerFile
from ...wire.secrets import without_credentials
from ..pacing.gates import Gates

if TYPE_CHECKING:
    from ...ledger import Ledger
    from ..planning.plan import Cell

__all__ = ["Recording", "check_recorded", "difference", "recorded_gates"]

_LOOKED_AT = 500  # recorded requests, the newest
_SHOWN = 40  # lines of a difference
# What a run adds, and what differs between any two.
_ADDED = ("custom_identifier", "metadata", "stream_options", "stream")


class Recording:
    """A ledger that is read and left as it is: what is written goes to a copy.

    Args:
        path: The ledger.

    Attributes:
        copy: The copy's path, until `close`.

    Raises:
        LedgerError: There is none, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise LedgerError(
                f'there is no recording {path}: run with mode="record" to make it, or '
                "give another file as store="
            )
        self._folder = tempfile.TemporaryDirectory(prefix="respan-lab-")
        self.copy = Path(self._folder.name) / path.name
        try:
            with closing(sqlite3.connect(self.copy)) as here:
                LedgerFile(path).ask(lambda there: there.backup(here))
        except LedgerError:
            self.close()
            raise

    def close(self) -> None:
        """Throw the copy away; may be called twice."""
        self._folder.cleanup()


async def recorded_gates(ledger: Ledger, run: int) -> Gates:
    """Give what was known of the models when they were asked.

    Args:
        ledger: The recording.
        run: The replay's number in it.
    """
    cards: dict[str, dict[str, Any]] = {}
    for manifest in await ledger.manifests(run):
        for part, name in (("labels", "label"), ("provenance", "provenance")):
            for model, value in manifest.get(part, {}).items():
                cards.setdefault(model, {})[name] = value
    return Gates(cards)


async def check_recorded(
    ledger: Ledger, cells: Sequence[Cell], asked: Sequence[int], *, path: Path
) -> None:
    """Make sure that nothing has to be asked.

    Args:
        ledger: The recording.
        cells: What is to be replayed.
        asked: Those that the ledger has no answer to, and that are needed.
        path: What the recording is called.

    Raises:
        LedgerError: One is new; names it, the nearest recorded request and the
            difference.
    """
    if not asked:
        return
    first = cells[asked[0]]
    wanted = _bare(first.request(run_id="", stream=False).body)
    recorded = [_bare(body) for body in await ledger.requests(_LOOKED_AT)]
    raise LedgerError(
        f"{len(asked):,} of {len(cells):,} cells are not in the recording {path}; "
        f"the first is model {first.target.name!r}, item {first.item.id!r}, run "
        f"{first.run}. {_nearest(wanted, recorded)}\n"
        'Run with mode="record" to record it.'
    )


def _nearest(wanted: dict[str, Any], recorded: Sequence[dict[str, Any]]) -> str:
    if not recorded:
        return "Nothing is recorded there."
    text = _lines(wanted)
    nearest = max(recorded, key=lambda body: _likeness(text, _lines(body)))
    if nearest == wanted:
        return (
            "The very same request is recorded, but for another gateway, repeat or "
            "pinned provider."
        )
    return f"The nearest request recorded differs:\n{difference(nearest, wanted)}"


def difference(recorded: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Show how two requests differ, line by line.

    Args:
        recorded: The one that is there.
        wanted: The one that is asked for.

    Example:
        >>> print(difference({"model": "a", "n": 1}, {"model": "b", "n": 1}))
        -   "model": "a",
        +   "model": "b",
    """
    lines = [
        line[0] + " " + line[1:] if line[:1] in "+-" else line
        for line in difflib.unified_diff(
            _lines(recorded), _lines(wanted), lineterm="", n=0
        )
        if not line.startswith(("---", "+++", "@@"))
    ]
    more = [f"... and {len(lines) - _SHOWN} lines more"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more])


def _bare(body: Mapping[str, Any]) -> dict[str, Any]:
    kept = without_credentials(body)
    return {name: value for name, value in kept.items() if name not in _ADDED}


def _lines(body: Mapping[str, Any]) -> list[str]:
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def _likeness(one: list[str], other: list[str]) -> tuple[float, float]:
    # By lines first, which is quick, then by letters.
    return (
        difflib.SequenceMatcher(None, one, other, autojunk=False).ratio(),
        difflib.SequenceMatcher(None, "".join(one), "".join(other)).quick_ratio(),
    )
