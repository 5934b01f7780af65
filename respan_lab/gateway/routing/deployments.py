"""Azure's deployments: a customer's own names for models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..asking.asked import Asked
    from .names import Destination

__all__ = ["deployment_of"]

_PROVIDER = "azure"


def deployment_of(name: str, found: Destination, asked: Asked) -> str | None:
    """Give the deployment that `model_name_map` names for a candidate.

    The references disagree on the map's direction. One that has the candidate's model
    as a key gives the deployment as its value; one that has it only as a value, as its
    key. Names may carry the prefix `azure/`.

    Args:
        name: The candidate's name as the request has it.
        found: Who runs it.
        asked: The request; gets a warning if the map is for another provider.

    Returns:
        The deployment's name without prefix; None if there is none.
    """
    mapping = asked.respan.get("model_name_map")
    if not mapping:
        return None
    provider, slug = found
    if provider.name != _PROVIDER:
        said = f"model_name_map has no effect on {name}: it is for Azure"
        asked.warnings.append(said)
        return None
    plain = {_bare(key): _bare(value) for key, value in mapping.items()}
    if slug in plain:
        return plain[slug]
    return next((key for key, value in plain.items() if value == slug), None)


def _bare(name: str) -> str:
    return name.removeprefix(f"{_PROVIDER}/")
