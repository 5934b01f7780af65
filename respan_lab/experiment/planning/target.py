"""What a call is aimed at: a model, a list of them, or a saved prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from ...errors import ConfigError
from ...prompts import SavedPrompt
from .target_fields import (
    WAYS,
    checked_fields,
    default_name,
    fallbacks_of,
    primaries_of,
)

__all__ = ["Target", "as_targets", "check_names"]


class Target:
    """What a call is aimed at, with a name.

    One of `model`, `models`, `load_balance_models`, `load_balance_group` and `prompt`
    says what answers.

    Args:
        name: Its name in the frame; None is the model, `a|b` for a router's list,
            `a:3,b:1` for a weighted list, `group:<id>` for a saved one, `a>b` with
            fallbacks, `<prompt_id>@<version>` for a saved prompt.
        model: One model.
        models: A router's list: the gateway picks one of these for each call.
        load_balance_models: A weighted list: mappings with `model` and `weight` (a
            number above 0), from which the gateway draws for each call.
        load_balance_group: A weighted list that the gateway keeps: its id, or a
            mapping with `group_id` and `models`, which replace its list.
        fallback_models: Asked in this order when what is asked first fails. An answer
            of theirs counts as `substituted`.
        prompt: A saved prompt, which brings its messages, model and settings: its id,
            a mapping with `prompt_id`, `version` and the like, or what
            `client.prompts.get` gives. Without a version it is the one deployed when
            a run begins. It is not crossed with the experiment's `prompts`. A row's
            columns are its variables, and the row's `messages`, if it has any, follow
            its own. The version's settings win over the experiment's `params`, and
            `**params` over both.
        route_provider: Pins the provider without changing the model's name.
        **params: Parameters for this target alone, by their wire names. They win over
            the experiment's.

    Attributes:
        name: Its name in the frame.
        primaries: Every model that is asked first; none if the gateway alone knows.
        candidates: Every model that may answer, fallbacks too; none if nobody here
            knows.

    Raises:
        ConfigError: None or several of the five, an empty list, or a weight that is
            not above 0.

    Example:
        >>> Target(load_balance_models=[{"model": "sim/small", "weight": 3},
        ...                             {"model": "sim/large", "weight": 1}]).name
        'sim/small:3,sim/large:1'
        >>> Target(model="sim/flaky", fallback_models=["sim/small"]).name
        'sim/flaky>sim/small'
        >>> Target(prompt={"prompt_id": "greeting", "version": 2}).name
        'greeting@2'
    """

    __slots__ = (
        "_own_name",
        "candidates",
        "config",
        "fields",
        "name",
        "params",
        "primaries",
        "route_provider",
        "saved",
    )

    def __init__(
        self,
        name: str | None = None,
        *,
        model: str | None = None,
        models: Sequence[str] | None = None,
        load_balance_models: Sequence[Mapping[str, Any]] | None = None,
        load_balance_group: str | Mapping[str, Any] | None = None,
        fallback_models: Sequence[str] | None = None,
        prompt: str | Mapping[str, Any] | SavedPrompt | None = None,
        route_provider: str | None = None,
        **params: Any,
    ) -> None:
        self.fields: dict[str, Any] = checked_fields(
            {
                "model": model,
                "models": models,
                "load_balance_models": load_balance_models,
                "load_balance_group": load_balance_group,
                "prompt": prompt,
                "fallback_models": fallback_models,
            }
        )
        self.route_provider = route_provider
        self.params = dict(params)
        self.saved = prompt if isinstance(prompt, SavedPrompt) else None
        self.config: Mapping[str, Any] = {}
        self._own_name = name or None
        self._settle()

    @property
    def model(self) -> str | None:
        """The model that is asked; None for lists and saved prompts."""
        return self.fields.get("model")

    @property
    def prompt(self) -> dict[str, Any] | None:
        """The contract's object for a saved prompt; None for other targets."""
        return self.fields.get("prompt")

    def pinned(self, saved: SavedPrompt, config: Mapping[str, Any]) -> Target:
        """The same target, aimed at a version of its saved prompt by its number.

        Args:
            saved: The version.
            config: What the version says besides its messages.
        """
        made = copy(self)
        made.fields = {"prompt": {**self.fields["prompt"], "version": saved.version}}
        made.saved, made.config = saved, config
        made._settle()
        return made

    def _settle(self) -> None:
        """Work out what follows from the fields; every cell asks for it."""
        self.name = self._own_name or default_name(self.fields)
        asking = self._asking()
        self.primaries = primaries_of(asking)
        both = (*self.primaries, *fallbacks_of(asking))
        self.candidates: tuple[str, ...] = tuple(dict.fromkeys(both))

    def _asking(self) -> Mapping[str, Any]:
        """What says which models may answer: of a saved prompt, its version."""
        if self.prompt is None:
            return self.fields
        own = self.prompt.get("patch") or {}
        fallbacks = own.get("fallback_models") or self.config.get("fallback_models")
        asking = own if primaries_of(own) else self.config
        return {**asking, "fallback_models": fallbacks}

    def __repr__(self) -> str:
        shown = ", ".join((repr(self.name), *self.candidates))
        return f"Target({shown})"


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
    check_names(targets)
    return targets


def check_names(targets: Sequence[Target]) -> None:
    """Refuse two targets of one name.

    Raises:
        ConfigError: There are two.
    """
    names = [target.name for target in targets]
    for target, name in zip(targets, names, strict=True):
        if names.count(name) > 1:
            way = next(way for field, way in WAYS.items() if field in target.fields)
            raise ConfigError(
                f"two targets are called {name!r}; give one another name: "
                f"lab.Target({name + '-2'!r}, {way})"
            )


def _as_target(entry: Any) -> Target:
    if isinstance(entry, Target):
        return entry
    if isinstance(entry, str) and entry:
        return Target(model=entry)
    raise ConfigError(
        f"{entry!r} is not a target; use a model's name or a lab.Target. A router's "
        "list is lab.Target(models=[...])"
    )
