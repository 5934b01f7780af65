"""When a call whose turn has come is sent, and what is learnt from how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from ...errors import APIError, APIStatusError
from .giving_up import GivingUp
from .rate import Rate
from .token_guess import TokenGuess, prompt_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...wire import Completion
    from ..stopping.race import Race
    from .turns import Turn, Turns

__all__ = ["Pace", "Sending"]


class Pace:
    """The rate of a run, its turns and its lost causes, as one call sees them.

    Args:
        turns: Hear of every refusal and every answer.
        rate: Of all calls together.
        race: Says which targets are out; None without one.
    """

    def __init__(self, turns: Turns, rate: Rate, race: Race | None = None) -> None:
        self.turns = turns
        self.rate = rate
        self.guess = TokenGuess()
        self.giving_up = GivingUp()
        self._race = race
        self._line = asyncio.Lock()

    def reason(self, target: str) -> str | None:
        """Why the target is asked no more; None if it is."""
        lost = self.giving_up.reason(target)
        return lost if lost or self._race is None else self._race.reason(target)

    async def ready(self, turn: Turn, target: str, body: Mapping[str, Any]) -> Sending:
        """Wait until the rate allows the call, and count it.

        Args:
            turn: The call's, whose places are held.
            target: The target's name.
            body: What will be sent.
        """
        tokens = self._tokens(target, body)
        async with self._line:  # who came first goes first
            while wait := self.rate.delay(tokens):
                await asyncio.sleep(wait)
            return Sending(self, turn, target, tokens)

    def _tokens(self, target: str, body: Mapping[str, Any]) -> int:
        if not self.rate.counts_tokens:
            return 0
        return self.guess.of(
            target,
            prompt_bytes([body.get("messages"), body.get("prompt")]),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            n=body.get("n") or 1,
        )


class Sending:
    """One call that may be sent, and its retries.

    It is entered while the call is made, and lets the call's error through.

    Args:
        pace: The run's.
        turn: The call's.
        target: The target's name.
        tokens: What it may use.
    """

    def __init__(self, pace: Pace, turn: Turn, target: str, tokens: int) -> None:
        self._pace, self._turn, self._target = pace, turn, target
        self._tokens = tokens
        self._reserved = pace.rate.take(tokens)
        self._number = -1

    def __enter__(self) -> Self:
        self._pace.turns.sent(self._turn)
        self._number = self._pace.giving_up.begin(self._target)
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, APIError):
            self._pace.giving_up.note(self._target, error)
        self._pace.giving_up.end(self._target, self._number)

    def dropped(self) -> None:
        """Hear that the call need not be made after all."""
        self._pace.rate.give_back(self._reserved, 0)

    def refused(self, error: APIStatusError, wait: float | None) -> None:
        """Hear of a refusal at once; `on_refused` of the client's `perform`."""
        self._pace.turns.refused(self._turn, error, wait)
        self._pace.rate.give_back(self._reserved, 0)
        if wait is not None:
            self._reserved = self._pace.rate.take(self._tokens, after=wait)

    async def again(self) -> None:
        """Wait until the call may be tried again; `before_retry` of `perform`."""
        await self._pace.turns.again(self._turn)

    def answered(self, completion: Completion) -> None:
        """Hear of the answer, and of the tokens it took."""
        usage = completion.usage
        self._pace.turns.answered(self._turn)
        self._pace.giving_up.note_success(self._target)
        self._pace.rate.give_back(self._reserved, usage.total_tokens)
        self._pace.guess.note(self._target, usage.completion_tokens)
