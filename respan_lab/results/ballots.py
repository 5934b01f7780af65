"""Ballots of a blind vote: which pairs are asked about, in which order and sides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from random import Random
from typing import Any, NamedTuple

import pandas as pd

from .answer_pairs import (
    AnswerPair,
    ShownAnswer,
    about,
    answer_pairs,
    shown_answers,
)
from .json_values import dumps

__all__ = ["Ballot", "all_ballots", "drawn_ballots"]


class Ballot(NamedTuple):
    """Two answers to vote on.

    Attributes:
        id: Of these two answers, whichever is called ``a``; other answers of the same
            two to the same item have another. It tells nothing of their texts.
        pair: What they are.
        shown: Both answers, that of ``a`` first.
        first: The level whose answer is shown as 1.
    """

    id: str
    pair: AnswerPair
    shown: tuple[ShownAnswer, ShownAnswer]
    first: str

    @property
    def is_same(self) -> bool:
        """Whether the answers are identical, which is a tie without a question."""
        return bool(self.shown[0].answer == self.shown[1].answer)

    @property
    def second(self) -> str:
        """The level whose answer is shown as 2."""
        return self.pair.b if self.first == self.pair.a else self.pair.a

    @property
    def sides(self) -> tuple[Any, Any]:
        """The two answers as they are shown, 1 and 2."""
        one, two = (each.answer for each in self.shown)
        return (one, two) if self.first == self.pair.a else (two, one)

    @property
    def about(self) -> dict[str, Any]:
        """What both are answers to, as `about` gives it."""
        return about(*self.shown)


def all_ballots(
    frame: pd.DataFrame,
    manifest: Mapping[str, Any],
    *,
    a: str | None = None,
    b: str | None = None,
    by: str = "model",
) -> list[Ballot]:
    """Make a ballot of every pair of answers, ``a`` first, in the frame's order.

    Args:
        frame: The frame of a run, or of several.
        manifest: What is known of it.
        a: A level of ``by``; None is every level.
        b: Another; None is every other one.
        by: The factor whose levels are compared.

    Raises:
        ConfigError: As `answer_pairs`.
    """
    pairs = answer_pairs(frame, a, b, by=by)
    shown = shown_answers(frame, manifest, pairs)
    made: list[Ballot] = []
    seen: dict[str, int] = {}
    for pair in pairs:
        both = (shown[pair.first], shown[pair.second])
        name = _id(pair, both, by)
        seen[name] = seen.get(name, 0) + 1  # a frame without keys may have some twice
        nth = f"-{seen[name]}" if seen[name] > 1 else ""
        made.append(Ballot(name + nth, pair, both, pair.a))
    return made


def drawn_ballots(
    ballots: Sequence[Ballot], *, rater: str, seed: int = 0, n: int | None = None
) -> list[Ballot]:
    """Draw what a rater is shown: which, in which order, and which answer is 1.

    Which are drawn depends on the seed alone, so that all raters see the same pairs.
    Order and sides depend on the rater as well. Each two levels come about equally
    often, and each of them stands first in half of their ballots.

    Args:
        ballots: All there are, in any order.
        rater: Who votes.
        seed: Of the draw.
        n: How many to ask about; None asks about all. Identical answers come along in
            their share, and are not counted.

    Example:
        >>> drawn_ballots([], rater="ann")
        []
    """
    drawing = Random(f"{seed}")
    mixed = sorted(ballots, key=lambda one: one.id)
    drawing.shuffle(mixed)
    drawn = list(_first(_in_turn(mixed), n))
    own = Random(f"{seed} {rater}")
    own.shuffle(drawn)
    return _with_sides(drawn, own)


def _id(pair: AnswerPair, shown: Sequence[ShownAnswer], by: str) -> str:
    keys = (pair.row["key_a"], pair.row["key_b"])
    sides = sorted(
        str(dumps([level, key, answer.answer]))
        for level, key, answer in zip((pair.a, pair.b), keys, shown, strict=True)
    )
    what = dumps([by, pair.row["item"], pair.row["run"], *sides])
    return hashlib.sha256(str(what).encode()).hexdigest()[:24]


def _in_turn(ballots: Sequence[Ballot]) -> Iterator[Ballot]:
    """Let each two levels have their turn, so that any beginning is balanced."""
    by_levels: dict[tuple[str, ...], list[Ballot]] = {}
    for one in ballots:
        by_levels.setdefault(_levels(one), []).append(one)
    for some in zip_longest(*by_levels.values()):
        yield from (one for one in some if one is not None)


def _first(ballots: Iterator[Ballot], n: int | None) -> Iterator[Ballot]:
    asked = 0
    for one in ballots:
        yield one
        asked += not one.is_same
        if n is not None and asked >= n:
            return


def _with_sides(ballots: Sequence[Ballot], random: Random) -> list[Ballot]:
    by_levels: dict[tuple[str, ...], list[int]] = {}
    for at, one in enumerate(ballots):
        if not one.is_same:
            by_levels.setdefault(_levels(one), []).append(at)
    first: dict[int, str] = {}
    for levels, places in by_levels.items():
        turns = [random.sample(levels, 2) for _ in range((len(places) + 1) // 2)]
        sides = [level for turn in turns for level in turn][: len(places)]
        random.shuffle(sides)
        first.update(zip(places, sides, strict=True))
    return [
        one._replace(first=first.get(at, one.first)) for at, one in enumerate(ballots)
    ]


def _levels(ballot: Ballot) -> tuple[str, ...]:
    return tuple(sorted((ballot.pair.a, ballot.pair.b)))
