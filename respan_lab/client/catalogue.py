"""The models a gateway knows, and whether it knows one by a given name."""

from __future__ import annotations

import asyncio
import difflib
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..errors import APIError, APIStatusError, ConfigError
from .rest import fetch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import pandas as pd

    from .address import Backend
    from .door import Door

__all__ = ["Catalogue"]

_FIRST = ["model", "provider", "input", "output"]
_NAMES = {
    "id": "model",
    "owned_by": "provider",
    "model_name": "model",
    "input_cost": "input",
    "output_cost": "output",
    "cache_hit_input_cost": "cached_input",
    "max_context_window": "context_window",
}
# How an embedded gateway says that a name leads nowhere.
_NOWHERE = {
    "ambiguous_model",
    "missing_credentials",
    "model_not_found",
    "unknown_provider",
}
_HIDDEN = {"object", "created", "prompt_cost", "completion_cost"}


class Catalogue:
    """Reads a gateway's list of models.

    Args:
        door: The way to the gateway.
        backend: `hosted` reads Respan's public list, the others OpenAI's `/models`.
    """

    def __init__(self, door: Door, backend: Backend) -> None:
        self._door = door
        self._is_hosted = backend == "hosted"

    async def frame(self) -> pd.DataFrame:
        """The list as a frame; see `Client.models`."""
        import pandas as pd

        cards = await self.cards()
        further = {name: None for card in cards for name in card if name not in _FIRST}
        return pd.DataFrame(cards, columns=[*_FIRST, *further]).convert_dtypes()

    async def cards(self) -> list[dict[str, Any]]:
        """The list, a mapping per model.

        Raises:
            APIError: The gateway gave no list.
        """
        if self._is_hosted:
            body = await fetch(self._door, "/models/public/")
            return [_from_hosted(card) for card in _items(body, "models")]
        body = await fetch(self._door, "/models")
        return [_renamed(card) for card in _items(body, "data")]

    async def known(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is known of these models, by name; a gateway without a list knows none.

        Raises:
            ConfigError: The gateway has no model of a name; names the nearest.
        """
        card = await self._hosted_card() if self._is_hosted else self._card
        found = await asyncio.gather(*(card(name) for name in names))
        return {name: card for name, card in zip(names, found, strict=True) if card}

    async def usable(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """As `known`, and all of them can be asked here.

        Raises:
            ConfigError: The gateway has no model of a name, or it cannot run.
        """
        cards = await self.known(names)
        for name, card in cards.items():
            if card.get("available") is False:
                raise ConfigError(
                    f"the model {name!r} cannot run here: {card.get('reason')}"
                )
        return cards

    async def _card(self, name: str) -> dict[str, Any] | None:
        try:
            body = await fetch(self._door, f"/models/{quote(name)}")
        except APIStatusError as error:
            if _code(error.body) in _NOWHERE:
                raise ConfigError(str(error)) from None
            return None
        except APIError:
            return None
        return _renamed(body) if isinstance(body, dict) else None

    async def _hosted_card(self) -> Callable[[str], Awaitable[dict[str, Any] | None]]:
        """Read the long list once, for all the names."""
        try:
            listed = await self.cards()
        except APIError:
            listed = []  # the calls themselves will tell
        cards = {str(card["model"]): card for card in listed if card.get("model")}
        return partial(self._in_list, cards)

    async def _in_list(
        self, cards: Mapping[str, dict[str, Any]], name: str
    ) -> dict[str, Any] | None:
        if not cards:
            return None
        for spelling in (name, name.partition("/")[2]):
            if spelling in cards:
                return cards[spelling]
        if await self._is_custom(name):
            return {"model": name}
        near = difflib.get_close_matches(name, cards, n=3, cutoff=0.5)
        hint = f"; the nearest are {', '.join(near)}" if near else ""
        raise ConfigError(f"the gateway has no model {name!r}{hint}")

    async def _is_custom(self, name: str) -> bool:
        """Whether it is one of the organisation's own models, not listed publicly."""
        filters = {"model_name": {"operator": "", "value": [name]}}
        try:
            body = await fetch(self._door, "/models/list/", {"filters": filters})
        except APIError:
            return False
        found = _items(body, "models") or _items(body, "results")
        return any(card.get("model_name") == name for card in found)


def _items(body: Any, name: str) -> list[dict[str, Any]]:
    found = body.get(name) if isinstance(body, dict) else body
    return [item for item in found or () if isinstance(item, dict)]


def _from_hosted(card: dict[str, Any]) -> dict[str, Any]:
    provider = card.get("provider")
    if isinstance(provider, dict):
        card = {**card, "provider": provider.get("provider_id")}
    return _renamed(card)


def _renamed(card: dict[str, Any]) -> dict[str, Any]:
    return {_NAMES.get(k, k): v for k, v in card.items() if k not in _HIDDEN}


def _code(body: Any) -> Any:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None
