"""Scores for answers that name one of several labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from ..errors import ConfigError
from .marks import Evaluator, made, maker
from .text import is_missing, normalize

__all__ = ["label"]

Several = Literal["first", "wrong", "missing"]
Outcome = tuple[bool | None, str | None]

_MAX_TEXT = 20_000  # characters that are searched
# Beside one of these a word goes on. Scripts without blanks between words are not here.
_WORD = "[0-9A-Za-z_À-ɏͰ-ӿ]"


@maker
def label(
    labels: Iterable[object] | Mapping[object, object], *, several: Several = "first"
) -> Evaluator:
    """Make an evaluator that reads which label an answer names, and compares it.

    A label is named where it stands as whole words, case and blanks aside; where two
    overlap, the longer one (``not spam``, not ``spam``). If the whole answer is a
    label, that is it. Of several labels that are named, the first one counts, and the
    note names the others: "not good but bad" is then ``good``. Have the models answer
    with the label alone, or choose what ``several`` does.

    Args:
        labels: The labels, texts or numbers; or a dict of label to the words that
            stand for it, a text or a list of them (the label itself does too).
        several: Where an answer names more than one: ``first`` (that counts),
            ``wrong`` (the score is False) or ``missing`` (there is no score).

    Returns:
        A function of ``output`` and ``expected``, one of the labels. It gives True or
        False and the label found as the note; False where none is named; None without
        an answer or a reference. A reference that is no label is a ValueError. Of an
        answer above 20,000 characters the beginning is read.

    Raises:
        ConfigError: There are fewer than two labels, or two are the same but for
            case.

    Example:
        >>> mood = label(["good", "bad"])
        >>> mood("**Bad**, I fear.", "bad"), mood("Good or bad?", "bad")
        ((True, 'bad'), (False, 'good; also named: bad'))
    """
    if several not in get_args(Several):
        raise ConfigError(f"several={several!r}: use 'first', 'wrong' or 'missing'")
    forms = _forms(labels)
    search = _search(forms)

    def score(output: str | None, expected: object) -> Outcome:
        if is_missing(output) or is_missing(expected):
            return None, None
        wanted = forms.get(normalize(expected))
        if wanted is None:
            known = ", ".join(map(repr, dict.fromkeys(forms.values())))
            raise ValueError(f"expected is {expected!r:.80}; the labels are {known}")
        found = _named(normalize(str(output)[:_MAX_TEXT]), forms, search)
        if len(found) < 2:
            return found == [wanted], "; ".join(found) or "none named"
        note = f"{found[0]}; also named: {', '.join(found[1:])}"
        if several == "first":
            return found[0] == wanted, note
        return None if several == "missing" else False, note

    return made("label", score)


def _forms(labels: Iterable[object] | Mapping[object, object]) -> dict[str, str]:
    """Give the label for each form in which it is named."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise ConfigError(f"labels={labels!r}: use a list of at least two")
    words = labels if isinstance(labels, Mapping) else dict.fromkeys(labels, ())
    forms: dict[str, str] = {}
    for name, others in words.items():
        several = [others] if isinstance(others, str) else others
        for form in {normalize(one) for one in (name, *several)}:  # type: ignore[misc]  # checked by the caller's types
            if not form or form in forms:
                raise ConfigError(
                    f"labels: {form!r} is empty, or stands for {forms.get(form)!r} and "
                    f"{str(name)!r}"
                )
            forms[form] = str(name)
    if len(words) < 2:
        raise ConfigError(f"labels={labels!r}: use at least two")
    return forms


def _search(forms: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(_whole_words, longest_first)))


def _whole_words(form: str) -> str:
    before = rf"(?<!{_WORD})" if re.match(_WORD, form) else ""
    after = rf"(?!{_WORD})" if re.match(_WORD, form[-1]) else ""
    if form[0].isdigit():  # 5 is not named by 1.5, nor by 5.2
        before += r"(?<![\d][.,])"
    if form[-1].isdigit():
        after += r"(?![.,]\d)"
    return before + re.escape(form) + after


def _named(text: str, forms: Mapping[str, str], search: re.Pattern[str]) -> list[str]:
    """Give the labels that are named, each once, the first one first."""
    if text in forms:
        return [forms[text]]
    found = (forms[match[0]] for match in search.finditer(text))
    return list(dict.fromkeys(found))
