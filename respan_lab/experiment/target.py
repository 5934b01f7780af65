"""What a call is aimed at: a model, a router's list, or a weighted list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ConfigError

__all__ = ["TARGET_ARGUMENTS", "TARGET_FIELDS", "Target", "as_targets"]

TARGET_ARGUMENTS = ("model", "models", "load_balance_models")
# Fields of the wire that say what is asked, and so have no place in `params`.
TARGET_FIELDS = frozenset(
    {
        "model",
        "models",
        "load_balance_models",
        "load_balance_group",
        "fallback_models",
        "prompt",
    }
)


class Target:
    """What a call is aimed at, with a name.

    One of `model`, `models` and `load_balance_models` says what answers.

    Args:
        name: Its name in the frame; None is the model, `a|b` for a router's list,
            `a:3,b:1` for a weighted list.
        model: One model.
        models: A router's list: the gateway picks one of these for each call.
        load_balance_models: A weighted list: mappings with `model` and `weight` (a
            number above 0), from which the gateway draws for each call.
        route_provider: Pins the provider without changing the model's name.
        **params: Parameters for this target alone, by their wire names. They win over
            the experiment's.

    Raises:
        ConfigError: None or several of the three, an empty list, or a weight that is
            not above 0.

    Example:
        >>> Target(load_balance_models=[{"model": "sim/small", "weight": 3},
        ...                             {"model": "sim/large", "weight": 1}]).name
        'sim/small:3,sim/large:1'
    """

    __slots__ = ("fields", "name", "params", "route_provider")

    def __init__(
        self,
        name: str | None = None,
        *,
        model: str | None = None,
        models: Sequence[str] | None = None,
        load_balance_models: Sequence[Mapping[str, Any]] | None = None,
        route_provider: str | None = None,
        **params: Any,
    ) -> None:
        given = {
            "model": model,
            "models": models,
            "load_balance_models": load_balance_models,
        }
        fields = {field: value for field, value in given.items() if value is not None}
        for field in sorted(TARGET_FIELDS & params.keys()):
            raise ConfigError(f"a target takes no {field!r}; it takes {_list(given)}")
        if len(fields) != 1:
            raise ConfigError(
                f"a target needs exactly one of {_list(given)}; "
                f"got {_list(fields) or 'none'}"
            )
        self.fields: dict[str, Any] = {
            field: _checked(field, value) for field, value in fields.items()
        }
        self.route_provider = route_provider
        self.params = dict(params)
        self.name = name or _default_name(self.fields)

    @property
    def model(self) -> str | None:
        """The model that is asked; None for lists."""
        return self.fields.get("model")

    @property
    def candidates(self) -> tuple[str, ...]:
        """Every model that may answer."""
        if self.model is not None:
            return (self.model,)
        if "models" in self.fields:
            return tuple(self.fields["models"])
        return tuple(entry["model"] for entry in self.fields["load_balance_models"])

    def __repr__(self) -> str:
        return f"Target({self.name!r}, {', '.join(self.candidates)})"


def as_targets(models: Any) -> list[Target]:
    """Read the `models` argument: one or a list of names and targets.

    Raises:
        ConfigError: Nothing, something else, or two targets of one name.
    """
    if isinstance(models, str | Target):
        models = [models]
    if not isinstance(models, Sequence) or not models:
        raise ConfigError(
            f"models={models!r}: give a model's name, a lab.Target, or a list of them"
        )
    targets = [_as_target(entry) for entry in models]
    names = [target.name for target in targets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"two targets are called {name!r}; give one another name: "
                f"lab.Target({name + '-2'!r}, model=...)"
            )
    return targets


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _as_target(entry: Any) -> Target:
    if isinstance(entry, Target):
        return entry
    if isinstance(entry, str) and entry:
        return Target(model=entry)
    raise ConfigError(
        f"{entry!r} is not a target; use a model's name or a lab.Target. A router's "
        "list is lab.Target(models=[...])"
    )


def _checked(field: str, value: Any) -> Any:
    if field == "model":
        if not isinstance(value, str) or not value:
            raise ConfigError(f"model={value!r}: give a model's name")
        return value
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise ConfigError(f"{field}={value!r}: give a list with at least one entry")
    if field == "models":
        if not all(isinstance(entry, str) and entry for entry in value):
            raise ConfigError(f"models={value!r}: every entry is a model's name")
        return list(value)
    return [_weighted(entry) for entry in value]


def _weighted(entry: Any) -> dict[str, Any]:
    weight = entry.get("weight") if isinstance(entry, Mapping) else None
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not is_number or not weight > 0 or not entry.get("model"):  # type: ignore[operator]
        shown = (
            {k: v for k, v in entry.items() if k != "credentials"}
            if isinstance(entry, Mapping)
            else entry
        )
        raise ConfigError(
            f"load_balance_models entry {shown!r}: give a mapping with `model` and a "
            "`weight` above 0"
        )
    return dict(entry)


def _default_name(fields: dict[str, Any]) -> str:
    if "model" in fields:
        return str(fields["model"])
    if "models" in fields:
        return "|".join(fields["models"])
    return ",".join(
        f"{entry['model']}:{entry['weight']:g}"
        for entry in fields["load_balance_models"]
    )
