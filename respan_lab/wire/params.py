"""All parameters of a chat call: their names, and whether values are right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError
from .openai_params import OPENAI_FIELDS, OpenAIParams
from .respan_params import RESPAN_FIELDS, RespanParams
from .text import plain

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

__all__ = [
    "SECRET_FIELDS",
    "ChatParams",
    "Fault",
    "check_params",
    "faults_of",
    "whole_numbers",
]

_ALL = OPENAI_FIELDS | RESPAN_FIELDS
_WHOLE = frozenset(
    {
        *("max_completion_tokens", "max_tokens", "n", "num_retries", "rate_limit"),
        *("retries", "schema_version", "seed", "top_logprobs", "version"),
    }
)
_WITH_WHOLE = frozenset({"customer_params", "prompt", "retry_params"})

SECRET_FIELDS = frozenset(
    {
        "credential_override",
        "customer_credentials",
        "load_balance_group",
        "load_balance_models",
        "respan_params",
    }
)
"""Fields that may hold keys, so that their values are never shown."""

# Names people bring along from elsewhere, and what to write here.
_ELSEWHERE = {
    "api_base": "give base_url= to Client",
    "api_key": "give it to Client, or a provider's in credential_override=",
    "base_url": "give it to Client",
    "customer_api_keys": "it is now credential_override=",
    "extra_body": "use extra={...}",
    "extra_headers": "use route_provider= or beta=",
    "keywordsai_params": "it is now respan_params=",
    "loadbalance_models": "it is now load_balance_models=",
    "max_retries": "give it to Client; retries= is the gateway's",
    "messages": "give it as the call's own argument, not among the parameters",
    "model": "give it as the call's own argument, not among the parameters",
    "stream": "call client.stream(...) instead of client.chat(...)",
    "timeout": "give it to Client",
}


class ChatParams(OpenAIParams, RespanParams, total=False):
    """Every parameter of a chat call but ``messages``, ``model`` and ``stream``.

    None, for any of them, means: not sent.
    """


def check_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Check the parameters of a chat call.

    Args:
        params: Name to value; a value of None is left out.

    Returns:
        The parameters that are set, as plain JSON values of their own (NumPy numbers
        become Python's, ``100.0`` tokens become ``100``); a pydantic class in
        ``response_format`` stays.

    Raises:
        ConfigError: If a name is unknown, or a value has the wrong type or is out of
            its limits. No value that may hold a key is shown.

    Example:
        >>> check_params({"temperature": 0, "max_tokens": 32.0, "stop": None})
        {'temperature': 0, 'max_tokens': 32}
        >>> check_params({"temprature": 0})
        Traceback (most recent call last):
        respan_lab.errors.ConfigError: 'temprature' is not a parameter ...
    """
    given = {name: value for name, value in params.items() if value is not None}
    if not given:
        return {}
    check_names(given, _ALL)
    values = {
        name: value if isinstance(value, type) else plain(value, name)
        for name, value in given.items()
    }
    whole_numbers(values)
    fault = _first_fault(values)
    if fault is not None:
        raise ConfigError(_explain(fault, values))
    return values


def whole_numbers(values: dict[str, Any]) -> None:
    """Make ``100.0`` an ``100`` where the contract says double and means a count.

    Also one level down, where counts stand inside objects.

    Example:
        >>> values = {"max_tokens": 32.0, "temperature": 1.0}
        >>> whole_numbers(values)
        >>> values
        {'max_tokens': 32, 'temperature': 1.0}
    """
    for name in _WHOLE & values.keys():
        value = values[name]
        if type(value) is float and value.is_integer():
            values[name] = int(value)
    for name in _WITH_WHOLE & values.keys():
        if type(values[name]) is dict:
            whole_numbers(values[name])


def check_names(names: Iterable[str], allowed: frozenset[str], where: str = "") -> None:
    """Refuse names that are not allowed.

    Args:
        names: What was given.
        allowed: What may be given.
        where: Where it stands, for the error: ``" inside respan_params"``.

    Raises:
        ConfigError: Naming the nearest allowed name.
    """
    for name in names:
        if name not in allowed:
            raise ConfigError(_unknown(name, allowed, where))


