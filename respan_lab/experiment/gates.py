"""Which models there are, and how many calls each of their providers takes at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from ..client.catalogue import Catalogue
    from .target import Target

__all__ = ["Gates", "open_gates"]


class Gates:
    """Holds calls back, so that no provider is given more than it runs at once.

    A call that waits here waits on our side of the clock: the time is `queue_time`,
    never latency, and never part of its timeout.

    Args:
        cards: What the gateway tells of each model, by name.
    """

    def __init__(self, cards: dict[str, dict[str, Any]]) -> None:
        self._cards = cards
        self._slots = {
            str(card["provider"]): asyncio.Semaphore(card["max_concurrency"])
            for card in cards.values()
            if card.get("max_concurrency")
        }

    @property
    def labels(self) -> dict[str, str]:
        """What reports must call a model, for the models that ask for it."""
        return {
            name: str(card["label"])
            for name, card in self._cards.items()
            if card.get("label")
        }

    @property
    def provenance(self) -> dict[str, Any]:
        """Versions and hashes behind a model's answers, where the gateway tells."""
        return {
            name: card["provenance"]
            for name, card in self._cards.items()
            if card.get("provenance")
        }

    async def enter(self, target: Target, held: AsyncExitStack) -> None:
        """Wait for a place at every provider that may answer.

        Args:
            target: What is asked.
            held: Gives the places back when it is closed.
        """
        providers = {
            str(self._cards[name].get("provider"))
            for name in target.candidates
            if name in self._cards
        }
        for provider in sorted(providers & self._slots.keys()):
            await held.enter_async_context(self._slots[provider])


async def open_gates(catalogue: Catalogue, targets: list[Target]) -> Gates:
    """Ask the gateway for every model of the targets.

    Args:
        catalogue: The gateway's list of models.
        targets: What will be asked.

    Raises:
        ConfigError: A model is unknown or cannot run; nothing was sent.
    """
    names = list(dict.fromkeys(n for target in targets for n in target.candidates))
    cards = await catalogue.known(names)
    for name, card in cards.items():
        if card.get("available") is False:
            raise ConfigError(
                f"the model {name!r} cannot run here: {card.get('reason')}"
            )
    return Gates(cards)
