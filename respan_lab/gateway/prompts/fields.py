"""What a saved prompt's version, and what is laid over it, may say about a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ConfigError, PromptError
from ...prompts import Prompt
from ...prompts.messages import ROLES, check_messages
from ...wire import OPENAI_FIELDS, clean_tree
from ...wire.params import faults_of, whole_numbers
from ..failure import GatewayFailure
from ..store.prompts import VERSION_FIELDS

__all__ = ["ROUTING", "check_call_fields", "check_version", "config_of"]

ROUTING = ("fallback_models", "load_balance_models")
"""Fields of Respan's own that a version can bring."""

_CALL = OPENAI_FIELDS.union(ROUTING)
_TYPES: Mapping[str, tuple[type, str]] = {
    "is_enforcing_response_format": (bool, "true or false"),
    "json_schema": (dict, "an object"),
    "model": (str, "a model's name"),
    "stream": (bool, "true or false"),
    "variables": (dict, "an object of names to values"),
}


def check_version(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a version is to say.

    Args:
        given: Some of `VERSION_FIELDS`; None unsets one.

    Returns:
        The same fields, clean.

    Raises:
        GatewayFailure: 400, naming the field; for a template, with the line.
    """
    fields = {name: clean_tree(given[name]) for name in VERSION_FIELDS if name in given}
    if "messages" in fields:
        _check_messages(fields["messages"])
    for name, value in fields.items():
        kind, allowed = _TYPES.get(name, (object, ""))
        if value is not None and not isinstance(value, kind):
            raise _bad(name, f"{name} is of type {_type(value)}; it must be {allowed}")
    call = {n: v for n, v in fields.items() if n in _CALL or n == "model"}
    checked = check_call_fields(call, "")
    _refuse_credentials(checked.get("load_balance_models"))
    return {**fields, **checked}


def check_call_fields(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check the types and limits of a call's parameters.

    Args:
        given: Values by known names, `model` among them; None is as good as absent.
        where: What to put before a name in an error, such as `"prompt.patch."`.

    Returns:
        What was given; counts written as `32.0` have become `32`.

    Raises:
        GatewayFailure: 400, naming the field.
    """
    values = dict(given)
    whole_numbers(values)
    model = values.get("model")
    if model is not None and not (isinstance(model, str) and model):
        raise _bad(f"{where}model", f"{where}model must be a model's name")
    typed = {n: v for n, v in values.items() if v is not None and n in _CALL}
    for fault in faults_of(typed):
        if not fault.is_unknown:
            raise _bad(f"{where}{fault.name}", f"{where}{fault.text}")
    return values


def config_of(version: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a version says about a call, messages and `stream` apart.

    What is unset or empty says nothing. `json_schema` is the schema of a
    `response_format` that has none of its own, and makes one if there is none;
    `is_enforcing_response_format: false` leaves both out.

    Args:
        version: A version, as an object of the contract.

    Example:
        >>> config_of({"model": "m", "temperature": 0, "tools": [], "seed": None})
        {'model': 'm', 'temperature': 0}
    """
    said = {
        name: version[name]
        for name in VERSION_FIELDS
        if (name == "model" or name in _CALL)
        and version.get(name) not in (None, [], {}, "")
    }
    form = _response_format(version)
    said.pop("response_format", None)
    return said if form is None else {**said, "response_format": form}


def _response_format(version: Mapping[str, Any]) -> Any:
    is_strict = version.get("is_enforcing_response_format")
    form, schema = version.get("response_format"), version.get("json_schema")
    if is_strict is False:
        return None
    if not schema or (form and form.get("type") != "json_schema"):
        return form or None
    if form and "json_schema" in form:
        return form
    if "schema" not in schema:
        strict = {"strict": True} if is_strict else {}
        schema = {"name": "answer", "schema": schema, **strict}
    return {**(form or {"type": "json_schema"}), "json_schema": schema}


def _check_messages(messages: Any) -> None:
    try:
        Prompt(check_messages(messages, roles=ROLES))
    except (PromptError, ConfigError) as error:
        said = str(error).removeprefix("the prompt: ")
        raise _bad("messages", f"messages: {said}") from None
    for message in messages:
        content = message.get("content")
        is_text = content is None or isinstance(content, str)
        if not is_text and not all(isinstance(part, dict) for part in content):
            raise _bad("messages", "messages: a content is a text or a list of parts")


def _refuse_credentials(models: Sequence[Any] | None) -> None:
    for entry in models or ():
        if isinstance(entry, dict) and entry.get("credentials"):
            raise _bad(
                "load_balance_models",
                "load_balance_models: credentials are not kept in a prompt; send them "
                "with the request, in credential_override",
            )


def _type(value: Any) -> str:
    return type(value).__name__


def _bad(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=param)
