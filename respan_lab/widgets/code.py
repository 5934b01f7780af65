"""The code that a widget stands for."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import ConfigError
from ..prompts import Image, Prompt, SavedPrompt

__all__ = ["Code", "call", "literal", "name_of", "script"]

_WIDTH = 80


class Code(str):
    r"""Python source that shows itself as it is, so that it can be copied into a cell.

    Example:
        >>> Code("a = 1\nb = 2")
        a = 1
        b = 2
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def script(*statements: str) -> Code:
    """Put statements under the import they all need.

    Example:
        >>> script('lab.runs()')
        import respan_lab as lab
        <BLANKLINE>
        lab.runs()
    """
    return Code("import respan_lab as lab\n\n" + "\n".join(statements))


def call(function: str, *args: str, **kwargs: str | None) -> str:
    """Write a call; on several lines where one is too short.

    Args:
        function: What is called.
        *args: Source of its arguments.
        **kwargs: Source of its keyword arguments; None leaves one out.

    Example:
        >>> call("f", "1", name="'x'", other=None)
        "f(1, name='x')"
    """
    given = [*args, *(f"{k}={v}" for k, v in kwargs.items() if v is not None)]
    line = f"{function}({', '.join(given)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    # A text over several lines must not be indented: it is not code.
    return f"{function}(\n" + "".join(f"    {one},\n" for one in given) + ")"


def literal(value: Any) -> str:
    """Write a value as source that gives it again.

    Args:
        value: A text, number, boolean, None, picture, prompt, or lists, tuples and
            dicts of those.

    Raises:
        ConfigError: It is nothing that can be written.

    Example:
        >>> literal({"a": [1, "x"]}), literal(Prompt("Hi {{ name }}"))
        ("{'a': [1, 'x']}", "lab.Prompt('Hi {{ name }}')")
    """
    if callable(getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        return literal(value.item())  # numpy's numbers
    for types, written in _WRITTEN:
        if isinstance(value, types):
            return written(value)
    raise ConfigError(
        f"a value of type {type(value).__name__!r} cannot be written as code: give "
        "texts, numbers, lists, dicts, pictures or prompts"
    )


def name_of(value: object, default: str) -> str:
    """Find what the notebook calls an object; a default if it has no name there.

    Example:
        >>> name_of(object(), "client")
        'client'
    """
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    names: Mapping[str, object] = getattr(running, "user_ns", None) or {}
    found = [n for n, one in names.items() if one is value and not n.startswith("_")]
    return found[0] if found and found[0].isidentifier() else default


def _text(value: str) -> str:
    """Write a text; one of several lines between three quotes, if that gives it."""
    plain = repr(str(value))
    if "\n" not in value.strip("\n") or '"""' in value:
        return plain
    written = '"""\\\n' + value.replace("\\", "\\\\") + '"""'
    try:
        return written if ast.literal_eval(written) == value else plain
    except (SyntaxError, ValueError):
        return plain


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else f"float({str(value)!r})"


def _mapping(value: Mapping[str, Any]) -> str:
    pairs = (f"{literal(key)}: {literal(one)}" for key, one in value.items())
    return _bracketed("{", pairs, "}")


def _list(value: list[Any]) -> str:
    return _bracketed("[", map(literal, value), "]")


def _tuple(value: tuple[Any, ...]) -> str:
    inner = [literal(one) for one in value]
    return f"({inner[0]},)" if len(inner) == 1 else _bracketed("(", inner, ")")


def _image(value: Image) -> str:
    return f"lab.image({value.url!r})"


def _bracketed(begin: str, items: Iterable[str], end: str) -> str:
    inner = list(items)
    line = f"{begin}{', '.join(inner)}{end}"
    if len(line) <= _WIDTH or len(inner) < 2:
        return line
    return begin + "\n" + "".join(f"    {one},\n" for one in inner) + end


def _prompt(prompt: Prompt) -> str:
    return call(
        "lab.Prompt",
        literal(_plain(prompt.template)),
        name=_given(prompt.name),
        version=_given(prompt.version),
        system=_given(prompt.system),
        defaults=literal(dict(prompt.defaults)) if prompt.defaults else None,
    )


def _saved(prompt: SavedPrompt) -> str:
    read = f"client.prompts.get({prompt.prompt_id!r}, version={prompt.version!r})"
    bound = dict(prompt.bound)
    return call(f"{read}.bind", f"**{literal(bound)}") if bound else read


def _given(value: Any) -> str | None:
    return None if value is None else literal(value)


def _plain(template: str | Sequence[Mapping[str, Any]]) -> Any:
    if isinstance(template, str):
        return template
    return [dict(message) for message in template]


# The first that fits holds.
_WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (str, _text),
    ((type(None), bool, int), repr),
    (float, _number),
    (Image, _image),
    (SavedPrompt, _saved),
    (Prompt, _prompt),
    (Mapping, _mapping),
    (list, _list),
    (tuple, _tuple),
)
