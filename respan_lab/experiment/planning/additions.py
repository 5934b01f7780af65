"""What the parameters of a run must not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...wire.params import SECRET_FIELDS
from .axes import Grid
from .target_fields import TARGET_FIELDS, WAYS

if TYPE_CHECKING:
    from .target import Target

__all__ = ["check_params", "opened"]

_BOX = "respan_params"


def opened(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with those inside `respan_params` among the others.

    A run adds fields of its own beside the user's, and no field may travel twice.

    Args:
        params: Parameters by their wire names.

    Raises:
        ConfigError: It is no mapping, or one stands both inside `respan_params` and
            outside.

    Example:
        >>> opened({"temperature": 0, "respan_params": {"weight": 1}})
        {'temperature': 0, 'weight': 1}
    """
    if not isinstance(params, Mapping):
        raise ConfigError(f"params is a {type(params).__name__}; use a dict")
    box = params.get(_BOX)
    if not isinstance(box, Mapping):
        return dict(params)
    outside = {name: value for name, value in params.items() if name != _BOX}
    for name in sorted(outside.keys() & box.keys()):
        raise ConfigError(
            f"{name!r} stands both in params and in its respan_params; leave one out"
        )
    return {**outside, **box}


def check_params(
    params: Mapping[str, Any], targets: list[Target], *, repeat: int
) -> None:
    """Refuse what has no place among the parameters of an experiment.

    Args:
        params: The experiment's, opened.
        targets: What is asked.
        repeat: How often each cell is asked.

    Raises:
        ConfigError: A parameter says what is asked, shows a key, contradicts a
            target's, or lets a cache answer the repeats.
    """
    for name in sorted(TARGET_FIELDS & params.keys()):
        raise ConfigError(
            f"params has {name!r}, which says what is asked; {_way(name)}"
        )
    axes = {name for name, value in params.items() if isinstance(value, Grid)}
    for name in sorted(axes & SECRET_FIELDS):
        raise ConfigError(
            f"{name!r} may hold keys, and an axis is shown in the frame; give it to "
            "lab.Target(..., name=), one target for each"
        )
    for target in targets:
        _check_target(target, params, axes=axes, repeat=repeat)


def _way(name: str) -> str:
    return f"write it as a target: models=[lab.Target({WAYS[name]})]"


def _check_target(
    target: Target, params: Mapping[str, Any], *, axes: set[str], repeat: int
) -> None:
    own = opened(target.params)
    for name in sorted(own.keys() & TARGET_FIELDS):
        raise ConfigError(
            f"the target {target.name!r} has {name!r} in its respan_params; "
            f"{_way(name)}"
        )
    for name, value in own.items():
        if isinstance(value, Grid):
            raise ConfigError(
                f"the target {target.name!r} has {value!r} for {name!r}; an axis goes "
                "into params, or write a target for each value"
            )
        if name in axes:
            raise ConfigError(
                f"{name!r} is an axis of params, and the target {target.name!r} has a "
                "value of its own for it; leave one of the two out"
            )
    if repeat > 1 and _is_cached({**params, **own}.get("cache_enabled")):
        raise ConfigError(
            f"cache_enabled with repeat={repeat}: the cache would answer the repeats; "
            "leave one of the two out"
        )


def _is_cached(value: Any) -> bool:
    return any(
        entry is True for entry in (value if isinstance(value, Grid) else [value])
    )
