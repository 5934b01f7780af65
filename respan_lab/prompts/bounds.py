"""How much a template may do, as checks without a template engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import PromptError

__all__ = [
    "MAX_DIGITS",
    "MAX_OUTPUT",
    "MAX_SOURCE",
    "MAX_STEPS",
    "MAX_WIDTH",
    "check_format",
    "check_method",
    "check_operator",
    "check_product",
    "check_replace",
    "check_size",
    "check_widths",
    "weight",
]

MAX_SOURCE = 64 * 1024  # characters of a template
MAX_OUTPUT = 1024 * 1024  # characters of a text made by it
MAX_STEPS = 100_000  # turns of loops and calls, in all
MAX_WIDTH = 200  # columns that padding, indenting and number formats may ask for
MAX_DIGITS = 1000  # of a text that is read as a whole number
_MAX_BITS = 4096  # of whole numbers
_MAX_PRODUCT = 100_000_000  # of the lengths of two texts compared place by place

# Methods that may compare every character of one text with every one of the other.
_BY_PLACE = frozenset(
    ["rfind", "rindex", "rsplit", "rpartition", "strip", "lstrip", "rstrip"]
)

# A field wider than three digits, a width taken from an argument, or a nested one.
_WIDE_FIELD = re.compile(r"\d{4,}|%[^a-zA-Z%]*\*|\{[^{}]*\{")


def weight(value: Any) -> int:
    """Estimate how many characters a value prints as; stops counting over the limit.

    >>> weight(["ab", {"c": 1}])
    7
    """
    total, stack = 0, [value]
    while stack and total <= MAX_OUTPUT:
        item = stack.pop()
        if isinstance(item, str | bytes):
            total += len(item)
        elif isinstance(item, Mapping):
            total += 1 + len(item)
            stack += [*item, *item.values()]
        elif isinstance(item, list | tuple | set | frozenset):
            total += 1
            stack += item
        else:
            total += 1
    return total


def check_size(n_characters: int) -> None:
    """Raise a PromptError if a text would be longer than a template may make."""
    if n_characters > MAX_OUTPUT:
        raise PromptError(
            f"the text grows over {MAX_OUTPUT} characters, which is all a template "
            "may make: shorten the values"
        )


def check_widths(arguments: Iterable[Any]) -> None:
    """Raise a PromptError if a width for padding or indenting is too large."""
    for argument in arguments:
        if isinstance(argument, int) and abs(argument) > MAX_WIDTH:
            raise PromptError(f"the width {argument} is too large: {MAX_WIDTH} at most")


def check_format(form: Any, values: Any = ()) -> None:
    """Raise a PromptError if filling in a format string would make too much."""
    if isinstance(form, str | bytes):
        text = form if isinstance(form, str) else form.decode("latin-1")
        if found := _WIDE_FIELD.search(text):
            raise PromptError(
                f"the format {found.group()!r} is not allowed: widths are written "
                "in it, with at most three digits"
            )
        n_fields = max(text.count("%"), text.count("{"))
        check_size(len(text) + n_fields * weight(values))


def check_replace(text: Any, old: Any, new: Any) -> None:
    """Raise a PromptError if a replacement would make a text too long."""
    text, old, new = str(text), str(old), str(new)
    check_size(len(text) + text.count(old) * (len(new) - len(old)))


def check_method(owner: Any, name: str, arguments: tuple[Any, ...]) -> None:
    """Raise a PromptError if a method of a text or number would make too much."""
    if name == "join":
        parts = list(arguments[0]) if arguments else []
        check_size(weight(parts) + len(owner) * len(parts))
    elif name == "replace" and len(arguments) > 1:
        check_replace(owner, arguments[0], arguments[1])
    elif name in _BY_PLACE and arguments:
        check_product(owner, arguments[0])
    else:
        check_widths(arguments)


def check_product(text: Any, other: Any) -> None:
    """Raise a PromptError if comparing two texts place by place takes too long."""
    if not isinstance(text, str | bytes) or not isinstance(other, str | bytes):
        return
    if len(text) * len(other) > _MAX_PRODUCT:
        raise PromptError(
            f"a text of {len(text)} characters is searched from its end for "
            f"{len(other)} characters, which takes too long: shorten one of them"
        )


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Raise a PromptError if an operator would make too long a text or number."""
    if operator == "%":
        check_format(left, right)
    elif operator == "+":
        if not isinstance(left, int | float):
            check_size(weight(left) + weight(right))
    elif operator in ("-", "/", "//"):
        pass  # never larger than what was there
    elif isinstance(left, int) and isinstance(right, int):
        _check_bits(operator, left, right)
    elif operator == "*":
        _check_repeat(left, right)


def _check_bits(operator: str, left: int, right: int) -> None:
    bits = left.bit_length() + right.bit_length()
    if operator == "**":
        bits = left.bit_length() * max(right, 0)
    if bits > _MAX_BITS:
        raise PromptError(
            f"the whole number made by `{operator}` would have over {_MAX_BITS} bits"
        )


def _check_repeat(left: Any, right: Any) -> None:
    content, times = (right, left) if isinstance(left, int) else (left, right)
    if isinstance(times, int):
        check_size(weight(content) * max(times, 0))
