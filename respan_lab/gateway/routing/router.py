"""The rule by which a router list is resolved.

Of the models in `models`, those are left out that `exclude_models` or
`exclude_providers` name, that nobody here runs, or whose key is missing. Of the rest
the request itself picks one, each with the same share: a number made from what is asked
(the model list, messages and parameters, and the gateway's seed) says which. So the
same question always goes to the same model, on every gateway of one seed and after
every restart, and many questions spread evenly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..failure import GatewayFailure
from .names import Destination

__all__ = ["route"]


async def route(
    models: Sequence[str],
    respan: Mapping[str, Any],
    locate: Callable[[str], Awaitable[Destination]],
    pick: Callable[[], float],
) -> tuple[str, Destination, str]:
    """Pick one model of a router list.

    Args:
        models: The list.
        respan: Respan's fields of the request: the exclusions.
        locate: Finds who runs a model; fails if nobody can.
        pick: Gives the request's number, in [0, 1).

    Returns:
        The model's name, who runs it, and the reason in words.

    Raises:
        GatewayFailure: 424: none is left; says why each was left out.
    """
    usable: list[tuple[str, Destination]] = []
    skipped: list[str] = []
    for name in dict.fromkeys(models):
        try:
            found = await locate(name)
            reason = _excluded(name, found, respan) or await _unavailable(found)
        except GatewayFailure as failure:
            reason = str(failure)
        if reason is None:
            usable.append((name, found))
        else:
            skipped.append(f"{name}: {reason}")
    if not usable:
        raise GatewayFailure(
            424,
            f"none of `models` can be called: {'; '.join(skipped)}",
            code="no_usable_model",
            param="models",
        )
    name, found = usable[int(pick() * len(usable))]
    said = f"picked by the request's hash from {len(usable)} usable of {len(models)}"
    return name, found, "; skipped ".join([f"{said} models", *skipped])


def _excluded(name: str, found: Destination, respan: Mapping[str, Any]) -> str | None:
    provider, slug = found
    if provider.name in (respan.get("exclude_providers") or ()):
        return f"provider {provider.name} is excluded"
    if {name, slug, f"{provider.name}/{slug}"} & {
        *(respan.get("exclude_models") or ())
    }:
        return "excluded"
    return None


async def _unavailable(found: Destination) -> str | None:
    if found.provider.name != "local":  # all others are there if their key is
        return None
    card = await asyncio.to_thread(found.provider.card, found.slug)
    return None if card.is_available else card.reason
