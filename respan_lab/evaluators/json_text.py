"""JSON in an answer: the whole of it, or a Markdown fence of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

__all__ = ["document", "fenced"]

_MAX_TEXT = 1_000_000  # characters that are read
_MAX_FENCES = 20  # that are tried
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)


def document(text: str, *, fences: bool = True) -> Any:
    r"""Read the JSON document that an answer is.

    It is the whole answer, blanks around it aside. If that is no JSON, and ``fences``
    is true, it is the content of the first Markdown fence (of ``` or ~~~, whatever
    its label) that is JSON, whatever stands around the fence. JSON amid prose without
    a fence does not count; nor do NaN and Infinity, which JSON does not have.

    Args:
        text: The answer; above a million characters it is not read.
        fences: Whether fences count.

    Raises:
        ValueError: There is none; says why: of the first fence, if there are any.

    Example:
        >>> document('Here it is:\n```json\n{"a": 1}\n```')
        {'a': 1}
    """
    if len(text) > _MAX_TEXT:
        raise ValueError(f"longer than {_MAX_TEXT:,} characters")
    try:
        return _read(text)
    except ValueError as error:
        failure = error
    inner = list(islice(fenced(text), _MAX_FENCES)) if fences else []
    for at, part in enumerate(inner):
        try:
            return _read(part)
        except ValueError as error:
            failure = failure if at else error
    raise failure


def fenced(text: str) -> Iterator[str]:
    r"""Give the content of each Markdown fence; one that is not closed goes to the end.

    Example:
        >>> list(fenced("a\n```py\nb\n```\n~~~\nc"))
        ['b\n', 'c']
    """
    mark, start = "", 0
    for line in _FENCE.finditer(text):
        if not mark:
            mark, start = line[1], line.end() + 1
        elif line[1].startswith(mark) and not line[2].strip():
            yield text[start : line.start()]
            mark = ""
    if mark:
        yield text[start:]


def _read(text: str) -> Any:
    try:
        return json.loads(
            text.strip("\ufeff \t\r\n"), parse_constant=_refuse, parse_int=_integer
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not in JSON")


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # Python converts only so many digits
        return float(digits)
