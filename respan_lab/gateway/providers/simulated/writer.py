"""What a simulated model says about what it read: right, or with one slip."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from .lexicon import best_option, labels, said_in, words
from .reading import Reading
from .work import spend

__all__ = ["Writer"]

_CODES = (
    re.compile(r"\b[A-Z]{1,5}-?\d{2,}\b"),
    re.compile(r"#\d{2,}\b|\b\d{3,}\b"),
)
_NUMBER = re.compile(r"(?<![\w-])\d{1,15}(?:\.\d{1,6})?(?![\w-])")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{0,64}\w")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_NO = words("no not never nothing without cannot don didn isn won")
_FIELD = 1000  # steps of work to fill in a field, and further ones a character
_CHARACTER = 20

_KINDS = {
    "code": r"id|order|number|no|code|reference|ref|ticket|invoice|sku|tracking",
    "label": r"intent|label|category|class|sentiment|topic|type|kind|tone|priority",
    "reply": r"answer|choice|verdict|decision|result",
    "number": r"amount|price|total|score|rating|confidence|count|quantity|age|year",
    "truth": r"is|has|needs|should|can|was|valid|urgent|correct",
    "email": r"email|mail",
    "name": r"name|person|customer|author|city|place|country|company|product",
}
_KIND = {
    kind: re.compile(rf"(?:^|_)(?:{names})(?:_|$)") for kind, names in _KINDS.items()
}


class Writer:
    """Writes one answer about a reading.

    Args:
        reading: What the prompt says.
        is_right: Whether every field is what the rules find; else the first one that
            can be wrong is.
        random: Decides what the rules leave open.

    Example:
        >>> from respan_lab.gateway.providers.simulated.reading import read
        >>> asked = "Reply yes or no, one of: yes, no. Text: Is it true? It is."
        >>> reading = read([{"role": "user", "content": asked}])
        >>> Writer(reading, is_right=True, random=random.Random(1)).answer()
        'yes'
    """

    def __init__(
        self, reading: Reading, *, is_right: bool, random: random.Random
    ) -> None:
        self._reading = reading
        self._random = random
        self._may_slip = not is_right
        self._fill: dict[str, Callable[[], Any]] = {
            "code": self.code,
            "number": self.number,
            "truth": self.truth,
            "email": lambda: self._first(_EMAIL),
            "name": lambda: self._first(_NAME),
        }

    def answer(self, *, as_json: bool = False) -> str:
        """Give the answer: JSON if it is asked for, a label, or a sentence.

        Args:
            as_json: Whether the request, not the text, asks for JSON.
        """
        if as_json or self._reading.wants_json:
            keys = self._reading.keys or ("answer",)
            return json.dumps(
                {key: self.value(key) for key in keys}, ensure_ascii=False
            )
        if options := self._options(""):
            return self.pick(options)
        opening = self._random.choice(("In short:", "As I read it:", "You say:"))
        return f"{opening} {self.sentence() or 'nothing.'}"

    def pick(self, options: Sequence[str]) -> str:
        """Choose the option that fits the subject best; a slip is another one."""
        right = best_option(options, self._reading.subject)
        if right is None:
            right = self._random.choice(options)
        others = [option for option in options if option != right]
        return self._random.choice(others) if others and self._slips() else right

    def value(self, key: str) -> Any:
        """Fill in the field of a JSON answer; None if the subject does not say."""
        spend(_FIELD + len(key) * _CHARACTER)
        value = self._value(key)
        spend(len(value) * _CHARACTER if isinstance(value, str) else 0)
        return value

    def _value(self, key: str) -> Any:
        kind = _kind(key)
        if kind in ("label", "reply") or key.lower() in self._reading.options:
            options = self._options(key.lower())
            if options or kind == "label":
                return self.pick(options or labels(key))
        return self._fill.get(kind, self.sentence)()

    def code(self) -> str | None:
        """Give the first thing like an order number; a slip is one digit off."""
        found = (_search(pattern, self._reading.subject) for pattern in _CODES)
        code = next(filter(None, found), None)
        if code is None or not self._slips():
            return code
        return f"{code[:-1]}{(int(code[-1]) + 1) % 10}"

    def number(self) -> float:
        """Give the first number of the subject, else one made up between 0 and 1."""
        found = _search(_NUMBER, self._reading.subject)
        number = float(found) if found else round(self._random.random(), 2)
        number += self._slips()
        return int(number) if number.is_integer() else number

    def truth(self) -> bool:
        """Answer yes unless the subject says no; a slip is the opposite."""
        says_yes = not _NO & said_in(self._reading.subject)
        return says_yes is not self._slips()

    def sentence(self) -> str:
        """Quote the sentence with the most to say; a slip is another one."""
        right, others = _sentences(self._reading.subject)
        return self._random.choice(others) if others and self._slips() else right

    def keywords(self) -> list[str]:
        """Give the longer words of the subject, without repeats; never empty."""
        found = _keywords(self._reading.subject)
        spend(len(found) * _CHARACTER)
        return list(found)

    def _options(self, key: str) -> Sequence[str]:
        options = self._reading.options
        only = next(iter(options.values())) if len(options) == 1 else ()
        return options.get(key) or options.get("") or only

    def _first(self, pattern: re.Pattern[str]) -> str | None:
        found = _search(pattern, self._reading.subject)
        return None if found is None or self._slips() else found

    def _slips(self) -> bool:
        """Tell whether to go wrong here; at most once in an answer."""
        slips, self._may_slip = self._may_slip, False
        return slips


# A subject is long, and asked about once for every field of every choice.
@lru_cache(maxsize=32)
def _search(pattern: re.Pattern[str], subject: str) -> str | None:
    found = pattern.search(subject)
    return found.group() if found else None


@lru_cache(maxsize=8)
def _sentences(subject: str) -> tuple[str, Sequence[str]]:
    """The sentence with the most to say, and the others."""
    found = re.split(r"(?<=[.!?])\s+|\n", subject)
    sentences = [text.strip() for text in found if text.strip()] or [""]
    right = max(sentences, key=lambda text: len(words(text)))
    return right, [text for text in sentences if text != right]


@lru_cache(maxsize=8)
def _keywords(subject: str) -> Sequence[str]:
    found = re.findall(r"[^\W\d_]{5,30}", subject.lower())
    return tuple(dict.fromkeys(found)) or ("none",)


def _kind(key: str) -> str:
    """Tell from its name what a field holds."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()
    return next((kind for kind, form in _KIND.items() if form.search(name)), "text")
