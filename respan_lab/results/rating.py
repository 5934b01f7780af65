"""A rater's way through ballots: what is next, was said, and is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from ..errors import ConfigError
from .ballots import Ballot
from .ratings_file import RatingsFile

__all__ = ["Progress", "Rating", "Said", "standing"]

VERDICTS = ("first", "second", "tie", "skip")


class Progress(NamedTuple):
    """How far a rater has come.

    Attributes:
        n: Pairs to ask about.
        decided: Of which this many have a verdict.
        skipped: And this many were skipped.
        same: Pairs that are not asked about, since their answers are identical.
    """

    n: int
    decided: int
    skipped: int
    same: int


class Said(NamedTuple):
    """What stands of what a rater said of a pair.

    Attributes:
        verdict: ``first``, ``second``, ``tie``, ``skip``; ``same`` if not asked.
        first: The level that was shown as 1.
    """

    verdict: str
    first: str


class Rating:
    """Asks a rater about ballots, and keeps each verdict before the next is asked.

    Everything it knows is in the file: another one goes on where this one stopped.

    Args:
        ballots: In the order in which they are asked.
        file: Where verdicts are kept.
        rater: Who votes.
        by: What the levels are levels of, for the file.

    Attributes:
        unreadable: Lines of the file that could not be read.
    """

    def __init__(
        self, ballots: Sequence[Ballot], file: RatingsFile, *, rater: str, by: str
    ) -> None:
        self._ballots, self._file = list(ballots), file
        self._rater, self._by = rater, by
        self._asked = {one.id: one for one in ballots if not one.is_same}
        entries, self.unreadable = file.read()
        own = [one for one in entries if one["rater"] == rater]
        self._done = _done(one for one in own if one["pair"] in self._asked)
        ids = {one.id for one in ballots}
        self._same = {
            one["pair"] for one in own if one["verdict"] == "same"
        } & ids  # noted so far
        self._again: list[str] = []

    @property
    def current(self) -> Ballot | None:
        """What is to be decided now; None at the end."""
        said = self._verdicts()
        pending = (one for name, one in self._asked.items() if name not in said)
        again = self._asked[self._again[0]] if self._again else None
        return next(pending, again)

    @property
    def progress(self) -> Progress:
        """How far the rater has come."""
        verdicts = [one.verdict for one in self._verdicts().values()]
        skipped = verdicts.count("skip")
        same = len(self._ballots) - len(self._asked)
        return Progress(len(self._asked), len(verdicts) - skipped, skipped, same)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._done)

    @property
    def said(self) -> dict[str, Said]:
        """What stands, by ballot: verdicts, skips, and ties of identical answers."""
        ties = {
            one.id: Said("same", one.first)
            for one in self._ballots
            if one.id in self._same
        }
        return {**ties, **self._verdicts()}

    def decide(self, verdict: Literal["first", "second", "tie", "skip"]) -> None:
        """Say of the current ballot which answer is better; a skip is kept, too.

        Raises:
            ConfigError: The verdict is none, or nothing is to be decided, or the file
                cannot be written: then nothing has been counted.
        """
        if verdict not in VERDICTS:
            raise ConfigError(
                f"verdict={verdict!r}; allowed: {', '.join(map(repr, VERDICTS))}"
            )
        ballot = self.current
        if ballot is None:
            raise ConfigError("every pair has been decided; undo takes the last back")
        passed = self._passed(ballot)
        lines = [self._line(ballot, verdict)]
        self._file.append([*lines, *(self._line(one, "same") for one in passed)])
        self._done.append((ballot.id, Said(verdict, ballot.first)))
        self._same.update(one.id for one in passed)
        self._again = [name for name in self._again if name != ballot.id]

    def undo(self) -> bool:
        """Take back the last verdict or skip, and show its pair again.

        Returns:
            Whether there was one.

        Raises:
            ConfigError: The file cannot be written; nothing has been taken back.
        """
        if not self._done:
            return False
        name = self._done[-1][0]
        self._file.append([self._line(self._asked[name], "undo")])
        self._done.pop()
        if name in self._verdicts():  # it had been skipped before
            self._again = [name, *(one for one in self._again if one != name)]
        return True

    def revisit(self) -> None:
        """Show once more what was skipped."""
        said = self._verdicts()
        self._again = [
            name
            for name in self._asked
            if name in said and said[name].verdict == "skip"
        ]

    def _verdicts(self) -> dict[str, Said]:
        return dict(self._done)  # the last on a pair holds

    def _passed(self, ballot: Ballot) -> list[Ballot]:
        """Identical answers that stand before what will be asked next.

        They are noted as the rater comes by, so that of a vote that is not finished
        their share is what it will be at the end.
        """
        said = {*self._verdicts(), ballot.id}
        found = []
        for one in self._ballots:
            if one.is_same and one.id not in self._same:
                found.append(one)
            elif not one.is_same and one.id not in said:
                break
        return found

    def _line(self, ballot: Ballot, verdict: str) -> dict[str, Any]:
        pair = ballot.pair
        return {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "rater": self._rater,
            "pair": ballot.id,
            **{name: _plain(value) for name, value in pair.row.items()},
            "by": self._by,
            "a": pair.a,
            "b": pair.b,
            "first": ballot.first,
            "verdict": verdict,
        }


def standing(entries: Iterable[Mapping[str, Any]]) -> dict[str, Said]:
    """Say what stands of one rater's lines, by pair; the last on a pair holds.

    Args:
        entries: The rater's, the oldest first.

    Example:
        >>> lines = [{"pair": "p", "first": "x", "verdict": v}
        ...          for v in ("first", "undo", "tie")]
        >>> standing(lines)["p"].verdict
        'tie'
    """
    lines = list(entries)
    same = {
        one["pair"]: Said("same", one["first"])
        for one in lines
        if one["verdict"] == "same"
    }
    return {**same, **dict(_done(lines))}


def _done(entries: Iterable[Mapping[str, Any]]) -> list[tuple[str, Said]]:
    """What was said and not taken back, the oldest first."""
    done: list[tuple[str, Said]] = []
    for one in entries:
        if one["verdict"] in VERDICTS:
            done.append((one["pair"], Said(one["verdict"], one["first"])))
        elif one["verdict"] == "undo":
            places = [at for at, each in enumerate(done) if each[0] == one["pair"]]
            if places:
                del done[places[-1]]
    return done


def _plain(value: Any) -> Any:
    """Give what JSON can hold; what is missing is null."""
    from .json_values import dumps, loads

    text = dumps(value)
    plain = loads(text) if text is not None else None
    return plain if isinstance(plain, str | int | float | bool | None) else text
