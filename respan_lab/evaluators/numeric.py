"""Scores for answers that are a number."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Literal, get_args

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .numbers import Decimal as Mark
from .numbers import Written, numbers_in
from .text import alternatives, is_missing

__all__ = ["numeric"]

Which = Literal["last", "first", "any", "only"]
Outcome = tuple[bool | None, str | None]

_MAX_TEXT = 50_000  # characters that are searched
_NOISE = 1e-12  # how far apart floats are that should be the same
_NO_NUMBER = "no number in the answer"


@maker
def numeric(
    tolerance: float = 0.0,
    *,
    relative: float = 1e-9,
    which: Which = "last",
    decimal: Mark = ".",
) -> Evaluator:
    """Make an evaluator that compares a number in the answer with the expected one.

    Which number counts is ``which``: the last one of the answer, as most answers end
    with their result. `respan_lab.evaluators.numbers.numbers_in` says what is read as a
    number. Where only one of the two is written in percent, it fits as it is written
    or as a hundredth of that: ``45%`` is 45, and 0.45.

    Args:
        tolerance: How far off it may be at most, in the units of the expected number.
        relative: The same as a part of the expected number; the larger one holds. The
            default forgives how floats are written.
        which: ``last``, ``first``, ``any`` (one of them fits), or ``only`` (several
            different numbers give no score, and a note).
        decimal: What stands before the decimals, ``.`` or ``,``.

    Returns:
        A function of ``output`` and ``expected``: a number, or a text with one; a list
        holds alternatives. It gives True or False and a note of what was found instead,
        None if either is missing; ValueError if the expected one is no number. Of an
        answer above 50,000 characters it reads the end, for `which="first"` the
        beginning.

    Raises:
        ConfigError: If a tolerance is negative, or a choice unknown.

    Example:
        >>> near = numeric(tolerance=0.5)
        >>> near("Of 3 boxes with 4 each: **12.3 kg**", 12)
        (True, None)
        >>> near("about 1,300", "1,200 kg")
        (False, 'found 1300')
    """
    for name, value in (("tolerance", tolerance), ("relative", relative)):
        if not isinstance(value, Real) or not 0 <= value < math.inf:
            raise ConfigError(f"{name}={value!r}: use a number from 0 up")
    for name, choice, allowed in (
        ("which", which, get_args(Which)),
        ("decimal", decimal, get_args(Mark)),
    ):
        if choice not in allowed:
            known = ", ".join(map(repr, allowed))
            raise ConfigError(f"{name}={choice!r}: use one of {known}")
    pick = _PICKS[which]

    def score(output: str | None, expected: object) -> Outcome:
        wanted = [_number(one, decimal) for one in alternatives(expected)]
        if is_missing(output) or not wanted:
            return None, None
        found = pick(numbers_in(_part(str(output), which), decimal))
        if which == "only" and len(set(found)) > 1:
            return None, f"{len(set(found))} different numbers in the answer"
        for one in found:
            if any(_fits(one, number, tolerance, relative) for number in wanted):
                return True, None
        return False, _said(found)

    return made("numeric", score)


_PICKS: Mapping[Which, Callable[[Iterable[Written]], list[Written]]] = {
    "last": lambda found: list(deque(found, maxlen=1)),
    "first": lambda found: [one for one, _ in zip(found, "1", strict=False)],
    "any": list,
    "only": list,
}


def _part(text: str, which: Which) -> str:
    return text[:_MAX_TEXT] if which == "first" else text[-_MAX_TEXT:]


def _number(expected: object, decimal: Mark) -> Written:
    if isinstance(expected, Real | Decimal) and not isinstance(expected, bool):
        found = [Written(float(expected), False)]
    else:
        found = list(numbers_in(str(expected)[:_MAX_TEXT], decimal))
    if len(found) != 1 or not math.isfinite(found[0].value):
        raise ValueError(
            f"expected is {expected!r:.80}; numeric needs a number, or a text with "
            "just one"
        )
    return found[0]


def _fits(found: Written, wanted: Written, tolerance: float, relative: float) -> bool:
    limit = max(tolerance, relative * abs(wanted.value))
    limit += _NOISE * abs(wanted.value)  # 0.46 is within 0.01 of 0.45
    values = [found.value]
    if found.is_percent and not wanted.is_percent:
        values.append(found.value / 100)
    if wanted.is_percent and not found.is_percent:
        values.append(found.value * 100)
    return any(abs(value - wanted.value) <= limit for value in values)


def _said(found: Iterable[Written]) -> str:
    numbers = [f"{one.value:.15g}{'%' * one.is_percent}" for one in found]
    return f"found {', '.join(numbers[:5])}" if numbers else _NO_NUMBER
