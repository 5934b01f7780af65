"""Weighted lists: where they come from, and the draw."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import ConfigError
from ..asking.asked import Asked
from ..failure import GatewayFailure

__all__ = ["Weighted", "check_groups", "drawn", "read_weighted"]

_SHAPE = '{"model": "...", "weight": 1}'
_KEYS = ("model", "weight", "credentials")


class Weighted(NamedTuple):
    """One entry of a weighted list.

    Attributes:
        name: The model.
        weight: Above 0; its share in the sum of all is its chance.
        credentials: Its own; None for the provider's.
    """

    name: str
    weight: float
    credentials: Mapping[str, Any] | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Weighted:
        """Read an entry whose types are right."""
        return cls(
            entry["model"],
            float(entry.get("weight", 1)),
            entry.get("credentials") or None,
        )


def read_weighted(
    asked: Asked, groups: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Weighted]:
    """Give the weighted list a request asks for; empty if it asks for none.

    A list beats the `model` beside it, with a warning. A group's own `models` replace
    the saved ones for this request.

    Args:
        asked: The request, its fields checked.
        groups: Saved lists by their id.

    Raises:
        GatewayFailure: 400: an unknown group, or a list and a group at once.
    """
    listed = asked.respan.get("load_balance_models")
    group = asked.respan.get("load_balance_group")
    name = "load_balance_group" if group else "load_balance_models"
    if group and listed:
        raise _bad(name, "give load_balance_models or load_balance_group, not both")
    if group:
        listed = group.get("models") or groups.get(group["group_id"])
        if listed is None:
            known = ", ".join(map(repr, sorted(groups))) or "none"
            raise _bad(
                name,
                f"there is no load_balance_group {group['group_id']!r}; this gateway "
                f"has {known}: configure it with Gateway(load_balance_groups=...)",
            )
    if listed and asked.openai.get("model"):
        asked.warnings.append(f"model was overridden by {name}")
        asked.openai.pop("model")
    return [Weighted.of(entry) for entry in listed or ()]


def drawn(weighted: Sequence[Weighted], draw: Callable[[], float]) -> tuple[int, str]:
    """Draw an entry, each with the chance of its weight in their sum.

    Args:
        weighted: At least one.
        draw: Gives a number in [0, 1).

    Returns:
        Its index, and the reason in words.

    Example:
        >>> drawn([Weighted("a", 3, None), Weighted("b", 1, None)], lambda: 0.8)
        (1, 'drawn with weight 1 of 4')
    """
    total = sum(each.weight for each in weighted)
    at, point = len(weighted) - 1, draw() * total  # the last one takes the rounding
    for index, each in enumerate(weighted):
        point -= each.weight
        if point < 0:
            at = index
            break
    return at, f"drawn with weight {weighted[at].weight:g} of {total:g}"


def check_groups(
    groups: Mapping[str, Any] | None,
) -> dict[str, list[dict[str, Any]]]:
    """Check the saved lists of a gateway's configuration.

    Args:
        groups: Group id to a list of `{"model", "weight"?, "credentials"?}`; None for
            none.

    Raises:
        ConfigError: It is something else; names the group and the entry.
    """
    if groups is None:
        return {}
    if not isinstance(groups, Mapping):
        raise ConfigError(
            f"load_balance_groups is a {type(groups).__name__}; give a dict of group "
            f"id to a list of entries like {_SHAPE}"
        )
    return {str(name): _checked(name, entries) for name, entries in groups.items()}


def _checked(name: Any, entries: Any) -> list[dict[str, Any]]:
    is_list = isinstance(entries, Sequence) and not isinstance(entries, str)
    if not is_list or not entries:
        raise ConfigError(
            f"load_balance_groups[{name!r}] must be a list of entries like {_SHAPE}, "
            "and not empty"
        )
    for at, entry in enumerate(entries):
        fault = _fault(entry)
        if fault:
            raise ConfigError(f"load_balance_groups[{name!r}][{at}] {fault}")
    return [dict(entry) for entry in entries]


def _fault(entry: Any) -> str | None:
    if not isinstance(entry, Mapping):
        return f"must be like {_SHAPE}"
    stray = [name for name in entry if name not in _KEYS]
    if stray:
        return f"has {stray[0]!r}; it may have {', '.join(_KEYS)}, like {_SHAPE}"
    if not isinstance(entry.get("model"), str) or not entry["model"]:
        return f"has no model; write it like {_SHAPE}"
    weight = entry.get("weight", 1)
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not is_number or not 0 < weight <= sys.float_info.max:
        return f"has the weight {weight!r}; it must be a number above 0"
    if not isinstance(entry.get("credentials", {}), Mapping):
        return "has credentials that are no object with `api_key`"
    return None


def _bad(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=param)