def _unknown(name: str, allowed: Iterable[str], where: str) -> str:
    start = f"{name!r} is not a parameter of a chat call{where}"
    if name in _ELSEWHERE:
        return f"{start}: {_ELSEWHERE[name]}."
    near = difflib.get_close_matches(str(name), sorted(allowed), n=3, cutoff=0.6)
    guess = f"; did you mean {', '.join(near)}?" if near else "."
    return f"{start}{guess} To send it as it is, use extra={{{name!r}: ...}}."


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[ChatParams]:
    """Built when first needed: it takes longer than all the rest of the import."""
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict

    class Strict(ChatParams, TypedDict, total=False):
        __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]  # its way

    return TypeAdapter(Strict)


class Fault(NamedTuple):
    """What is wrong with one parameter.

    Attributes:
        name: The parameter.
        text: What was given, and what is allowed; shows no value that may be a key.
        is_unknown: Whether it is nothing but a field that nobody knows inside it.
    """

    name: str
    text: str
    is_unknown: bool


def faults_of(values: dict[str, Any]) -> list[Fault]:
    """Look for wrong types and values out of their limits.

    Args:
        values: JSON values by the parameters' names, all of them known.

    Returns:
        In the parameters' order, at most one fault for each, and every field inside
        them that nobody knows.

    Example:
        >>> [fault.name for fault in faults_of({"temperature": 3.5, "n": 2})]
        ['temperature']
    """
    found = _faults(values) if values else []
    kept: dict[str, list[ErrorDetails]] = {name: [] for name in values}
    for fault in found:
        if _is_unknown(fault):
            kept[str(fault["loc"][0])].append(fault)
    worst: dict[str, ErrorDetails] = {}
    for fault in found:
        name = str(fault["loc"][0])
        # Of a union's faults, the deepest is about the arm that was meant.
        if not _is_unknown(fault) and (
            name not in worst or _depth(fault, values) > _depth(worst[name], values)
        ):
            worst[name] = fault
    return [
        Fault(name, _explain(fault, values), _is_unknown(fault))
        for name, unknown in kept.items()
        for fault in ([worst[name]] if name in worst else unknown)
    ]


def _depth(fault: ErrorDetails, values: Mapping[str, Any]) -> int:
    return len(_path(fault, values))


def _is_unknown(fault: ErrorDetails) -> bool:
    return fault["type"] == "extra_forbidden"


def _first_fault(values: dict[str, Any]) -> ErrorDetails | None:
    faults = _faults(values)
    if not faults:
        return None
    return max(faults, key=lambda fault: len(_path(fault, values)))


def _faults(values: dict[str, Any]) -> list[ErrorDetails]:
    from pydantic import ValidationError

    try:
        _adapter().validate_python(values)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _explain(fault: ErrorDetails, values: Mapping[str, Any]) -> str:
    """Say what was given, what is allowed, and what to do.

    Made after the handler, so that no traceback drags pydantic's error along: that
    one shows the input, which may be a key.
    """
    name = str(fault["loc"][0])
    path = _path(fault, values)
    if fault["type"] == "extra_forbidden":
        return f"{path} is not a field of {name}. {_allowed(name)}"
    if fault["type"] == "missing":
        return f"{path} is missing. {_allowed(name)}"
    rule = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{path} is {_shown(fault, name)}: {rule}. {_allowed(name)}"


def _shown(fault: ErrorDetails, name: str) -> str:
    given = fault["input"]
    if name in SECRET_FIELDS and not isinstance(given, int | float):
        return f"of type {type(given).__name__}"
    text = repr(given)
    return text if len(text) <= 80 else text[:79] + "…"


def _path(fault: ErrorDetails, values: Mapping[str, Any]) -> str:
    """Write ``load_balance_models[0].weight``; names of a union's arms are left out."""
    path = str(fault["loc"][0])
    at: Any = values[path]
    for step in fault["loc"][1:]:
        if isinstance(step, int) and isinstance(at, list):
            path, at = f"{path}[{step}]", at[step]
        elif isinstance(at, dict) and step in at:
            path, at = f"{path}.{step}", at[step]
        elif fault["type"] == "missing" and step == fault["loc"][-1]:
            path += f".{step}"
    return path


def _allowed(name: str) -> str:
    from .signature import meaning

    return f"Allowed for {name}: {meaning(name)}"
