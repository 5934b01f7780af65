"""Scores for answers that should be like a reference."""

from __future__ import annotations

from typing import Literal, get_args

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .text import alternatives, is_missing, normalize

__all__ = ["similarity"]

Kind = Literal["characters", "words", "word_set", "part"]

_MAX_TEXT = 10_000  # characters that are compared
_MAX_PART = 500  # characters looked for: longer ones can take minutes
_SCORERS: dict[Kind, str] = {
    "characters": "ratio",
    "words": "token_sort_ratio",
    "word_set": "token_set_ratio",
    "part": "partial_ratio",
}


@maker
def similarity(kind: Kind = "characters") -> Evaluator:
    """Make an evaluator that says how like the expected text an answer is.

    Both are compared without case and differences in blanks, as by `exact_match`. It
    sees letters, not meaning: "hot" and "not hot" are much alike.

    Args:
        kind: What is compared, by the functions of `rapidfuzz.fuzz`: ``characters``
            (``ratio``: 1 - insertions and deletions / length of both), ``words``
            (``token_sort_ratio``: the same, words sorted), ``word_set``
            (``token_set_ratio``: 1 if one has all words of the other) or ``part``
            (``partial_ratio``: the best part of the longer one).

    Returns:
        A function of ``output`` and ``expected`` that gives a number from 0 to 1, the
        highest for a list of expected texts; None if either is missing. Of each text
        the first 10,000 characters count; for ``part``, 500 of the expected one.

    Raises:
        ConfigError: The kind is unknown.

    Example:
        >>> round(similarity()("The capital is Oslo.", "the capital: Oslo"), 2)
        0.89
    """
    if kind not in _SCORERS:
        allowed = ", ".join(map(repr, get_args(Kind)))
        raise ConfigError(f"kind={kind!r}: use one of {allowed}")

    def score(output: str | None, expected: object) -> float | None:
        from rapidfuzz import fuzz

        longest = _MAX_PART if kind == "part" else _MAX_TEXT
        wanted = [normalize(one)[:longest] for one in alternatives(expected)]
        if is_missing(output) or not wanted:
            return None
        text = normalize(str(output)[:_MAX_TEXT])
        of = getattr(fuzz, _SCORERS[kind])
        return max(float(of(text, one)) for one in wanted) / 100

    return made("similarity", score)
