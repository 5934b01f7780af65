"""How many tokens a request may use, before anybody knows."""

from __future__ import annotations

from collections import Counter
from typing import Any

__all__ = ["FIRST_GUESS", "TokenGuess", "guessed_tokens", "prompt_bytes"]

_BYTES_A_TOKEN = 4
FIRST_GUESS = 256  # tokens of an answer, before the first has come
_IMAGE = 4000  # bytes of text that cost as much as an image


class TokenGuess:
    """Guesses what a request will use: by its own limit, else by the answers so far.

    Example:
        >>> guess = TokenGuess()
        >>> guess.of("m", 400, max_tokens=50)
        150
        >>> guess.note("m", 10)
        >>> guess.note("m", 20)
        >>> guess.of("m", 400)
        115
    """

    def __init__(self) -> None:
        self._answers: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()

    def of(
        self, target: str, n_bytes: int, *, max_tokens: int | None = None, n: int = 1
    ) -> int:
        """Tokens of prompt and answer together.

        Args:
            target: The target's name.
            n_bytes: Of the prompt, UTF-8; see `prompt_bytes`.
            max_tokens: The most an answer may have; None guesses by the mean so far.
            n: How many answers are asked for at once.
        """
        answer = self._mean(target) if max_tokens is None else max_tokens
        return guessed_tokens(n_bytes) + n * answer

    def note(self, target: str, completion_tokens: int | None) -> None:
        """Learn from an answer; None, an unknown number, teaches nothing."""
        if completion_tokens is not None:
            self._answers[target] += 1
            self._tokens[target] += completion_tokens

    def _mean(self, target: str) -> int:
        answers = self._answers[target]
        return -(-self._tokens[target] // answers) if answers else FIRST_GUESS


def guessed_tokens(n_bytes: int) -> int:
    """Tokens of so many bytes of text, as a guess.

    Example:
        >>> guessed_tokens(10)
        3
    """
    return -(-n_bytes // _BYTES_A_TOKEN)


def prompt_bytes(value: Any) -> int:
    """Bytes of all text in a request's messages; an image in it counts as 1,000 tokens.

    Args:
        value: The messages, or any part of them.

    Example:
        >>> prompt_bytes([{"role": "user", "content": "naïve"}])
        10
    """
    if isinstance(value, str):
        is_inline = value.startswith("data:")
        return _IMAGE if is_inline else len(value.encode("utf-8", "replace"))
    if isinstance(value, dict):
        return sum(map(prompt_bytes, value.values()))
    return sum(map(prompt_bytes, value)) if isinstance(value, list | tuple) else 0
