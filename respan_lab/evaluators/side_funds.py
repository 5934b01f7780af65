"""The dollars of calls beside those of cells: their bounds, and where they are from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..money.bounds import Bounds, OneModel

if TYPE_CHECKING:
    from ..client import Client
    from ..money.account import Account
    from .asking import Question

__all__ = ["SideFunds"]


class SideFunds:
    """Pays what evaluators ask from an account, which others may be paid from too.

    Args:
        account: Has the limit; without one nothing is reckoned.
        prices: Laid over those of the client that asks.
        assume_price: `{"input": ..., "output": ...}` in dollars per million tokens for
            models whose price nobody knows; None refuses those.
        retries: Attempts of the client after the first.
        image_tokens: The most tokens an image can have; None refuses images.
    """

    def __init__(
        self,
        account: Account,
        *,
        prices: Mapping[str, Any] | None = None,
        assume_price: Mapping[str, float] | None = None,
        retries: int = 2,
        image_tokens: int | None = None,
    ) -> None:
        self.account = account
        self._prices, self._assumed = prices, assume_price
        self._retries, self._image_tokens = retries, image_tokens
        self._bounds: dict[
            tuple[Client | None, str, str | None], tuple[OneModel, Bounds]
        ] = {}

    def check(self, questions: Iterable[Question]) -> None:
        """Make sure that such questions have a bound, whatever they will say.

        Args:
            questions: One of each evaluator, with its client.

        Raises:
            ConfigError: The price of a model is unknown, or nothing limits how much it
                writes.
        """
        for one in questions:
            self.worst(one, {"messages": list(one.messages), **one.params})

    def worst(self, question: Question, body: Mapping[str, Any]) -> float | None:
        """Give what a call costs at worst, in dollars; None without a limit.

        Args:
            question: What is asked, with its client.
            body: Its request.

        Raises:
            ConfigError: It has no bound.
        """
        if self.account.budget.limit is None:
            return None
        which = question.client, question.model, question.route_provider
        if which not in self._bounds:
            self._bounds[which] = self._bounds_of(question)
        target, bounds = self._bounds[which]
        return bounds.of(target, body)

    def _bounds_of(self, question: Question) -> tuple[OneModel, Bounds]:
        assert question.client is not None  # whoever asks has chosen one
        name = f"judge {question.name}"
        target = OneModel(name, question.model, question.route_provider)
        bounds = Bounds(
            [target],
            question.client.prices.under(self._prices),
            assume_price=self._assumed,
            retries=self._retries,
            image_tokens=self._image_tokens,
        )
        return target, bounds

    async def reserve(self, worst: float | None) -> bool:
        """Set that aside, once there is room; False if there will be none."""
        return worst is None or await self.account.set_aside(worst)

    def settle(self, worst: float | None, row: Mapping[str, Any], *, key: str) -> None:
        """Give it back, and count what the call has cost, by its first row."""
        if worst is not None:
            self.account.give_back(worst, row, key=key)
