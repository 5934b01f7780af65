"""Saved prompts before a run: which versions are meant, and whether the data fits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, NotFoundError, PromptError
from ...prompts import SavedPrompt
from ...prompts.template import is_missing
from .target import Target, check_names

if TYPE_CHECKING:
    from ...client import Client
    from .data import Item
    from .prompts import NamedPrompt

__all__ = ["has_saved", "pinned"]

Config = Mapping[str, Any]
_ABOUT = frozenset(
    {
        "version",
        "description",
        "readonly",
        "is_deployed",
        "messages",
        "created_at",
        "updated_at",
    }
)


def has_saved(targets: Iterable[Target], prompts: Iterable[NamedPrompt]) -> bool:
    """Whether a gateway has to be asked about any saved prompt."""
    return any(target.prompt for target in targets) or any(
        isinstance(named.prompt, SavedPrompt) for named in prompts
    )


async def pinned(
    client: Client,
    targets: Iterable[Target],
    prompts: Iterable[NamedPrompt],
    *,
    items: list[Item],
    axes: Collection[str],
) -> list[Target]:
    """Find out which versions are meant, and whether the data has their variables.

    Args:
        client: Whose gateway keeps the prompts.
        targets: What is asked.
        prompts: What with; the saved ones are checked.
        items: The rows.
        axes: Names of the parameters that take several values.

    Returns:
        The targets; those that are saved prompts with their version's number.

    Raises:
        ConfigError: There is no such prompt or version, or it sets what is an axis.
        PromptError: A variable has no column.
    """
    reader = _Reader(client)
    found = [await reader.pinned(target) for target in targets]
    check_names(found)
    for target in found:
        if target.saved is not None:
            _check_axes(target, axes)
            own = (target.prompt or {}).get("variables") or {}
            _check_items(target.saved, items, config=target.config, own=own)
    for named in prompts:
        if isinstance(named.prompt, SavedPrompt):
            config = await reader.config(named.prompt)
            own = named.prompt.bound
            _check_items(named.prompt, items, config=config, own=own)
    return found


class _Reader:
    """Reads each version once."""

    def __init__(self, client: Client) -> None:
        self._prompts = client.prompts
        self._read: dict[tuple[str, Any], SavedPrompt] = {}
        self._versions: dict[str, Any] = {}

    async def pinned(self, target: Target) -> Target:
        if target.prompt is None:
            return target
        asked = (target.prompt["prompt_id"], target.prompt.get("version"))
        try:
            if asked not in self._read:
                self._read[asked] = await self._prompts.aget(*asked)
            saved = self._read[asked]
            return target.pinned(saved, await self.config(saved))
        except NotFoundError as error:
            raise ConfigError(f"the target {target.name!r}: {error}") from None

    async def config(self, saved: SavedPrompt) -> Config:
        """What a version says besides its messages."""
        if saved.prompt_id not in self._versions:
            listed = await self._prompts.aversions(saved.prompt_id)
            self._versions[saved.prompt_id] = listed.to_dict("records")
        for row in self._versions[saved.prompt_id]:
            if row["version"] == saved.version:
                return {
                    name: value
                    for name, value in row.items()
                    if name not in _ABOUT and not is_missing(value)
                }
        return {}


def _check_axes(target: Target, axes: Collection[str]) -> None:
    prompt = target.prompt or {}
    if prompt["schema_version"] == 1 and not prompt.get("override"):
        return  # what is sent beside the prompt wins
    for name in sorted(target.config.keys() & set(axes)):
        raise ConfigError(
            f"{name!r} is an axis of params, and the saved prompt {target.name!r} has "
            "a value of its own for it, which would win; leave the axis out, or write "
            f"a target for each value: lab.Target(name, prompt=..., {name}=...)"
        )


def _check_items(
    saved: SavedPrompt, items: list[Item], *, config: Config, own: Mapping[str, Any]
) -> None:
    """Refuse rows that leave a variable without a value."""
    # Prompts in variables can be rendered by the gateway alone.
    theirs = {name for name, value in own.items() if value is not None}
    theirs |= (config.get("variables") or {}).keys()
    for item in items:
        try:
            saved.render(**{**own, **item.variables})
        except PromptError as error:
            missing = tuple(name for name in error.missing if name not in theirs)
            if missing:
                named = ", ".join(map(repr, missing))
                raise PromptError(
                    f"saved prompt {saved.name!r} version {saved.version}, item "
                    f"{item.id!r}: no value for {named}; give the data a column",
                    missing=missing,
                ) from None
