"""Which models there are, and how many calls each of their providers takes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..client.catalogue import Catalogue
    from .target import Target

__all__ = ["Gates", "open_gates"]


class Gates:
    """How many calls each provider takes at once, so that none is given more.

    A call that waits for a place waits on our side of the clock: the time is
    `queue_time`, never latency, and never part of its timeout.

    Args:
        cards: What the gateway tells of each model, by name.

    Attributes:
        places: How many calls a provider takes at once, for those that limit it.
    """

    def __init__(self, cards: dict[str, dict[str, Any]]) -> None:
        self._cards = cards
        self.places: dict[str, int] = {
            str(card["provider"]): int(card["max_concurrency"])
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

    def of(self, target: Target) -> frozenset[str]:
        """The limited providers of all models that may answer, fallbacks too."""
        providers = {
            str(self._cards[name].get("provider"))
            for name in target.candidates
            if name in self._cards
        }
        return frozenset(providers & self.places.keys())


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
