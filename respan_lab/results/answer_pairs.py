"""Pairs of answers to the same item, and what whoever compares them is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pandas as pd

from ..errors import ConfigError
from ..evaluators.judged import asked_of, calls_shown
from .answers import Answers
from .groups import item_codes
from .matching import check_factor, check_levels, rows_of_level, shared_factors

__all__ = ["TIE", "AnswerPair", "ShownAnswer", "about", "answer_pairs", "shown_answers"]

TIE = "tie"
_WANTS = ("output", "expected", "variables", "tool_calls", "completion")


class ShownAnswer(NamedTuple):
    """An answer as it is shown to whoever compares.

    Attributes:
        answer: Its text; with tool calls, a dict of ``answer`` and ``tool_calls``.
        asked: What it answers, as `asked_of` gives it.
        variables: Of its item, by name.
        expected: The reference; None without one.
    """

    answer: Any
    asked: Mapping[str, Any]
    variables: Mapping[str, Any]
    expected: Any


class AnswerPair(NamedTuple):
    """Two answers that differ in one factor alone.

    Attributes:
        a: A level of it.
        b: The other.
        row: What both share (``item``, other factors, ``run``), ``key_a``, ``key_b``.
        first: The place in the frame of the answer of ``a``.
        second: And of ``b``.
    """

    a: str
    b: str
    row: Mapping[str, Any]
    first: int
    second: int


def answer_pairs(
    frame: pd.DataFrame, a: str | None, b: str | None, *, by: str
) -> list[AnswerPair]:
    """Pair the answers of levels: to the same item, prompt, setting and repeat.

    Only answers are paired: first choices of calls that are ``ok``.

    Args:
        frame: The frame of a run, or of several.
        a: A level of ``by``; None is every level.
        b: Another; None is every other one. Without both, all pairs of levels.
        by: The factor.

    Returns:
        The pairs; their places are positions in the frame.

    Raises:
        ConfigError: ``by`` is no factor, or ``a`` or ``b`` no level of it.

    Example:
        >>> from respan_lab.results import build_frame
        >>> rows = [{"model": m, "item": 1, "status": "ok", "output": m} for m in "xy"]
        >>> frame = build_frame(rows, models=["x", "y"], prompts=[])
        >>> [(p.a, p.b, p.row["item"]) for p in answer_pairs(frame, None, None,
        ...                                                  by="model")]
        [('x', 'y', 1)]
    """
    check_factor(frame, by)
    frame = frame.reset_index(drop=True).assign(_item=item_codes(frame))
    levels = _levels(frame, a, b, by)
    return [pair for one, two in levels for pair in _pairs(frame, one, two, by)]


def _levels(
    frame: pd.DataFrame, a: str | None, b: str | None, by: str
) -> list[tuple[str, str]]:
    there = {str(one) for one in frame[by].dropna().unique()}
    order = (
        [str(one) for one in frame[by].cat.categories]
        if isinstance(frame[by].dtype, pd.CategoricalDtype)
        else list(dict.fromkeys(map(str, frame[by].dropna())))
    )
    levels = [one for one in order if one in there]
    if TIE in levels:
        raise ConfigError(f"a level of {by!r} is called {TIE!r}, as a verdict is")
    check_levels(frame, *(one for one in (a, b) if one is not None), by=by)
    if a is not None and b is not None:
        return [(str(a), str(b))]
    if a is not None:
        return [(str(a), one) for one in levels if one != str(a)]
    if b is not None:
        return [(one, str(b)) for one in levels if one != str(b)]
    return list(combinations(levels, 2))


def _pairs(frame: pd.DataFrame, a: str, b: str, by: str) -> Iterator[AnswerPair]:
    first, second = (
        rows[(rows["choice"] == 0) & rows["output"].notna()].assign(
            _place=lambda one: one.index
        )
        for rows in (rows_of_level(frame, level, by=by) for level in (a, b))
    )
    shared = shared_factors(first, second, by=by)
    on = ["_item", *shared, "run"]
    matched = first[[*on, "item", "key", "_place"]].merge(
        second[[*on, "key", "_place"]], on=on, how="inner", suffixes=("_a", "_b")
    )
    names = ["item", *shared, "run", "key_a", "key_b"]
    for row in matched.to_dict("records"):
        kept = {name: row[name] for name in names}
        yield AnswerPair(a, b, kept, int(row["_place_a"]), int(row["_place_b"]))


def shown_answers(
    frame: pd.DataFrame, manifest: Mapping[str, Any], pairs: Sequence[AnswerPair]
) -> dict[int, ShownAnswer]:
    """Give the answers of pairs by their place in the frame.

    Args:
        frame: The frame they were paired in.
        manifest: What is known of it; where its ledger is, for the question.
        pairs: The pairs.
    """
    places = sorted({place for pair in pairs for place in (pair.first, pair.second)})
    answers = Answers(frame.iloc[places], manifest)
    contexts = (one for block in answers.contexts(_WANTS) for one in block)
    return dict(zip(places, map(_shown_of, contexts), strict=True))


def _shown_of(context: Mapping[str, Any]) -> ShownAnswer:
    calls = calls_shown(context["tool_calls"])
    text = context["output"]
    answer = text if calls is None else {"answer": text, "tool_calls": calls}
    variables = context["variables"] or {}
    asked = asked_of(context["completion"], variables)
    return ShownAnswer(answer, asked, variables, context["expected"])


def about(first: ShownAnswer, second: ShownAnswer) -> dict[str, Any]:
    """Say what both are answers to; of two prompts, what was filled into either.

    Returns:
        ``question`` (a list of messages) or ``variables`` (a dict), and ``expected``.
    """
    asked = first.asked
    if asked != second.asked:
        asked = {"variables": dict(first.variables)} if first.variables else {}
    return {**asked, "expected": first.expected}
