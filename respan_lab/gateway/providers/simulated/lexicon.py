"""The everyday words by which a simulated model tells one label from another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .work import spend

__all__ = ["best_option", "labels", "said_in", "words"]

# Words of one line go together; a label belongs to the lines that hold it.
_GROUPS = """
refund money back paid pay charge charged payment reimburse discount credit bank card
delivery shipping where parcel package courier track arrive transit late wait lost van
cancel cancellation stop undo call off drop need longer changed mind accident after
damaged damage defect broken break crack torn leak snap piece shatter dent scratch burst
exchange replace replacement swap size wrong
return send sent back
billing payment invoice charge charged bill paid price card
account login password sign locked reset access profile
technical bug error crash app page load update install
sales buy quote offer trial plan upgrade
positive love great good excellent happy thank perfect wonderful best friendly praise
negative bad terrible awful hate angry worst disappoint poor rude slow never complaint
neutral okay average ordinary fine
question how what why when where who which
urgent high now immediately today asap emergency
low whenever someday minor
yes true correct right agree
no false wrong not never
spam free winner prize click
"""
_SETS = {
    "sentiment": ("positive", "negative", "neutral"),
    "tone": ("positive", "negative", "neutral"),
    "priority": ("high", "low"),
}
_SCORING = 1000  # steps of work to score an option, and further ones a character
_READING = 30
_ENDINGS = ("ing", "ed", "es", "s", "d", "e")


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def words(text: str) -> frozenset[str]:
    """Give the words of a text without case and endings.

    >>> sorted(words("Charged, charging"))
    ['charg']
    """
    return frozenset(_stem(word) for word in re.findall(r"[^\W_]+", text.lower()))


_MEANINGS = tuple(words(group) for group in _GROUPS.strip().splitlines())


@lru_cache(maxsize=16)
def said_in(text: str) -> frozenset[str]:
    """Give the words of a subject, which is asked about once for every field."""
    return words(text)


def labels(key: str) -> Sequence[str]:
    """Give labels for a key that comes without any.

    >>> labels("sentiment")
    ('positive', 'negative', 'neutral')
    """
    return _SETS.get(key.lower(), ("question", "request", "complaint"))


def best_option(options: Sequence[str], text: str) -> str | None:
    """Choose the option that shares most words with a text, the first of equals.

    Words close in meaning count for an option as well; its own count double.

    Returns:
        The option; None if no word fits any.

    Example:
        >>> best_option(["refund", "delivery"], "Where is my parcel?")
        'delivery'
    """
    spend(sum(_SCORING + len(option) * _READING for option in options))
    said = said_in(text)
    scores = [_score(option, said) for option in options]
    highest = max(scores, default=0)
    return options[scores.index(highest)] if highest > 0 else None


def _score(option: str, said: frozenset[str]) -> int:
    own = words(option)
    near = own.union(*(group for group in _MEANINGS if own & group))
    return len(near & said) + len(own & said)
