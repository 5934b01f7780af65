"""The gateway's dice: random where nobody set a seed, repeatable where somebody did."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

__all__ = ["Draws"]

Request: TypeAlias = Callable[[], Mapping[str, Any]]

_MOST = 1_000_000


class Draws:
    """Random numbers for requests.

    A request's numbers are a function of the seed, the request, its
    `custom_identifier` and how often this object has seen that pair. So the same
    requests give the same numbers in any order, and a repeated request draws afresh.

    Args:
        seed: Any integer; None draws at random.

    Example:
        >>> one, other = Draws(7), Draws(7)
        >>> request = lambda: {"model": "sim/flaky", "messages": []}
        >>> one.of(request)() == other.of(request)()
        True
        >>> one.of(request)() == Draws(7).of(request)()
        False
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._seen: dict[bytes, int] = {}

    def of(
        self, request: Request, custom_identifier: str | None = None
    ) -> Callable[[], float]:
        """Give a request's numbers, in [0, 1), one a call.

        Nothing is counted before the first of them is drawn.

        Args:
            request: Gives what was asked for, as JSON values and without credentials;
                asked once a number is wanted, as few requests do.
            custom_identifier: The caller's tag; None without one.
        """
        if self._seed is None:
            return random.random
        numbers: random.Random | None = None

        def draw() -> float:
            nonlocal numbers
            if numbers is None:
                numbers = random.Random(self._occurrence(request, custom_identifier))
            return numbers.random()

        return draw

    def pick(self, request: Request) -> float:
        """Give a request's own number, in [0, 1): the same for the same request.

        Args:
            request: As for `of`.

        Example:
            >>> Draws(7).pick(lambda: {"n": 1}) == Draws(7).pick(lambda: {"n": 1})
            True
        """
        pair = json.dumps([self._seed, request()], sort_keys=True)
        digest = hashlib.sha256(pair.encode()).digest()
        return int.from_bytes(digest[:6]) / 2**48

    def _occurrence(self, request: Request, custom_identifier: str | None) -> bytes:
        pair = json.dumps([self._seed, request(), custom_identifier], sort_keys=True)
        digest = hashlib.sha256(pair.encode()).digest()
        count = self._seen.get(digest, 0)
        if count == 0 and len(self._seen) >= _MOST:
            self._seen.pop(next(iter(self._seen)))  # a bound on memory; oldest first
        self._seen[digest] = count + 1
        return hashlib.sha256(digest + count.to_bytes(8)).digest()
