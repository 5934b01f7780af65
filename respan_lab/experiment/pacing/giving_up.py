"""When to stop asking a target: it fails the same way each time, and will go on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import count

from ...client.retry import is_spent
from ...errors import APIError, APIStatusError

__all__ = ["GivingUp", "is_lasting"]

_LASTING = frozenset({400, 401, 402, 403, 404, 413, 422, 424})
# Counts, times and ids differ between refusals that mean the same.
_CHANGING = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]+")


class GivingUp:
    """Counts the failures of each target that are alike and would be so again.

    A refusal is quick and an answer is slow: of calls that begin together, those for
    the few items that a target will not have fail first. So a target is given up only
    when every call that was under way at the failure that was enough has ended too.

    Args:
        after: How many failures alike, without an answer in between, are enough.

    Example:
        >>> giving_up = GivingUp(after=2)
        >>> for n in (1, 2):
        ...     giving_up.note("m", APIStatusError(f"no such {n}", status_code=404))
        >>> giving_up.reason("m")
        'given up after 2 failures alike and no answer: no such 2'
        >>> giving_up.reason("n") is None
        True
    """

    def __init__(self, after: int = 5) -> None:
        self._after = after
        self._alike: dict[str, Counter[tuple[str, int, str]]] = defaultdict(Counter)
        self._suspects: dict[str, tuple[int, str]] = {}  # since which call, and why
        self._numbers = count()
        self._under_way: dict[str, set[int]] = defaultdict(set)

    def begin(self, target: str) -> int:
        """Hear that a call to the target is under way.

        Args:
            target: The target's name.

        Returns:
            The call's number, for `end`.
        """
        number = next(self._numbers)
        self._under_way[target].add(number)
        return number

    def end(self, target: str, number: int) -> None:
        """Hear that it is over, and that its outcome is noted."""
        self._under_way[target].discard(number)

    def note(self, target: str, error: APIError) -> None:
        """Count a call that failed; one that may work another time counts nothing.

        Args:
            target: The target's name.
            error: What its last attempt ended with.
        """
        if not is_lasting(error):
            return
        assert isinstance(error, APIStatusError)  # no other failure lasts
        alike = self._alike[target]
        alike[_kind(error)] += 1
        n = alike[_kind(error)]
        if n >= self._after and target not in self._suspects:
            why = f"given up after {n:,} failures alike and no answer: {error}"
            self._suspects[target] = (next(self._numbers), why)

    def note_success(self, target: str) -> None:
        """Forget the failures of a target that has answered."""
        self._alike.pop(target, None)
        self._suspects.pop(target, None)

    def reason(self, target: str) -> str | None:
        """Why the target is asked no more; None if it is."""
        if target not in self._suspects:
            return None
        since, why = self._suspects[target]
        if any(number < since for number in self._under_way[target]):
            return None
        return why


def is_lasting(error: APIError) -> bool:
    """Whether the very same call would fail again: a matter of the request or of money.

    Example:
        >>> is_lasting(APIStatusError("no such model", status_code=404))
        True
        >>> is_lasting(APIStatusError("slow down", status_code=429))
        False
    """
    if not isinstance(error, APIStatusError):
        return False
    return error.status_code in _LASTING or is_spent(error)


def _kind(error: APIStatusError) -> tuple[str, int, str]:
    said = _CHANGING.sub("#", str(error))
    return type(error).__name__, error.status_code, said
