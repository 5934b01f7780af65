"""Answers that are there, scored anew; only a judge sends anything."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import ConfigError
from ..evaluators import Evaluator, check_evaluators, lower_is_better
from ..evaluators.naming import Evaluators
from ..evaluators.scoring import Ready, ready
from ..transport import run
from .answers import Answers
from .asides import Asides, Paying, with_judges
from .score_columns import with_scores

__all__ = ["Rescored", "rescored"]

_TASKS = 32  # answers that an async evaluator is scoring at once
_THREADS = min(32, (os.cpu_count() or 1) + 4)  # as many as asyncio has

_HOW_ON = "Their scores are missing; score again with a budget to ask for them."

Context = Mapping[str, Any]
Columns = dict[str, Any]


class Rescored(NamedTuple):
    """A frame with further scores, and what is known of it."""

    frame: pd.DataFrame
    manifest: dict[str, Any]


def rescored(
    frame: pd.DataFrame,
    manifest: Mapping[str, Any],
    evaluators: Sequence[Evaluators],
    paying: Paying = Paying(),  # noqa: B008  # it cannot be changed
) -> Rescored:
    """Score the answers of a frame.

    Args:
        frame: Any frame with a column ``output``; left as it is. Where it has a
            ``status``, the rows that are ``ok`` are scored.
        manifest: What is known of its run.
        evaluators: Functions, names, lists or dicts of those.
        paying: What judges among them may spend.

    Returns:
        The frame with the columns of each evaluator, missing for rows that were not
        scored; the manifest with its name.

    Raises:
        BudgetError: The budget is no number of dollars above 0.
        ConfigError: There is nothing to score, or no evaluator, or one is unknown, or
            the model of a judge is, or with a budget its price.

    Example:
        >>> frame = pd.DataFrame({"output": ["Oui.", None], "expected": "oui"})
        >>> rescored(frame, {}, ["exact_match"]).frame["score_exact_match"].tolist()
        [True, <NA>]
    """
    if "output" not in frame:
        raise ConfigError("the frame has no column 'output': there is nothing to score")
    named = _named(evaluators)
    places = np.flatnonzero(_is_answered(frame))
    is_all = len(places) == len(frame)
    asides = Asides(manifest, named, paying)
    run(asides.check())
    answers = Answers(frame if is_all else frame.iloc[places], manifest)
    known = [*manifest.get("evaluators", ()), *named]
    scored = frame
    for each in ready(named):
        columns = _spread(each.name, _scores(each, answers, asides), places, len(frame))
        scored = with_scores(scored, each.name, columns, known=known)
    budget = asides.told_of_budget()
    if budget is not None and budget["message"]:
        warnings.warn(f"{budget['message']} {_HOW_ON}", UserWarning, stacklevel=3)
    told = with_judges(_manifest(manifest, named), asides.tallies.manifest(), budget)
    return Rescored(scored, told)


def _named(evaluators: Sequence[Evaluators]) -> dict[str, Evaluator]:
    named: dict[str, Evaluator] = {}
    for each in evaluators:
        found = check_evaluators(each)
        if twice := named.keys() & found.keys():
            raise ConfigError(
                f"two evaluators are named {min(twice)!r}; give them as a dict "
                "name -> function, with names of your own"
            )
        named |= found
    if not named:
        raise ConfigError('there is no evaluator: r.score("exact_match")')
    return named


def _is_answered(frame: pd.DataFrame) -> np.ndarray:
    if "status" not in frame:
        return np.ones(len(frame), dtype=bool)
    found: np.ndarray = (frame["status"].astype(object) == "ok").to_numpy(dtype=bool)
    return found


def _manifest(
    manifest: Mapping[str, Any], named: Mapping[str, Evaluator]
) -> dict[str, Any]:
    before = list(manifest.get("evaluators", ()))
    told = {
        **_without(manifest, named),
        "evaluators": list(dict.fromkeys([*before, *named])),
    }
    told["lower_is_better"] = [
        *told.get("lower_is_better", ()),
        *lower_is_better(named),
    ]
    if runs := manifest.get("runs"):  # several, put together
        told["runs"] = {name: _without(run, named) for name, run in runs.items()}
    return told


def _without(
    manifest: Mapping[str, Any], named: Mapping[str, Evaluator]
) -> dict[str, Any]:
    """Leave out what was known of evaluators that have scored anew."""
    lower = manifest.get("lower_is_better")
    if lower is None:
        return dict(manifest)
    return {**manifest, "lower_is_better": [n for n in lower if n not in named]}


def _spread(
    name: str, scores: Iterable[Columns], places: np.ndarray, n_rows: int
) -> dict[str, list[Any]]:
    """Make columns of the scores; what is not scored is missing."""
    columns: dict[str, list[Any]] = {}
    for place, each in zip(places.tolist(), scores, strict=True):
        for column, value in each.items():
            if column not in columns:
                columns[column] = [None] * n_rows
            columns[column][place] = value
    return columns or {f"score_{name}": [None] * n_rows}


def _scores(evaluator: Ready, answers: Answers, asides: Asides) -> Iterator[Columns]:
    for contexts in answers.contexts(sorted(evaluator.wants)):
        if evaluator.is_quick:
            yield from map(evaluator.score_here, contexts)
        elif evaluator.is_async:
            yield from run(_awaited(evaluator, contexts, asides))
        else:
            yield from _in_threads(evaluator, contexts)


def _in_threads(evaluator: Ready, contexts: Sequence[Context]) -> list[Columns]:
    """Score answers in a few threads, each of which takes the next one."""
    scores: list[Columns] = [{}] * len(contexts)
    waiting = iter(range(len(contexts)))
    is_over = threading.Event()

    def work() -> None:
        for at in waiting:
            if is_over.is_set():
                return
            scores[at] = evaluator.score_here(contexts[at])

    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="respan-lab-score")
    try:
        for each in [threads.submit(work) for _ in range(min(_THREADS, len(scores)))]:
            each.result()
    finally:
        is_over.set()  # an interrupt does not wait for a slow function
        threads.shutdown(wait=False)
    return scores


async def _awaited(
    evaluator: Ready, contexts: Sequence[Context], asides: Asides
) -> list[Columns]:
    """Score answers on the loop, so many at once."""
    import asyncio

    scores: list[Columns] = [{}] * len(contexts)
    waiting = iter(range(len(contexts)))

    async def work() -> None:
        for at in waiting:
            scores[at] = await evaluator.score(contexts[at])

    async with asides.open(), asyncio.TaskGroup() as tasks:
        for _ in range(min(_TASKS, len(scores))):
            tasks.create_task(work())
    return scores
