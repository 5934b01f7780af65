"""The fields of the wire that say what is asked: their forms, and their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...client.prompt_values import sent_prompt
from ...errors import ConfigError
from ...prompts import SavedPrompt

__all__ = [
    "TARGET_FIELDS",
    "WAYS",
    "checked_fields",
    "default_name",
    "fallbacks_of",
    "primaries_of",
]

WAYS: Mapping[str, str] = {
    "fallback_models": "model=..., fallback_models=...",
    "model": "model=...",
    "models": "models=...",
    "load_balance_models": "load_balance_models=...",
    "load_balance_group": "load_balance_group=...",
    "prompt": "prompt=...",
}
"""Each of them, with how it is written as a `lab.Target`."""

TARGET_FIELDS = frozenset(WAYS)
"""They have no place in `params`."""

_CHOICES = tuple(name for name in WAYS if name != "fallback_models")


def checked_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a target is made of, and bring it into the wire's form.

    Args:
        given: The fields; None for those that are not given.

    Raises:
        ConfigError: None or several of what can answer, or one is of another form.
    """
    fields = {name: value for name, value in given.items() if value is not None}
    chosen = [name for name in _CHOICES if name in fields]
    if len(chosen) != 1:
        advice = (
            "; to ask several models a saved prompt, put it among the prompts: "
            "prompts=[client.prompts.get(...)]"
            if "prompt" in chosen
            else ""
        )
        raise ConfigError(
            f"a target needs exactly one of {', '.join(_CHOICES)}; "
            f"got {', '.join(chosen) or 'none'}{advice}"
        )
    if "prompt" in chosen and "fallback_models" in fields:
        raise ConfigError(
            "the fallbacks of a saved prompt are its version's; to lay others over "
            'them, write prompt={"prompt_id": ..., "patch": {"fallback_models": [...]}}'
        )
    return {name: _FORMS[name](name, value) for name, value in fields.items()}


def primaries_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Every model that is asked first; none if the gateway alone knows."""
    if fields.get("model"):
        return (fields["model"],)
    if fields.get("models"):
        return tuple(fields["models"])
    group = fields.get("load_balance_group") or {}
    listed = fields.get("load_balance_models") or group.get("models") or ()
    return tuple(entry["model"] for entry in listed)


def fallbacks_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Every model that is asked if those fail, in order."""
    return tuple(fields.get("fallback_models") or ())


def default_name(fields: Mapping[str, Any]) -> str:
    """What a target is called that was given no name.

    Example:
        >>> default_name({"model": "a", "fallback_models": ["b", "c"]})
        'a>b>c'
    """
    return ">".join([_first_name(fields), *fallbacks_of(fields)])


def _first_name(fields: Mapping[str, Any]) -> str:
    if "model" in fields:
        return str(fields["model"])
    if "models" in fields:
        return "|".join(fields["models"])
    if "load_balance_group" in fields:
        return f"group:{fields['load_balance_group']['group_id']}"
    if "prompt" in fields:
        prompt = fields["prompt"]
        version = prompt.get("version")
        at = "" if version is None else f"@{version}"
        return f"{prompt['prompt_id']}{at}"
    return ",".join(
        f"{entry['model']}:{entry['weight']:g}"
        for entry in fields["load_balance_models"]
    )


def _model(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{field}={value!r}: give a model's name")
    return value


def _models(field: str, value: Any) -> list[str]:
    names = _list(field, value)
    if not all(isinstance(entry, str) and entry for entry in names):
        raise ConfigError(f"{field}={value!r}: every entry is a model's name")
    return names


def _weighted(field: str, value: Any) -> list[dict[str, Any]]:
    return [_entry(field, entry) for entry in _list(field, value)]


def _group(field: str, value: Any) -> dict[str, Any]:
    group = {"group_id": value} if isinstance(value, str) else value
    if not isinstance(group, Mapping) or not isinstance(group.get("group_id"), str):
        raise ConfigError(
            f"{field} is a {type(value).__name__}; give a group's id, or a mapping "
            "with `group_id` and, to replace its list, `models`"
        )
    if not group["group_id"] or group.keys() - {"group_id", "models"}:
        shown = ", ".join(map(repr, group))
        raise ConfigError(
            f"{field} has {shown}: it takes a `group_id` that is not empty, and "
            "`models`"
        )
    if group.get("models") is None:
        return {"group_id": group["group_id"]}
    return {**group, "models": _weighted(f"{field}.models", group["models"])}


def _prompt(field: str, value: Any) -> dict[str, Any]:
    if isinstance(value, SavedPrompt):
        return sent_prompt(value)
    prompt = {"prompt_id": value} if isinstance(value, str) else value
    if not isinstance(prompt, Mapping) or not isinstance(prompt.get("prompt_id"), str):
        raise ConfigError(
            f"{field} is a {type(value).__name__}; give a saved prompt's id, a mapping "
            "with `prompt_id`, or what client.prompts.get(...) gave. A template goes "
            "into the experiment's prompts"
        )
    version = prompt.get("version")
    is_number = isinstance(version, int) and not isinstance(version, bool)
    if not prompt["prompt_id"] or not (is_number or version in (None, "latest")):
        raise ConfigError(
            f"{field} has the id {prompt['prompt_id']!r} and the version {version!r}: "
            'a version is a number, "latest" for the newest draft, or None for the '
            "deployed one"
        )
    _refuse_keys(field, prompt)
    known = {name: entry for name, entry in prompt.items() if entry is not None}
    return {"schema_version": 2, **known}


def _refuse_keys(field: str, prompt: Mapping[str, Any]) -> None:
    for layer in ("patch", "override_params"):
        for entry in (prompt.get(layer) or {}).get("load_balance_models") or ():
            if isinstance(entry, Mapping) and "credentials" in entry:
                raise ConfigError(
                    f"{field}.{layer} holds credentials; give them to the target: "
                    "lab.Target(prompt=..., credential_override={...})"
                )


def _list(field: str, value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise ConfigError(f"{field}={value!r}: give a list with at least one entry")
    return list(value)


def _entry(field: str, entry: Any) -> dict[str, Any]:
    weight = entry.get("weight") if isinstance(entry, Mapping) else None
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not is_number or not weight > 0 or not entry.get("model"):  # type: ignore[operator]
        shown = (
            {k: v for k, v in entry.items() if k != "credentials"}
            if isinstance(entry, Mapping)
            else entry
        )
        raise ConfigError(
            f"{field} entry {shown!r}: give a mapping with `model` and a `weight` "
            "above 0"
        )
    return dict(entry)


_FORMS = {
    "model": _model,
    "models": _models,
    "load_balance_models": _weighted,
    "load_balance_group": _group,
    "prompt": _prompt,
    "fallback_models": _models,
}
