"""A request's `prompt` object: which saved prompt, and how it meets the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...wire import OPENAI_FIELDS
from ..failure import GatewayFailure
from .fields import ROUTING, check_call_fields

if TYPE_CHECKING:
    from ..asking.asked import Asked

__all__ = ["PromptRequest", "read_prompt", "read_version"]

_TYPES: Mapping[str, tuple[type, str]] = {
    "prompt_id": (str, "a prompt's id"),
    "variables": (dict, "an object of names to values"),
    "echo": (bool, "true or false"),
    "override": (bool, "true or false"),
    "override_params": (dict, "an object of OpenAI parameters"),
    "override_config": (dict, "an object"),
    "patch": (dict, "an object of OpenAI parameters"),
}
_ONLY_V1 = ("override", "override_params", "override_config")
_ONLY_V2 = ("patch",)
_IDLE = ("prompt_slug", "is_custom_prompt")
_LAYER = OPENAI_FIELDS | {"model", "messages", *ROUTING}


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """What a request says about its saved prompt.

    Attributes:
        prompt_id: Which prompt.
        version: Its number, `"latest"`, or None for the deployed one.
        variables: Those given in the object.
        echo: Whether the answer is to carry the rendered messages. References differ
            on what holds if it is not given; here it is false.
        schema_version: 1 or 2, the two ways to merge.
        override: Whether the version beats the request (1 only; 2 always does so).
            References differ on what holds if it is not given; here it is false.
        layer: What is laid over the version: `override_params` (1, with `override`)
            or `patch` (2), without messages.
        messages: Those of `override_params`; None for none.
        appends: Whether those come after the prompt's, not in their place.
    """

    prompt_id: str
    version: int | str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    echo: bool = False
    schema_version: int = 1
    override: bool = False
    layer: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] | None = None
    appends: bool = False


def read_prompt(asked: Asked) -> PromptRequest | None:
    """Read a request's `prompt`; null is as good as absent, for it and its fields.

    Args:
        asked: The request; it is given warnings for what has no effect.

    Raises:
        GatewayFailure: 400, naming the field that is not right.
    """
    given = asked.respan.get("prompt")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise _bad("prompt", 'prompt must be an object: {"prompt_id": "..."}')
    given = {name: value for name, value in given.items() if value is not None}
    _check_types(given)
    schema_version = _schema_version(given)
    asked.warnings += [
        f"prompt.{name} has no effect here; prompt_id says which prompt it is"
        for name in _IDLE
        if name in given
    ]
    common = {
        "prompt_id": given["prompt_id"],
        "version": read_version(given, "prompt"),
        "variables": given.get("variables", {}),
        "echo": given.get("echo", False),
        "schema_version": schema_version,
    }
    read = _second if schema_version == 2 else _first
    return PromptRequest(**common, **read(given, asked.warnings))


def _check_types(given: Mapping[str, Any]) -> None:
    for name, (kind, allowed) in _TYPES.items():
        if name in given and not isinstance(given[name], kind):
            found = type(given[name]).__name__
            raise _bad(
                f"prompt.{name}",
                f"prompt.{name} is of type {found}; it must be {allowed}",
            )
    if not given.get("prompt_id"):
        raise _bad("prompt.prompt_id", "prompt.prompt_id is missing: name the prompt")


def read_version(given: Mapping[str, Any], where: str) -> int | str | None:
    """Read which version is meant: a number, `"latest"`, or None for the deployed one.

    Args:
        given: What holds the `version`.
        where: Its place in the request, for the error.

    Raises:
        GatewayFailure: 400, naming the field.
    """
    version: Any = given.get("version")
    is_number = isinstance(version, int) and not isinstance(version, bool)
    if version is None or version == "latest" or (is_number and 0 < version < 2**31):
        found: int | str | None = version
        return found
    raise _bad(
        f"{where}.version",
        f"{where}.version is {version!r}; it must be a version's number, or "
        '"latest" for the draft; leave it out for the deployed version',
    )


def _schema_version(given: Mapping[str, Any]) -> int:
    found = given.get("schema_version", 1)
    if isinstance(found, bool) or found not in (1, 2):
        raise _bad(
            "prompt.schema_version",
            f"prompt.schema_version is {found!r}; it must be 1 or 2",
        )
    return int(found)


def _first(given: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
    warnings += _of_the_other(given, _ONLY_V2, "is for schema_version 2")
    appends = _appends(given.get("override_config", {}))
    over = given.get("override_params", {})
    if not given.get("override", False):
        if over:
            warnings.append(
                "prompt.override_params has no effect without prompt.override: true"
            )
        return {}
    where = "prompt.override_params."
    return {
        "override": True,
        "layer": _layer(over, where, warnings),
        "messages": _messages(over.get("messages"), f"{where}messages"),
        "appends": appends,
    }


def _second(given: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
    warnings += _of_the_other(given, _ONLY_V1, "is for schema_version 1")
    patch = given.get("patch", {})
    for name in ("messages", "input"):
        if name in patch:
            raise _bad(
                f"prompt.patch.{name}",
                f"prompt.patch.{name} is not allowed: send messages beside the prompt, "
                "they follow the prompt's own",
            )
    return {"override": True, "layer": _layer(patch, "prompt.patch.", warnings)}


def _of_the_other(
    given: Mapping[str, Any], names: tuple[str, ...], why: str
) -> list[str]:
    return [f"prompt.{name} {why}, and was ignored" for name in names if name in given]


def _appends(config: Mapping[str, Any]) -> bool:
    mode = config.get("messages_override_mode", "override")
    if mode not in ("override", "append"):
        raise _bad(
            "prompt.override_config.messages_override_mode",
            f"prompt.override_config.messages_override_mode is {mode!r}; it must be "
            '"override" or "append"',
        )
    return bool(mode == "append")


def _layer(given: Mapping[str, Any], where: str, warnings: list[str]) -> dict[str, Any]:
    for name in given:
        if name == "stream":
            warnings.append(f"{where}stream has no effect: the request's own counts")
        elif name not in _LAYER:
            warnings.append(
                f"{where}{name} is not an OpenAI parameter, and was dropped"
            )
    kept = {
        name: value
        for name, value in given.items()
        if name in _LAYER and name != "messages" and value is not None
    }
    return check_call_fields(kept, where)


def _messages(given: Any, where: str) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    is_list = isinstance(given, list) and all(isinstance(m, dict) for m in given)
    if not is_list or not all(isinstance(m.get("role"), str) for m in given):
        raise _bad(where, f"{where} must be a list of objects with role and content")
    messages: list[dict[str, Any]] = given
    return messages


def _bad(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=param)
