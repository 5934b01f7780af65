"""The parameters' manual: what Shift-Tab shows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

from typing_extensions import Doc, get_type_hints

from .openai_params import OpenAIParams
from .respan_params import RespanParams

__all__ = ["meaning", "params_doc", "params_signature"]


def params_doc() -> str:
    """Describe every parameter of a chat call, a line each.

    Returns:
        Lines like ``n: How many answers to write; ...``, OpenAI's parameters first;
        not indented.

    Example:
        >>> "n: How many answers to write" in params_doc()
        True
    """
    head = "Parameters of the wire; None, the default, means not sent:"
    return "\n".join([head, *(f"{name}: {meaning(name)}" for name in _hints())])


def params_signature(fn: Callable[..., Any]) -> inspect.Signature:
    """Write a function's ``**params`` out as keywords.

    Args:
        fn: A function that takes ``**params`` of a chat call.

    Returns:
        Its signature with a keyword-only parameter, None by default, for each of them
        that it does not already name.

    Example:
        >>> def chat(messages=None, *, model=None, **params): ...
        >>> "temperature: float | None = None" in str(params_signature(chat))
        True
    """
    signature = inspect.signature(fn)
    own = [
        each
        for each in signature.parameters.values()
        if each.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    named = {each.name for each in own}
    added = [_keyword(name) for name in _hints() if name not in named]
    return signature.replace(parameters=[*own, *added])


def meaning(name: str) -> str:
    """Give what a parameter means, its unit and its default.

    Args:
        name: A parameter of a chat call.

    Raises:
        KeyError: If there is none of that name.

    Example:
        >>> meaning("echo")
        'Whether to return the prompt with the answer. Default False.'
    """
    marks = get_args(_hints()[name])[1:]
    return next(mark.documentation for mark in marks if isinstance(mark, Doc))


@lru_cache(maxsize=1)
def _hints() -> dict[str, Any]:
    """Parameter to its annotated type, in the order of the tables."""
    tables = (OpenAIParams, RespanParams)
    return {
        name: hint
        for table in tables
        for name, hint in get_type_hints(table, include_extras=True).items()
    }


def _keyword(name: str) -> inspect.Parameter:
    hint = _hints()[name]
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=bare | None,
    )
