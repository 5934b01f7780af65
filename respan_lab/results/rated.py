"""Votes of people as a frame like a judge's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .answer_pairs import TIE
from .ballots import Ballot, all_ballots
from .dtypes import text_column
from .headline import run_label
from .rating import Said, standing
from .ratings_file import RatingsFile, default_path
from .votes_frame import Votes
from .wording import count

__all__ = ["ratings", "votes_of"]

_TEXTS = (
    *("a", "b", "winner", "winner_ab", "winner_ba", "reason", "key_a", "key_b"),
    "rater",
)
_REASONS = {"same": "both answers are the same", "skip": "skipped"}


def ratings(
    frame: pd.DataFrame,
    manifest: Mapping[str, Any],
    path: str | os.PathLike[str] | None = None,
    *,
    by: str = "model",
    rater: str | None = None,
) -> Votes:
    """Read people's votes on the answers of a frame; as `Results.ratings` says.

    Args:
        frame: The frame of a run, or of several.
        manifest: What is known of it.
        path: The file; None is the run's own.
        by: The factor whose levels were compared.
        rater: Whose; None is everybody's.

    Raises:
        ConfigError: There is no such file, factor or rater.
    """
    file = default_path(manifest) if path is None else RatingsFile(_path(path))
    if not file.path.exists():
        raise ConfigError(
            f"there are no votes at {file.path}; lab.Rater(results) makes some, or "
            "give path="
        )
    entries, unreadable = file.read()
    raters = list(dict.fromkeys(one["rater"] for one in entries))
    if rater is not None and rater not in raters:
        raise ConfigError(
            f"rater={rater!r} has no votes in {file.path}; there are those of "
            f"{', '.join(map(repr, raters)) or 'nobody'}"
        )
    said = {
        one: standing(each for each in entries if each["rater"] == one)
        for one in raters
        if rater in (None, one)
    }
    ballots = all_ballots(frame, manifest, by=by)
    known = {one.id for one in ballots}
    other = sum(name not in known for each in said.values() for name in each)
    notes = [
        f"{count(unreadable, 'line')} of the file cannot be read" if unreadable else "",
        f"{count(other, 'more vote')} on other answers" if other else "",
    ]
    return votes_of(ballots, said, run_label(frame, manifest), notes)


def votes_of(
    ballots: Sequence[Ballot],
    said: Mapping[str, Mapping[str, Said]],
    label: str | None = None,
    notes: Sequence[str] = (),
) -> Votes:
    """Put what people said of ballots in a frame.

    Args:
        ballots: What could be voted on; what was said of others is left out.
        said: What stands, by rater and ballot.
        label: What a reader must know of the models, such as ``simulated``.
        notes: What else a reader must know.
    """
    rows = [
        _row(one, each[one.id], rater)
        for rater, each in said.items()
        for one in ballots
        if one.id in each
    ]
    names = ["item", "run", *_TEXTS[:5], "flipped", "reason", "cost", *_TEXTS[6:]]
    votes = Votes(pd.DataFrame(rows, columns=list(rows[0]) if rows else names))
    for name in _TEXTS:
        votes[name] = text_column(votes[name].tolist())
    votes["flipped"] = votes["flipped"].astype("boolean")
    votes["cost"] = votes["cost"].astype("Float64")
    votes.attrs = {"notes": [f"models: {label}"] * bool(label) + [*filter(None, notes)]}
    return votes


def _row(ballot: Ballot, said: Said, rater: str) -> dict[str, Any]:
    pair = ballot.pair
    second = pair.b if said.first == pair.a else pair.a
    named = {"first": said.first, "second": second, "tie": TIE}
    winner = named.get(said.verdict)
    shared = {n: v for n, v in pair.row.items() if not n.startswith("key_")}
    return {
        **shared,
        "a": pair.a,
        "b": pair.b,
        "winner": TIE if said.verdict == "same" else winner,
        "winner_ab": winner if said.first == pair.a else None,
        "winner_ba": winner if said.first == pair.b else None,
        "flipped": None,
        "reason": _REASONS.get(said.verdict),
        "cost": None,
        "key_a": pair.row["key_a"],
        "key_b": pair.row["key_b"],
        "rater": rater,
    }


def _path(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser()
