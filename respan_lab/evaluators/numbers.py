"""Numbers as people and models write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

__all__ = ["Decimal", "Written", "numbers_in"]

Decimal = Literal[".", ","]

# A digit right after one of these belongs to a word: B2, GPT-4, número5. Of scripts
# that are written without blanks none is here.
_LETTER = "A-Za-z_À-ɏͰ-ӿ"
_EXPONENT = r"\{?(?P<%s>[-−+]?\d{1,4})\}?"
_RAISED = r"(?P<%s>[⁻⁺]?[⁰¹²³⁴-⁹]{1,4})"
# So many groups at most, so that no text makes the search slow.
_FORM = r"""
(?<![LETTER\d]) (?<![LETTER][-–]) (?<!\dPOINT)
(?:
  10 (?: (?:\^|\*\*) EXPONENT_OF_TEN | RAISED_OF_TEN )
| (?P<number>
    (?: \d{1,3} (?: (?:\{COMMA\}|[COMMA'’_\u00a0\u2009\u202f]) \d{3} ){1,12} (?!\d)
      | \d{1,2} (?: COMMA\d{2} ){1,12} COMMA\d{3} (?!\d)
      | \d+
    ) (?: POINT\d+ )?
  | POINT\d+
  )
  (?: [eE] (?P<e>[-−+]?\d{1,4}) (?!\d)
    | \s? (?:[x×·⋅*]|\\times|\\cdot) \s? 10 (?: (?:\^|\*\*) EXPONENT | RAISED )
  )?
)
(?P<percent> \s? (?: \\?[%％٪] | per\ ?cent\b ) )?
"""
_SIGN = re.compile(rf"(?:^|[^{_LETTER}\d)])[-−–](?:\\?[$€£¥₹]\s?)?$")
_DIGITS = str.maketrans("−⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "--+0123456789")


class Written(NamedTuple):
    """A number that stands in a text.

    Attributes:
        value: As written: ``5`` for "5 km", for "5k" and for "5%".
        is_percent: Whether a percent sign follows.
    """

    value: float
    is_percent: bool


def numbers_in(text: str, decimal: Decimal = ".") -> Iterator[Written]:
    r"""Find the numbers in a text, from its beginning.

    Signs, decimals, groups of three digits (``1,234,567``, ``1'234``, ``1_234``,
    LaTeX's ``1{,}234``, with narrow or unbreakable blanks too) and of two and three
    (``12,34,567``), exponents (``6e23``, ``6 × 10^23``, ``10⁻³``) and percent signs are
    read. A minus counts if it touches the digits or their currency sign and follows
    neither a digit nor a letter: ``10-15`` is 10 and 15. Digits within words
    (``GPT-4``) are no number, nor are words (``five``); units are left out. Fractions
    (``3/4``), times and dates are several numbers.

    Args:
        text: Where to look.
        decimal: What stands before the decimals; ``,`` makes the point a separator of
            thousands.

    Example:
        >>> [one.value for one in numbers_in("-$1,234.50, or GPT-4's 3 × 10^2 to 5")]
        [-1234.5, 300.0, 5.0]
        >>> [one.value for one in numbers_in("1.234,5 km", decimal=",")]
        [1234.5]
    """
    for match in _form(decimal).finditer(text):
        value = _value(match, decimal)
        before = text[max(0, match.start() - 5) : match.start()]
        is_negative = bool(_SIGN.search(before))
        yield Written(-value if is_negative else value, bool(match["percent"]))


@cache
def _form(decimal: Decimal) -> re.Pattern[str]:
    parts = {
        "EXPONENT_OF_TEN": _EXPONENT % "power",
        "RAISED_OF_TEN": _RAISED % "raised_power",
        "EXPONENT": _EXPONENT % "times",
        "RAISED": _RAISED % "raised_times",
        "LETTER": _LETTER,
        "POINT": re.escape(decimal),
        "COMMA": "," if decimal == "." else r"\.",
    }
    form = _FORM
    for name, part in parts.items():
        form = form.replace(name, part)
    return re.compile(form, re.VERBOSE)


def _value(match: re.Match[str], decimal: Decimal) -> float:
    names = ("power", "raised_power", "e", "times", "raised_times")
    exponent = next((match[name] for name in names if match[name]), "0")
    digits = (match["number"] or "1").replace(decimal, "·")
    digits = re.sub(r"[^\d·]", "", digits).replace("·", ".")
    return float(f"{digits}e{exponent.translate(_DIGITS)}")
