"""Who is better: every pair, paired by item, with a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .comparison_frame import Comparison, comparison_frame
from .comparison_pairs import Pair, compared, level_pairs, strict_alpha
from .metrics import ERRORS, TIMES, figures_of, metric_names
from .pairing import Layout
from .statistics.planning import items_to_settle
from .statistics.verdicts import CORRECTIONS, MIN_ITEMS, adjusted, verdict_of
from .wording import count

__all__ = ["check_choice", "compare"]

_ONE_LOOK = (
    "the run could stop early: what was not decided by it, such as a comparison of "
    "prompts, has p-values and intervals that are right for one look only"
)

_LOOKS = (
    "the run could stop after every item: p-values and intervals with the betting "
    "sequence are of the items that counted, and hold at all looks and for all pairs "
    "of the run together"
)


def compare(
    frame: pd.DataFrame,
    metric: str | Sequence[str] | None = None,
    baseline: object = None,
    *,
    by: str | Sequence[str] = "model",
    margin: float = 0.02,
    correction: str | None = "holm",
    alpha: float = 0.05,
    errors: str = "zero",
    manifest: Mapping[str, Any] | None = None,
) -> Comparison:
    """Compare the levels of a factor, each pair on the items that both have.

    Args:
        frame: The frame of a run, or of several.
        metric: A score's name without ``score_``; or ``cost``, ``latency``,
            ``time_to_first_token``, ``completion_tokens``, of which less is better
            and which are compared by ratios. A list of them is one family. None is
            the only score.
        baseline: The level that all others are compared with; None compares every
            pair.
        by: The factor: ``model``, ``prompt``, ``prompt_version``, ``param_<name>``,
            ``run_name``; of several, each combination is a level.
        margin: How far apart two may be that count as equal, in the score's unit; of
            a ratio, as its logarithm (0.02 is 2 %).
        correction: ``holm`` or ``bh`` over the rows of the call; None for none.
        alpha: The error that is allowed.
        errors: What becomes of answers that were refused or cut off and that no
            evaluator scored: ``zero`` gives them the worst score, ``exclude`` leaves
            them out. Other calls that failed are always left out. If the two lead to
            different verdicts, both are told.
        manifest: The run's: its ``lower_is_better`` names scores of which less is
            better.

    Returns:
        A row for each pair and metric: ``metric``, ``a``, ``b``, ``n_items`` that
        both have; ``diff``, the mean over items of a's less b's (of a ratio, the
        natural logarithm of a's over b's), with its interval ``ci_low`` to
        ``ci_high`` at ``ci_level``; ``p_value`` and ``p_adjusted`` of ``test``,
        missing under 15 items; ``verdict`` of a against b: ``better``, ``worse``,
        ``tied`` or ``undecided``; of the last, ``n_more``, the further items that
        would settle it 8 times in 10 if the truth is what was seen.

    Raises:
        ConfigError: A name is not in the frame, a value out of range, or there are
            no two levels.

    Example:
        >>> answers = [(i, m, i % 4 > 0 or m == "b") for i in range(40) for m in "ab"]
        >>> frame = pd.DataFrame(answers, columns=["item", "model", "score_good"])
        >>> found = compare(frame, baseline="a")
        >>> found.loc[0, ["a", "b", "verdict"]].tolist()
        ['b', 'a', 'better']
        >>> found.sentences
        ['b against a, good: 25 points better, 13–41']
    """
    check_choice(margin=margin, correction=correction, alpha=alpha, errors=errors)
    frame = frame.reset_index(drop=True)
    layout = Layout(frame, by)
    two_and_two = level_pairs(layout.names, baseline, by)
    chosen = _Choice(margin=margin, correction=correction, alpha=alpha)
    names = metric_names(frame, metric)
    measured = [figures_of(frame, n, errors=errors, manifest=manifest) for n in names]
    other = ERRORS[1 - ERRORS.index(errors)]
    otherwise = [figures_of(frame, n, errors=other, manifest=manifest) for n in names]
    pairs = compared(layout, measured, two_and_two, alpha=alpha)
    rows = _rows(pairs, chosen)
    notes = _notes(pairs)
    if any(one.n_zeroed for one in (*measured, *otherwise)):
        others = compared(layout, otherwise, two_and_two, alpha=alpha)
        notes += _differing(rows, _rows(others, chosen), errors)
    in_points = [one.name for one in measured if one.in_points]
    return comparison_frame(rows, notes=notes, in_points=in_points)


class _Choice(NamedTuple):
    """How it is compared."""

    margin: float
    correction: str | None
    alpha: float


def check_choice(
    *,
    correction: str | None,
    alpha: float,
    margin: float = 0.0,
    errors: str = "zero",
) -> None:
    """Raise a `ConfigError` if one of the choices is out of range."""
    if not margin >= 0:
        raise ConfigError(f"margin={margin!r}: use 0 or more, for example 0.02")
    if not 0 < alpha < 0.5:
        raise ConfigError(f"alpha={alpha!r}: use a chance such as 0.05, below 0.5")
    if correction is not None and correction not in CORRECTIONS:
        raise ConfigError(
            f"correction={correction!r}: use 'holm', 'bh', or None for none"
        )
    if errors not in ERRORS:
        raise ConfigError(f"errors={errors!r}: use 'zero' or 'exclude'")


def _rows(pairs: Sequence[Pair], chosen: _Choice) -> list[dict[str, Any]]:
    family = [float("nan") if pair.is_sequence else pair.p_value for pair in pairs]
    known = adjusted(family, chosen.correction)
    strict = strict_alpha(chosen.alpha, len(pairs), chosen.correction)
    return [
        _row(pair, pair.p_value if pair.is_sequence else p_adjusted, chosen, strict)
        for pair, p_adjusted in zip(pairs, known, strict=True)
    ]


def _row(
    pair: Pair, p_adjusted: float, chosen: _Choice, strict: float
) -> dict[str, Any]:
    found, nothing = pair.found, dict.fromkeys(("diff", "ci_low", "ci_high", "test"))
    row: dict[str, Any] = {
        "metric": pair.figures.name,
        "a": pair.a,
        "b": pair.b,
        "n_items": 0,
        **nothing,
        "ci_level": 1 - chosen.alpha,
        "p_value": _known(pair.p_value),
        "p_adjusted": _known(p_adjusted),
        "verdict": "undecided",
        "n_more": None,
    }
    if found is None:
        return row
    verdict = verdict_of(
        found,
        p_adjusted,
        margin=chosen.margin,
        alpha=chosen.alpha,
        lower_is_better=pair.figures.lower_is_better,
    )
    row |= {
        "n_items": found.n_items,
        "diff": found.mean,
        "ci_low": _known(found.interval.low),
        "ci_high": _known(found.interval.high),
        "test": found.test,
        "verdict": verdict,
    }
    # Of one look at so many items; a run that looks all the time needs others.
    if verdict == "undecided" and not pair.is_sequence:
        row["n_more"] = items_to_settle(found, margin=chosen.margin, alpha=strict)
    return row


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _notes(pairs: Sequence[Pair]) -> list[str]:
    at_all_looks = [pair for pair in pairs if pair.is_sequence]
    pairs = [pair for pair in pairs if not pair.is_sequence]
    counts = [len(pair.paired.differences) for pair in pairs]
    few = sorted({n for n in counts if n < MIN_ITEMS})
    notes = [_LOOKS] if at_all_looks else []
    if any(pair.figures.stopped for pair in pairs):
        notes.append(_ONE_LOOK)
    if few:
        span = count(few[0], "item") if len(few) == 1 else f"{few[0]}–{few[-1]} items"
        notes.append(f"p-values withheld: {span}, at least {MIN_ITEMS} needed")
    for pair, n_items in zip(pairs, counts, strict=True):
        missing = pair.paired.n_seen - n_items
        if missing:
            notes.append(
                f"{pair.a} and {pair.b}: {missing:,} of "
                f"{count(pair.paired.n_seen, 'item')} left out, for one of them has "
                f"no {pair.figures.name} there{_why(pair)}"
            )
    return notes


def _why(pair: Pair) -> str:
    is_time = pair.figures.name in TIMES
    return " that was measured in this run" if is_time else ""


def _differing(
    rows: Sequence[Mapping[str, Any]],
    otherwise: Sequence[Mapping[str, Any]],
    errors: str,
) -> list[str]:
    """Tell the verdicts that hang on what becomes of refused answers."""
    told = {"zero": "counted as the worst", "exclude": "left out"}
    here, there = told[errors], told[ERRORS[1 - ERRORS.index(errors)]]
    return [
        f"{row['a']} and {row['b']}, {row['metric']}: {row['verdict']} with refused "
        f"and truncated answers {here}, {other['verdict']} with them {there}"
        for row, other in zip(rows, otherwise, strict=True)
        if row["verdict"] != other["verdict"]
    ]
