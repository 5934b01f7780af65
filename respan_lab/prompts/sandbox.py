"""The template engine: Jinja2's immutable sandbox, with bounds it does not have."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import BuiltinMethodType
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, LoopContext, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from ..errors import PromptError
from .bounds import (
    MAX_STEPS,
    check_format,
    check_method,
    check_operator,
    check_replace,
    check_size,
    check_widths,
    weight,
)

__all__ = ["FUNCTIONS", "Meter", "Sandbox"]

# Names with a space cannot be written in a template.
_METER = " meter"
_STEPS = " steps"


@dataclass(slots=True)
class Meter:
    """What one rendering has used so far, and how it prints what is no text.

    Attributes:
        show: Turns a value that a template prints into text.
        n_steps: Turns of loops and calls so far.
    """

    show: Callable[[Any], Any]
    n_steps: int = field(default=0)

    def step(self, n: int = 1) -> None:
        """Count `n` turns, and stop a rendering that takes too many."""
        self.n_steps += n
        if self.n_steps > MAX_STEPS:
            raise PromptError(
                f"the template takes more than {MAX_STEPS} steps: loops and calls "
                "together may take that many"
            )

    def variables(self) -> dict[str, Any]:
        """Give what a template's context needs to find this meter."""
        return {_METER: self}


def _meter(context: Context) -> Meter:
    meter: Meter = context.parent[_METER]
    return meter


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    meter = _meter(context)
    for item in items:
        meter.step()
        yield item


@pass_context
def _shown(context: Context, value: Any) -> Any:
    return _meter(context).show(value)


@pass_context
def _range(context: Context, *arguments: int) -> range:
    numbers = range(*arguments)
    _meter(context).step(min(len(numbers), MAX_STEPS + 1))
    return numbers


def _concat(pieces: Iterable[str]) -> str:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        check_size(size)
        kept.append(piece)
    return "".join(kept)


def _narrow(function: Callable[..., Any]) -> Callable[..., Any]:
    """Bound the widths given to a filter; its first argument is what it works on."""
    first = 2 if hasattr(function, "jinja_pass_arg") else 1

    @functools.wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        check_widths([*args[first:], *kwargs.values()])
        return function(*args, **kwargs)

    return bounded


def _bounded_filters(filters: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    join, replace, form = filters["join"], filters["replace"], filters["format"]

    @functools.wraps(join)
    def bounded_join(
        context: Any, value: Any, d: str = "", attribute: Any = None
    ) -> Any:
        parts = list(value)
        check_size(weight(parts) + len(str(d)) * len(parts))
        return join(context, parts, d, attribute)

    @functools.wraps(replace)
    def bounded_replace(
        context: Any, s: str, old: str, new: str, count: int | None = None
    ) -> Any:
        check_replace(s, old, new)
        return replace(context, s, old, new, count)

    @functools.wraps(form)
    def bounded_format(value: str, *args: Any, **kwargs: Any) -> Any:
        check_format(value, (args, kwargs))
        return form(value, *args, **kwargs)

    narrow = ("batch", "center", "indent", "slice", "tojson", "truncate", "wordwrap")
    return {
        **{name: _narrow(filters[name]) for name in narrow},
        "join": bounded_join,
        "replace": bounded_replace,
        "format": bounded_format,
        _STEPS: _counted,
    }


class _Code(CodeGenerator):
    """Joins with `~` through the sandbox, since the engine offers no hook for it."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class Sandbox(ImmutableSandboxedEnvironment):
    """Renders templates that may come from anybody.

    Values cannot be changed and private attributes not be read. Beyond that, the
    sizes of texts and numbers, the widths of padding, and the number of steps have
    the limits of `bounds`. Undefined names fail.
    """

    code_generator_class = _Code
    concat = staticmethod(_concat)
    intercepted_binops = frozenset(["*", "**", "%", "+"])

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=_shown,
            keep_trailing_newline=True,
            optimized=False,
            autoescape=False,
            cache_size=0,
        )
        # Functions are given as variables, so that a column may have their name.
        self.globals.clear()
        self.filters.update(_bounded_filters(self.filters))
        del self.filters["random"]  # a prompt says the same each time

    def _parse(
        self, source: str, name: str | None, filename: str | None
    ) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _STEPS, [], [], None, None)
        return tree

    def joined(self, pieces: tuple[Any, ...]) -> str:
        """Join values as one text, if it is not too long."""
        check_size(weight(pieces))
        return str_join(pieces)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse, beyond the sandbox, methods whose result's size nobody can tell."""
        if isinstance(obj, str | bytes) and attr in ("expandtabs", "translate"):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Any:
        """Give the sandboxed `format` of a text, bounded; None for another method."""
        method = super().wrap_str_format(value)
        if method is None:
            return None

        def bounded(*args: Any, **kwargs: Any) -> str:
            check_format(value.__self__, (args, kwargs))
            text: str = method(*args, **kwargs)
            return text

        return bounded

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute `left operator right`, if the result is not too large."""
        check_operator(operator, left, right)
        return super().call_binop(context, operator, left, right)

    # The engine passes a template's keywords on, so our names must not clash with them.
    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function, macro or method as one step."""
        _meter(__context).step()
        if isinstance(__obj, BuiltinMethodType):
            owner = __obj.__self__
            if isinstance(owner, str | bytes | int):
                check_method(owner, __obj.__name__, (*args, *kwargs.values()))
        if isinstance(__obj, LoopContext) and args:
            args = (_counted(__context, args[0]), *args[1:])
        return super().call(__context, __obj, *args, **kwargs)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cycler": Cycler,
    "dict": dict,
    "joiner": Joiner,
    "namespace": Namespace,
    "range": _range,
}
