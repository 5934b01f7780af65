"""Scores for answers that are plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from numbers import Integral, Real

from .marks import quick

__all__ = ["alternatives", "contains", "exact_match", "is_missing", "normalize"]

_TRAILING = ".,;:!?…。、，！？；："


@quick
def exact_match(output: str | None, expected: object) -> bool | None:
    r"""Say whether the answer is the expected text, form aside.

    Both are compared without surrounding blanks, case, differences in blanks, and
    punctuation at the end; full-width and similar forms count as their plain ones.

    Args:
        output: The answer's text.
        expected: A text, number or truth value; a list holds alternatives, of which
            one must fit. None means unknown.

    Returns:
        None if either is missing.

    Raises:
        ValueError: If ``expected`` is a mapping, which `field_match` is for.

    Example:
        >>> exact_match("  Refund.\n", "refund")
        True
        >>> exact_match("a refund", ["refund", "return"])
        False
    """
    wanted = _normalized(expected)
    if is_missing(output) or not wanted:
        return None
    return normalize(output) in wanted


@quick
def contains(output: str | None, expected: object) -> bool | None:
    """Say whether the answer has the expected text somewhere in it, form aside.

    Args:
        output: The answer's text.
        expected: A text, number or truth value; a list holds alternatives, of which
            one must be there. None, or a text without any sign, means unknown.

    Returns:
        None if either is missing.

    Raises:
        ValueError: If ``expected`` is a mapping, which `field_match` is for.

    Example:
        >>> contains("The customer wants a REFUND for it", "refund")
        True
    """
    wanted = [text for text in _normalized(expected) if text]
    if is_missing(output) or not wanted:
        return None
    found = normalize(output)
    return any(text in found for text in wanted)


def normalize(value: object) -> str:
    r"""Give the form in which texts are compared.

    Whole floats lose their ``.0``: a column of integers with a gap reads as floats.

    Example:
        >>> normalize(" Not\n delivered! "), normalize(7.0), normalize(True)
        ('not delivered', '7', 'true')
    """
    if isinstance(value, Real) and not isinstance(value, Integral):
        # numpy's small floats are no Python floats.
        value = int(value) if (value := float(value)).is_integer() else value
    text = " ".join(unicodedata.normalize("NFKC", str(value)).casefold().split())
    return text.rstrip(_TRAILING + " ") or text


def is_missing(value: object) -> bool:
    """Say whether a value is unknown: None, NaN, NaT or pandas' NA.

    Example:
        >>> [is_missing(one) for one in (None, float("nan"), 0, "", [])]
        [True, True, False, False, False]
    """
    # Asked without importing pandas: only a missing value differs from itself.
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Real | Decimal) and value != value


def alternatives(expected: object) -> list[object]:
    """Give the references of which one must fit; unknown ones are left out.

    Raises:
        ValueError: If it is a mapping, which `field_match` is for.

    Example:
        >>> alternatives("a"), alternatives(["a", None]), alternatives(None)
        (['a'], ['a'], [])
    """
    if isinstance(expected, dict):
        raise ValueError("expected is a mapping; compare its fields with field_match")
    if isinstance(expected, Iterable) and not isinstance(expected, (str, bytes)):
        return [value for value in expected if not is_missing(value)]
    return [] if is_missing(expected) else [expected]


def _normalized(expected: object) -> list[str]:
    return [normalize(value) for value in alternatives(expected)]
