"""A blind vote in a cell: two answers side by side, and nobody knows whose they are."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import ConfigError
from ..results.ballots import all_ballots, drawn_ballots
from ..results.headline import run_label
from ..results.rated import votes_of
from ..results.rating import Rating
from ..results.ratings_file import RatingsFile, default_path
from ..results.text import visible
from ..results.wording import count
from .ballot_views import CLOSED, blind, result
from .code import Code, call, literal, name_of, script
from .panel import said
from .part import Part

if TYPE_CHECKING:
    from ..results import Results
    from ..results.votes_frame import Votes

__all__ = ["Rater"]

NOBODY = "me"
_VERDICTS = ("first", "second", "tie", "skip")


class Rater(Part, front="rater"):
    """Two answers to the same item side by side, to be voted on without their names.

    Click it, then press 1 or 2 for the better one, t (or 0, =) for a tie, s to skip, u
    to undo; the buttons do the same. Pairs come in shuffled order, and each model
    stands on either side about equally often. Nothing in the page tells whose an answer
    is, until all is decided and you ask for it. Identical answers are ties by
    themselves and are not asked about.

    Each vote is on the disk before the next pair is shown. A rater made anew, with the
    same results and file, goes on where it stopped; several people can use one file,
    each with a name of their own. The file holds no answers. In marimo, show it with
    ``mo.ui.anywidget(rater)``.

    Args:
        results: The run whose answers are compared.
        a: A model of it; None is every model.
        b: Another; None is every other model. Without both, all pairs are shown.
        by: What ``a`` and ``b`` are levels of: ``model``, ``prompt`` …
        rater: Who votes; None is ``"me"``. Give names where several vote.
        path: The file that votes are kept in, one JSON object a line, only ever added
            to; None is ``<home>/ratings/<name of the run>.jsonl``, where home is
            ``$RESPAN_LAB_HOME`` or ``.respan-lab``.
        seed: Of what is drawn, of order and sides.
        n: How many pairs to ask about, drawn by the seed, the same for all raters;
            None asks about all.

    Raises:
        ConfigError: A name is not in the run, or there is nothing to compare, or the
            file cannot be read.

    Example:
        >>> import respan_lab as lab
        >>> said = {"short": lambda _, **__: "Hi", "kind": lambda _, **__: "Good day"}
        >>> client = lab.Client(gateway=lab.Gateway(providers={"sim": said}))
        >>> results = lab.compare(
        ...     "Greet {{ who }}", ["sim/short", "sim/kind"], [{"who": "Ada"}],
        ...     client=client, progress=False,
        ... )
        >>> rater = Rater(results, rater="ann")
        >>> rater
        Rater('ann', 0 of 1)
        >>> rater.decide("first")
        >>> rater.votes["winner"].isin(["sim/short", "sim/kind"]).tolist()
        [True]
    """

    # What the front end is shown: nothing here may tell who wrote what.
    ballot: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    progress: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    rater = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    result: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        results: Results,
        a: str | None = None,
        b: str | None = None,
        *,
        by: str = "model",
        rater: str | None = None,
        path: str | os.PathLike[str] | None = None,
        seed: int = 0,
        n: int | None = None,
    ) -> None:
        name = _checked(rater, n)
        frame, manifest = results.df, results.manifest
        every = all_ballots(frame, manifest, a=a, b=b, by=by)
        if not every:
            raise ConfigError(
                f"no item has answers of two levels of {by!r}; see r.errors, or name "
                "another by="
            )
        file = (
            default_path(manifest)
            if path is None
            else RatingsFile(Path(path).expanduser())
        )
        where = None if path is None else os.fspath(path)
        self._given = {"by": by, "rater": rater, "path": where, "seed": seed, "n": n}
        self._levels, self._results, self._file = (a, b), results, file
        self._ballots = every
        self._label = run_label(frame, manifest)
        drawn = drawn_ballots(every, rater=name, seed=seed, n=n)
        self._rating = Rating(drawn, file, rater=name, by=by)
        self._turn = 0
        super().__init__(rater=visible(name), notice=_notice(self._rating, file.path))
        self._name = name
        self._show()

    @property
    def votes(self) -> Votes:
        """This rater's votes so far, as `Results.ratings` gives them.

        Whoever looks at them knows more than a blind rater should.
        """
        said = {self._name: self._rating.said}
        return votes_of(self._ballots, said, self._label)

    @property
    def path(self) -> Path:
        """The file that votes are kept in."""
        return self._file.path

    def decide(self, verdict: str) -> None:
        """Vote on the pair that is shown.

        Args:
            verdict: ``first``, ``second``, ``tie`` or ``skip``.

        Raises:
            ConfigError: It is none of these, or nothing is left, or the vote could not
                be written: then it is not counted.
        """
        self._check_open()
        self._rating.decide(verdict)  # type: ignore[arg-type]  # it says what is wrong
        self._show()

    def undo(self) -> None:
        """Take the last vote or skip back, and show its pair again.

        Raises:
            ConfigError: That could not be written: then the vote still stands.
        """
        self._check_open()
        self._rating.undo()
        self._show()

    def reveal(self) -> None:
        """Show who won; ends the vote in this widget.

        Raises:
            ConfigError: Some pair has not been asked about.
        """
        if self._rating.current is not None:
            raise ConfigError("there are pairs left; vote on them, or see .votes")
        self.result = result(self.votes)

    def to_code(self) -> Code:
        """Give the calls that this vote stands for; what was said is in its file."""
        results = name_of(self._results, "results")
        a, b = self._levels
        given = self._given
        usual = {"by": "model", "seed": 0}
        more: dict[str, str | None] = {
            name: None if value in (None, usual.get(name)) else literal(value)
            for name, value in given.items()
        }
        sides = {"a": a, "b": b}
        named = {k: None if v is None else literal(v) for k, v in sides.items()}
        written = call("lab.Rater", results, **named, **more)
        return script(f"rater = {written}", "rater.votes")

    def hear(self, message: dict[str, Any]) -> None:
        """Do what a key or button asks, if it is about the pair that is shown."""
        if message.get("turn") != self._turn:
            return  # a second press, made before this pair could be seen
        try:
            self._do(str(message.get("do")))
        except Exception as error:  # there is no other place to tell it
            self._show(problem=visible(said(error)))

    def _do(self, what: str) -> None:
        if what in _VERDICTS:
            self.decide(what)
        elif what == "undo":
            self.undo()
        elif what == "revisit":
            self._check_open()
            self._rating.revisit()
            self._show()
        elif what == "reveal":
            self.reveal()

    def _check_open(self) -> None:
        if self.result:
            raise ConfigError(f"{CLOSED}; .votes has what was decided")

    def _show(self, problem: str = "") -> None:
        self._turn += 1
        progress = self._rating.progress
        with self.hold_sync():
            self.ballot = {"turn": self._turn, **blind(self._rating.current)}
            self.progress = {
                **progress._asdict(),
                "text": _progress(self._rating),
                "undo": self._rating.can_undo,
            }
            self.problem = problem

    def _static(self) -> str:
        text = f"Blind vote of {self.rater}: {_progress(self._rating)}"
        return f"<div><b>{escape(text)}</b></div>"

    def __repr__(self) -> str:
        return f"Rater({self._name!r}, {_progress(self._rating)})"


def _checked(rater: str | None, n: int | None) -> str:
    name = NOBODY if rater is None else rater
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"rater={rater!r}: give a name, such as 'ann'")
    if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1):
        raise ConfigError(f"n={n!r}: give a number of pairs from 1 up, or None for all")
    return name


def _notice(rating: Rating, path: Path) -> str:
    if not rating.unreadable:
        return ""
    lines = count(rating.unreadable, "line")
    return f"{lines} of {path} cannot be read and do not count"


def _progress(rating: Rating) -> str:
    found = rating.progress
    parts = [
        f"{found.decided:,} of {found.n:,}",
        f"{found.skipped:,} skipped" if found.skipped else "",
        f"{found.same:,} identical, not asked" if found.same else "",
    ]
    return ", ".join(part for part in parts if part)
