"""Votes of a judge on pairs of answers to the same item, each asked in both orders."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..errors import ConfigError, RespanError
from ..evaluators.pairwise_judge import PairwiseJudge, Preference
from ..transport import run
from .answer_pairs import (
    TIE,
    AnswerPair,
    ShownAnswer,
    about,
    answer_pairs,
    shown_answers,
)
from .asides import Asides, Paying
from .votes_frame import Votes

__all__ = ["TIE", "pairwise"]

_HOW_ON = "Their verdicts are missing; ask again with a budget for them."
_TASKS = 32  # pairs that are judged at once
_TEXTS = ("winner", "winner_ab", "winner_ba", "reason", "key_a", "key_b")


def pairwise(
    frame: pd.DataFrame,
    manifest: Mapping[str, Any],
    judge: PairwiseJudge,
    *,
    a: str | None = None,
    b: str | None = None,
    by: str = "model",
    paying: Paying = Paying(),  # noqa: B008  # it cannot be changed
) -> Votes:
    """Have pairs of answers judged; as `Results.pairwise` says.

    Args:
        frame: The frame of a run, or of several.
        manifest: What is known of it.
        judge: Says which is better.
        a: A level of `by`; None are all.
        b: Another; None are all others.
        by: The factor they are levels of.
        paying: What the judge may spend.

    Raises:
        BudgetError: The budget is no number of dollars above 0.
        ConfigError: A name is not in the frame, or the judge is none or cannot run, or
            with a budget its price is unknown.
    """
    if not isinstance(judge, PairwiseJudge):
        raise ConfigError(
            f"{judge!r} is no judge of pairs; use lab.pairwise_judge(...)"
        )
    pairs = answer_pairs(frame, a, b, by=by)
    asides = Asides(manifest, {judge.__name__: judge}, paying)
    run(asides.check())
    shown = shown_answers(frame, manifest, pairs)
    told = run(_judged(judge, pairs, shown, asides)) if pairs else []
    budget = asides.told_of_budget()
    if budget is not None and budget["message"]:
        warnings.warn(f"{budget['message']} {_HOW_ON}", UserWarning, stacklevel=3)
    rows = [_row(pair, *each) for pair, each in zip(pairs, told, strict=True)]
    return _frame(rows, asides)


async def _judged(
    judge: PairwiseJudge,
    pairs: Sequence[AnswerPair],
    shown: Mapping[int, ShownAnswer],
    asides: Asides,
) -> list[tuple[Preference, Preference]]:
    """Ask about every pair in both orders, some pairs at once."""
    told: dict[int, tuple[Preference, Preference]] = {}
    waiting = iter(enumerate(pairs))

    async def work() -> None:
        for at, pair in waiting:
            one, two = shown[pair.first], shown[pair.second]
            told[at] = (await _preferred(judge, one, two), _SAME)
            if one.answer != two.answer:
                told[at] = (told[at][0], await _preferred(judge, two, one))

    async with asides.open(), asyncio.TaskGroup() as tasks:
        for _ in range(min(_TASKS, len(pairs))):
            tasks.create_task(work())
    return [told[at] for at in range(len(pairs))]


# Of two answers that are the same, either order is the same question.
_SAME = Preference(None, "the same question", 0.0)


async def _preferred(
    judge: PairwiseJudge, first: ShownAnswer, second: ShownAnswer
) -> Preference:
    try:
        return await judge.prefer(first.answer, second.answer, about(first, second))
    except RespanError as error:
        return Preference(None, f"{type(error).__name__}: {error}", None)


def _row(pair: AnswerPair, ab: Preference, ba: Preference) -> dict[str, Any]:
    if ba is _SAME:
        ba = ab._replace(cost=0.0)
    ab_won = _named(ab, first=pair.a, second=pair.b)
    ba_won = _named(ba, first=pair.b, second=pair.a)
    is_known = ab_won is not None and ba_won is not None
    agrees = ab_won == ba_won
    costs = [ab.cost, ba.cost]
    return {
        **{name: v for name, v in pair.row.items() if not name.startswith("key_")},
        "a": pair.a,
        "b": pair.b,
        "winner": (ab_won if agrees else TIE) if is_known else None,
        "winner_ab": ab_won,
        "winner_ba": ba_won,
        "flipped": not agrees if is_known else None,
        "reason": _reason(pair, ab, ba) if not (is_known and agrees) else ab.reason,
        "cost": None if None in costs else sum(filter(None, costs)),
        "key_a": pair.row["key_a"],
        "key_b": pair.row["key_b"],
    }


def _named(told: Preference, *, first: str, second: str) -> str | None:
    names = {"first": first, "second": second, TIE: TIE}
    return None if told.winner is None else names[told.winner]


def _reason(pair: AnswerPair, ab: Preference, ba: Preference) -> str:
    return f"{pair.a} first: {ab.reason or '–'} | {pair.b} first: {ba.reason or '–'}"


def _frame(rows: Sequence[Mapping[str, Any]], asides: Asides) -> Votes:
    columns = ["item", "run", "a", "b", *_TEXTS[:3], "flipped", "reason", "cost"]
    columns = list(rows[0]) if rows else [*columns, *_TEXTS[4:]]
    votes = Votes(pd.DataFrame(list(rows), columns=columns))
    for name in _TEXTS:
        votes[name] = votes[name].astype("string")
    for name in ("a", "b"):
        votes[name] = votes[name].astype("string")
    votes["flipped"] = votes["flipped"].astype("boolean")
    votes["cost"] = votes["cost"].astype("Float64")
    votes.attrs = {
        "judges": asides.tallies.manifest(),
        "judging": asides.told_of_budget(),
    }
    return votes
