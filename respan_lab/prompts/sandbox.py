"""The template engine: Jinja2's immutable sandbox, with bounds it does not have."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinMethodType, MethodType
from typing import Any, TypeVar

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, LoopContext, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from ..errors import PromptError
from .bounds import (
    MAX_DIGITS,
    MAX_STEPS,
    check_format,
    check_method,
    check_operator,
    check_product,
    check_replace,
    check_size,
    check_widths,
    weight,
)
from .work import current

__all__ = ["FUNCTIONS", "SHOW", "Sandbox"]

# Names with a space cannot be written in a template.
SHOW = " show"
"""The variable that holds what turns a printed value into text."""
_STEPS = " steps"
_Made = TypeVar("_Made")

# Methods that make numbers or texts of a size that nobody can tell, or take for ever.
_UNSAFE = frozenset(
    ["decode", "encode", "expandtabs", "from_bytes", "fromhex", "translate"]
)


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    work = current()
    for item in items:
        work.step()
        yield item


def _timed(items: Iterator[Any]) -> Iterator[Any]:
    work = current()
    for item in items:
        work.check()
        yield item


@pass_context
def _shown(context: Context, value: Any) -> Any:
    current().check()
    return context.parent[SHOW](value)


def _range(*arguments: int) -> range:
    numbers = range(*arguments)
    if len(numbers) > MAX_STEPS:
        raise PromptError(
            f"range() gives more than {MAX_STEPS} steps, which is all that loops and "
            "calls together may take"
        )
    return numbers


def _concat(pieces: Iterable[str]) -> str:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        check_size(size)
        kept.append(piece)
    return current().made("".join(kept))


def _watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Count what a filter or test makes, and stop it if the time is up."""

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if isinstance(result, Iterator):
            return _timed(result)
        return current().made(result)

    return watched


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

    add, trim, whole = filters["sum"], filters["trim"], filters["int"]

    @functools.wraps(add)
    def bounded_sum(
        environment: Any, iterable: Any, attribute: Any = None, start: Any = 0
    ) -> Any:
        parts = list(iterable)
        if not isinstance(start, int | float):  # each step copies what is there
            current().make(len(parts) * weight(parts))
        return add(environment, parts, attribute, start)

    @functools.wraps(trim)
    def bounded_trim(value: Any, chars: str | None = None) -> Any:
        check_product(value, chars)
        return trim(value, chars)

    @functools.wraps(whole)
    def bounded_int(value: Any, default: int = 0, base: int = 10) -> Any:
        # Some bases have no limit of Python's own.
        is_long = isinstance(value, str) and len(value) > MAX_DIGITS
        return default if is_long else whole(value, default, base)

    narrow = (
        *("batch", "center", "indent", "round", "slice"),
        *("tojson", "truncate", "wordwrap"),
    )
    return {
        **{name: _narrow(filters[name]) for name in narrow},
        "int": bounded_int,
        "sum": bounded_sum,
        "trim": bounded_trim,
        "join": bounded_join,
        "replace": bounded_replace,
        "format": bounded_format,
    }


class _Code(CodeGenerator):
    """Leads through the sandbox what the engine offers no hook for."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        self.write("environment.made(")
        super().visit_Compare(node, frame)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.made(")
        super().visit_Getitem(node, frame)
        self.write(")")


class Sandbox(ImmutableSandboxedEnvironment):
    """Renders templates that may come from anybody.

    Values cannot be changed and private attributes not be read. Beyond that, the
    sizes of texts and numbers and the widths of padding have the limits of `bounds`,
    and all of a rendering together those of `work`. Undefined names fail.
    """

    code_generator_class = _Code
    concat = staticmethod(_concat)
    intercepted_binops = frozenset(["*", "**", "%", "+", "-", "/", "//"])

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
        del self.filters["random"]  # a prompt says the same each time
        del self.filters["pprint"]  # its time grows with depth times size
        filters = {**self.filters, **_bounded_filters(self.filters)}
        self.filters = {name: _watched(filters[name]) for name in filters}
        self.filters[_STEPS] = _counted
        tests: dict[str, Any] = self.tests
        self.tests = {name: _watched(tests[name]) for name in tests}

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
        return current().made(str_join(pieces))

    def made(self, value: _Made) -> _Made:
        """Count what an operation has made; give it back."""
        return current().made(value)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse, beyond the sandbox, methods that cannot be bounded."""
        if isinstance(obj, str | bytes | int | float) and attr in _UNSAFE:
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
        return current().made(super().call_binop(context, operator, left, right))

    # The engine passes a template's keywords on, so our names must not clash with them.
    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function, macro or method as one step."""
        current().step()
        if isinstance(__obj, BuiltinMethodType | MethodType):
            owner = __obj.__self__
            if isinstance(owner, str | bytes | int):
                check_method(owner, __obj.__name__, (*args, *kwargs.values()))
        if isinstance(__obj, LoopContext) and args:
            args = (_counted(args[0]), *args[1:])
        return current().made(super().call(__context, __obj, *args, **kwargs))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cycler": Cycler,
    "dict": dict,
    "joiner": Joiner,
    "namespace": Namespace,
    "range": _range,
}
