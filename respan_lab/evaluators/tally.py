"""What evaluators that ask a model have asked, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..wire import Completion
    from .asking import Question

__all__ = ["Tallies", "Tally"]

_DIGITS = 12  # what sums of floats leave over lies behind them


@dataclass(slots=True)
class Tally:
    """What one evaluator has asked.

    Attributes:
        model: The model that it asks.
        calls: Calls that were made now, those that failed too.
        from_ledger: Answers that were there before.
        errors: Questions without an answer.
        unreadable: Answers, new ones or not, that are no verdict.
        unsent: Questions that the budget had no room for.
        answers: New answers.
        unpriced: Those of unknown cost.
        cost: Dollars newly spent, over the answers of known cost.
        prompt_tokens: Of the new answers.
        completion_tokens: Of the new answers.
        missed: What those cost at worst that are unsent, in dollars, by their keys: the
            same question counts once.
    """

    model: str
    calls: int = 0
    from_ledger: int = 0
    errors: int = 0
    unreadable: int = 0
    unsent: int = 0
    answers: int = 0
    unpriced: int = 0
    cost: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    missed: dict[str, float] = field(default_factory=dict)

    def miss(self, key: str, worst: float | None) -> None:
        """Note what a call costs at worst, in dollars, that there was no room for."""
        self.missed[key] = worst or 0.0

    def find(self, key: str) -> None:
        """Count an answer that was there before."""
        self.from_ledger += 1
        self.missed.pop(key, None)

    def count(self, completion: Completion, *, key: str = "") -> None:
        """Count a new answer, to the question of that key."""
        self.missed.pop(key, None)
        self.answers += 1
        if completion.cost is None:
            self.unpriced += 1
        self.cost += completion.cost or 0.0
        self.prompt_tokens += completion.usage.prompt_tokens or 0
        self.completion_tokens += completion.usage.completion_tokens or 0

    def manifest(self) -> dict[str, Any]:
        """Give it as plain values; the cost is None if no answer has a known one."""
        is_unknown = self.unpriced and self.unpriced == self.answers
        return {
            "model": self.model,
            "calls": self.calls,
            "from_ledger": self.from_ledger,
            "errors": self.errors,
            "unreadable": self.unreadable,
            "unsent": self.unsent,
            "unsent_cost": round(fsum(self.missed.values()), _DIGITS),
            "unpriced": self.unpriced,
            "cost": None if is_unknown else round(self.cost, _DIGITS),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }


class Tallies:
    """What several evaluators have asked.

    Args:
        names: What they are called, the evaluators by name; others go by the name
            they have themselves.

    Example:
        >>> Tallies().manifest()
        {}
    """

    def __init__(self, names: Mapping[str, object] | None = None) -> None:
        # By identity: two judges may call themselves the same.
        self._names = {id(one): name for name, one in (names or {}).items()}
        self._tallies: dict[str, Tally] = {}

    def of(self, question: Question) -> Tally:
        """Give the tally of who asks."""
        name = self._names.get(id(question.by), question.name)
        return self._tallies.setdefault(name, Tally(question.model))

    def missed(self) -> list[float]:
        """Give what each call costs at worst that had no room, in dollars."""
        return [
            worst for one in self._tallies.values() for worst in one.missed.values()
        ]

    def manifest(self) -> dict[str, dict[str, Any]]:
        """Give them all as plain values, by name."""
        return {name: one.manifest() for name, one in self._tallies.items()}
