"""Scores for answers that have a form, and patterns that cannot hang."""

from __future__ import annotations

from functools import lru_cache, partial
from numbers import Real
from typing import Any

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .text import alternatives, is_missing

__all__ = ["TIMEOUT", "checked_timeout", "compiled", "is_found", "regex"]

TIMEOUT = 1.0  # seconds for one search


@maker
def regex(
    pattern: str | None = None,
    *,
    whole: bool = False,
    ignore_case: bool = False,
    timeout: float = TIMEOUT,
) -> Evaluator:
    r"""Make an evaluator that looks for a regular expression in the answer.

    The syntax is that of the package `regex`, which understands what `re` does. A
    search that takes too long is given up, so no answer can hang a run, whatever the
    pattern.

    Args:
        pattern: What to look for; None takes the expected value as the pattern.
        whole: Whether the whole answer, blanks around it aside, must fit.
        ignore_case: Whether case does not matter. For other flags write ``(?s)`` and
            the like at the pattern's beginning.
        timeout: Seconds for one answer.

    Returns:
        A function of ``output`` and ``expected`` that gives True or False; None if the
        answer or its pattern is missing, and None with a note if it takes too long. Of
        several expected patterns one must be found.

    Raises:
        ConfigError: If the pattern is none, or the time not above 0. An expected one
            that is none is a ValueError.

    Example:
        >>> has_order = regex(r"\bORD-\d{4}\b")
        >>> has_order("It is ORD-1234."), has_order("It is ORD-12.")
        (True, False)
    """
    checked_timeout(timeout)
    if pattern is not None:
        if not isinstance(pattern, str):
            raise ConfigError(
                f"pattern={pattern!r:.80}: use a regular expression, text"
            )
        try:
            compiled(pattern, ignore_case=ignore_case)
        except ValueError as error:
            raise ConfigError(str(error)) from None
    look = partial(is_found, whole=whole, ignore_case=ignore_case, timeout=timeout)

    def score(output: str | None, expected: object = None) -> Any:
        patterns = alternatives(expected) if pattern is None else [pattern]
        if is_missing(output) or not patterns:
            return None
        text = str(output).strip() if whole else str(output)
        try:
            return any(look(str(one), text) for one in patterns)
        except TimeoutError:
            return None, f"given up: the pattern took above {timeout:g} s"

    return made("regex", score, slow=True)


def checked_timeout(seconds: float) -> float:
    """Give the seconds; raises ConfigError unless they are above 0."""
    if not isinstance(seconds, Real) or not 0 < seconds < 1e6:
        raise ConfigError(f"timeout={seconds!r}: use seconds above 0")
    return seconds


def is_found(
    pattern: str,
    text: str,
    *,
    whole: bool = False,
    ignore_case: bool = False,
    timeout: float = TIMEOUT,
) -> bool:
    """Say whether a pattern is in a text.

    Raises:
        TimeoutError: That took too long.
        ValueError: It is no regular expression.

    Example:
        >>> is_found("(a+)+$", "a" * 20)
        True
    """
    form = compiled(pattern, ignore_case=ignore_case)
    look = form.fullmatch if whole else form.search
    # Meanwhile other threads go on.
    return look(text, timeout=timeout, concurrent=True) is not None


@lru_cache(maxsize=1024)
def compiled(pattern: str, *, ignore_case: bool = False) -> Any:
    """Read a regular expression, once.

    Raises:
        ValueError: It is none.
    """
    import regex

    try:
        return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{pattern!r:.80} is no regular expression: {error}") from None
