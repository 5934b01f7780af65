"""Which models there are, who provides them, and how many calls each takes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...client.catalogue import Catalogue
    from ..planning.target import Target

__all__ = ["Gates", "open_gates"]


class Gates:
    """Who provides each model, and how many calls each declares to take at once.

    A call that waits for a place waits on our side of the clock: the time is
    `queue_time`, never latency, and never part of its timeout.

    Args:
        cards: What the gateway tells of each model, by name.

    Attributes:
        places: How many calls a provider takes at once, for those that limit it.
    """

    def __init__(self, cards: dict[str, dict[str, Any]]) -> None:
        self._cards = cards
        self._providers: dict[str, frozenset[str]] = {}  # by target
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
        """The providers of all models that may answer, fallbacks too; at least one.

        Where nobody tells a model's provider, it is what stands before the slash, else
        the model itself; where nobody tells the models, it is the target.
        """
        if target.name not in self._providers:
            found = frozenset(map(self._provider, target.candidates))
            self._providers[target.name] = found or frozenset({target.name})
        return self._providers[target.name]

    def _provider(self, model: str) -> str:
        told = self._cards.get(model, {}).get("provider")
        return str(told) if told else model.partition("/")[0]


async def open_gates(catalogue: Catalogue, targets: list[Target]) -> Gates:
    """Ask the gateway for every model of the targets.

    Args:
        catalogue: The gateway's list of models.
        targets: What will be asked.

    Raises:
        ConfigError: A model is unknown or cannot run; nothing was sent.
    """
    names = list(dict.fromkeys(n for target in targets for n in target.candidates))
    return Gates(await catalogue.usable(names))
