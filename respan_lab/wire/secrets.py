"""The credentials inside a request: found, and left out, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["as_credentials", "has_credentials", "secrets_of", "without_credentials"]

# In lower case, with `_` for `-`. What is meant for a model, such as a variable called
# `secret` or `password`, is none of them: it is the question.
_NAMES = frozenset(
    {
        "access_key_id",
        "access_token",
        "api_key",
        "api_keys",
        "api_secret",
        "apikey",
        "auth_token",
        "authorization",
        "aws_session_token",
        "bearer_token",
        "client_secret",
        "credential_override",
        "credentials",
        "customer_api_keys",
        "customer_credentials",
        "private_key",
        "proxy_authorization",
        "secret_access_key",
        "secret_key",
    }
)
_ENDS = ("_access_key_id", "_api_key", "_credentials", "_secret_access_key")
# What stands beside a key and is none; to blot it out would make errors unreadable.
_OPEN = frozenset(
    {
        "api_base",
        "api_version",
        "available_models",
        "base_url",
        "exclude_models",
        "location",
        "region",
    }
)
# The names in a JSON schema are the caller's own: there, an object under `api_key` says
# what a model may write.
_SCHEMAS = frozenset({"functions", "response_format", "tools"})
_SCHEME = "Bearer "
# What holds nothing further, told without asking an abstract class, which is slow.
_LEAVES = frozenset({str, int, float, bool, type(None)})
_LISTS = (list, tuple)
# What stands in every request, and need not be looked at twice.
_PLAIN = frozenset({"content", "messages", "model", "name", "role", "text", "type"})
_OBJECTS = (dict, Mapping)


def as_credentials(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Bring credentials into the object form; a bare string is the key.

    Example:
        >>> as_credentials({"openai": "sk-1"})
        {'openai': {'api_key': 'sk-1'}}
    """
    return {
        name: {"api_key": value} if isinstance(value, str) else value
        for name, value in credentials.items()
    }


def has_credentials(tree: Any) -> bool:
    """Whether anything in a body is called as credentials are, at any depth.

    Args:
        tree: A JSON value.

    Example:
        >>> has_credentials({"messages": []}), has_credentials({"api_key": None})
        (False, True)
    """
    return next(_found(tree), None) is not None


def secrets_of(tree: Any) -> tuple[str, ...]:
    """Find every credential in a body, at any depth.

    Args:
        tree: A JSON value.

    Returns:
        The texts that must not be shown, each once.

    Example:
        >>> secrets_of({"credential_override": {"m": {"api_key": "sk-1"}}})
        ('sk-1',)
    """
    return tuple(filter(None, dict.fromkeys(_found(tree))))


def without_credentials(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give a body without any field that holds credentials, at any depth.

    Args:
        tree: JSON values by name; left as they are.

    Returns:
        A dict of its own; what is in it may be the very values of `tree`.

    Example:
        >>> entry = {"model": "m", "weight": 1, "credentials": {"api_key": "sk-1"}}
        >>> without_credentials({"load_balance_models": [entry]})
        {'load_balance_models': [{'model': 'm', 'weight': 1}]}
    """
    if not has_credentials(tree):  # as nearly always
        return dict(tree)
    whole = {"": dict(tree)}
    left: list[tuple[Any, bool]] = [(whole, False)]
    while left:  # no recursion: what nests too deep is refused elsewhere, in words
        holder, in_schema = left.pop()
        is_list = isinstance(holder, list)
        for at, each in enumerate(holder) if is_list else list(holder.items()):
            if not isinstance(each, Mapping | list | tuple):
                continue
            inner = in_schema or at in _SCHEMAS
            copy = _kept(each, inner) if isinstance(each, Mapping) else list(each)
            holder[at] = copy
            left.append((copy, inner))
    return whole[""]


def _kept(fields: Mapping[str, Any], in_schema: bool) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if not _is_credential(name, value, in_schema)
    }


def _is_credential(name: Any, value: Any, in_schema: bool) -> bool:
    if not isinstance(name, str) or (in_schema and not isinstance(value, str)):
        return False
    return _names_a_credential(name)


@lru_cache(maxsize=4096)
def _names_a_credential(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in _NAMES or plain.endswith(_ENDS)


def _found(tree: Any) -> Iterator[str]:
    """Every text under a credential's name, and "" for each such name itself.

    The names of models in it are none.
    """
    left: list[tuple[Any, bool, bool]] = [(tree, False, False)]
    while left:
        value, is_secret, in_schema = left.pop()
        if isinstance(value, _LISTS):
            left += [
                (each, is_secret, in_schema)
                for each in value
                if is_secret or type(each) not in _LEAVES
            ]
        elif isinstance(value, _OBJECTS):
            for name, each in value.items():
                is_inner = (
                    name not in _OPEN
                    if is_secret
                    else name not in _PLAIN and _is_credential(name, each, in_schema)
                )
                if is_inner:
                    yield ""
                elif type(each) in _LEAVES:
                    continue
                left.append((each, is_inner, in_schema or name in _SCHEMAS))
        elif is_secret and isinstance(value, str):
            yield value
            if value.startswith(_SCHEME):
                yield value.removeprefix(_SCHEME)
