"""One template text: its variables, and what it becomes with values."""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Template as JinjaTemplate
from jinja2 import (
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    meta,
    nodes,
)

from ..errors import PromptError
from .bounds import MAX_OUTPUT, MAX_SOURCE, check_size, weight
from .image import Image
from .sandbox import FUNCTIONS, SHOW, Sandbox
from .work import count, current, working

__all__ = ["Pictures", "Template", "is_missing", "template_of"]

_SANDBOX = Sandbox()
_MARKS = re.compile(r"\{[{%#]")
_LINE_ENDS = re.compile(r"\r\n?")
_SIMPLE = frozenset({str, int, float, bool})  # what is printed as `str` has it
_LARGE = 10**18  # numbers that are longer have bounds of their own


def is_missing(value: Any) -> bool:
    """Tell whether a value of a frame says "unknown": None, NaN, NaT or NA.

    >>> is_missing(float("nan")), is_missing(""), is_missing(0)
    (True, False, False)
    """
    if value is None or type(value).__name__ == "NAType":
        return True
    try:
        return bool(value != value)  # NaN and NaT alone differ from themselves
    except (TypeError, ValueError):  # an array has no single answer
        return False
    except ArithmeticError:  # a decimal that signals is no number either
        return True


class Hole(Undefined):
    """A variable without a value: `if` takes it as false, anything else fails."""

    __slots__ = ()

    def __str__(self) -> str:
        self._fail_with_undefined_error()

    def __len__(self) -> int:
        self._fail_with_undefined_error()

    def __iter__(self) -> Iterator[Any]:
        self._fail_with_undefined_error()

    @classmethod
    def of(cls, name: str) -> Hole:
        """Make the value of a variable that has none."""
        hint = (
            f"{name!r} has no value here (None, NaN, or not given); where that is "
            f"meant, write {{{{ {name} | default('...') }}}} or {{% if {name} %}}"
        )
        error: Any = functools.partial(PromptError, missing=[name])
        return cls(hint=hint, name=name, exc=error)


_SANDBOX.tests["none"] = lambda value: value is None or isinstance(value, Hole)


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template; a text without any marks stays a text.

    Attributes:
        variables: The names it reads, in order of appearance.
        required: Those that it reads without saying what to do if there is no value.
    """

    variables: tuple[str, ...]
    required: frozenset[str]
    _compiled: JinjaTemplate | str
    # Texts with names between them, where the template is nothing else.
    _pieces: tuple[str, ...] | None = None

    def render(self, values: Mapping[str, Any]) -> list[str | Image]:
        """Render with values; one that is not given or missing becomes a hole.

        Returns:
            Texts and pictures in their order; `[""]` if nothing was printed.
        """
        text = self.filled_in(values)
        if text is not None:
            count(len(text))
            return [text]
        pictures = Pictures()
        return pictures.split(self.printed(values, pictures.show))

    def printed(self, values: Mapping[str, Any], show: Callable[[Any], object]) -> str:
        """Have the engine render it.

        Args:
            values: As for `render`.
            show: Turns each value that is printed into text.
        """
        if isinstance(self._compiled, str):
            return self._compiled
        context = self._compiled.new_context(
            {
                **FUNCTIONS,
                **{name: _value(name, values) for name in self.variables},
                SHOW: show,
            }
        )
        with working():
            current().start()
            return _SANDBOX.concat(self._compiled.root_render_func(context))

    def filled_in(self, values: Mapping[str, Any]) -> str | None:
        """Give its text without the engine; None where only that can tell."""
        if isinstance(self._compiled, str):
            return self._compiled
        return None if self._pieces is None else _filled_in(self._pieces, values)


def _filled_in(pieces: Sequence[str], values: Mapping[str, Any]) -> str | None:
    """Put texts and numbers where their names are; None leaves it to the engine."""
    filled = list(pieces)
    for at in range(1, len(filled), 2):
        value: Any = values.get(filled[at])
        kind = type(value)
        if kind is int and not -_LARGE < value < _LARGE:
            return None
        if kind not in _SIMPLE or value != value:  # NaN has no value
            return None
        filled[at] = str(value)
    text = "".join(filter(None, filled))  # of one it is that one, not a copy
    return text if len(text) <= MAX_OUTPUT else None


def _value(name: str, values: Mapping[str, Any]) -> Any:
    value = values.get(name)
    return Hole.of(name) if is_missing(value) else value


class Pictures:
    """Holds the pictures of one rendering, and the places where they belong.

    A place is marked by digits drawn for this rendering, so that no value can hold
    the mark of a picture.
    """

    def __init__(self) -> None:
        self._mark = f"{secrets.randbelow(10**18):018}"
        self._pictures: list[Image] = []

    def show(self, value: Any) -> Any:
        """Turn a printed value into text, a picture into its mark."""
        if isinstance(value, str):
            return value
        if isinstance(value, Image):
            self._pictures.append(value)
            return f"\ue000{self._mark}:{len(self._pictures) - 1}\ue001"
        if not isinstance(value, Undefined):
            if is_missing(value):
                raise PromptError(
                    "a printed value is missing (None or NaN); where that is meant, "
                    "write {{ value | default('...', true) }} or test it with `if`"
                )
            check_size(weight(value))
        return str(value)

    def split(self, text: str, *, is_all: bool = True) -> list[str | Image]:
        """Put the pictures in the places of their marks.

        Args:
            text: What was rendered.
            is_all: Whether that is all of it, so that each picture must be there.
        """
        if not self._pictures:
            return [text]
        pieces = re.split(f"\ue000{self._mark}:(\\d+)\ue001", text)
        kept = {int(piece) for piece in pieces[1::2]}
        is_lost = is_all and len(kept) < len(self._pictures)
        if is_lost or self._mark in "".join(pieces):
            raise PromptError(
                "a picture was printed, but a filter cut it off: print it by itself"
            )
        return [
            self._pictures[int(piece)] if index % 2 else piece
            for index, piece in enumerate(pieces)
        ]


@functools.lru_cache(maxsize=256)
def template_of(source: str) -> Template:
    """Compile a template text.

    Raises:
        PromptError: It is too long, has a mistake, or loads other templates.
    """
    if len(source) > MAX_SOURCE:
        raise PromptError(
            f"the template has {len(source)} characters, and at most {MAX_SOURCE} "
            "are allowed: give long texts as values"
        )
    if not _MARKS.search(source):  # compiling it would take a millisecond
        return Template((), frozenset(), _LINE_ENDS.sub("\n", source))
    try:
        tree = _SANDBOX.parse(source)
        _refuse_loading(tree)
        _refuse_self(tree)
        variables = _variables(tree)
        compiled = _SANDBOX.from_string(source)
    except TemplateSyntaxError as error:
        raise PromptError(
            f"the template has a mistake in line {error.lineno}: {error.message}"
        ) from error
    except (TemplateError, RecursionError, SyntaxError, ValueError) as error:
        if isinstance(error, PromptError):
            raise
        raise PromptError(f"the template cannot be read: {error}") from error
    required = frozenset(variables) - frozenset(_guarded(tree))
    return Template(variables, required, compiled, _pieces(tree, variables))


def _pieces(tree: nodes.Template, variables: Sequence[str]) -> tuple[str, ...] | None:
    """Cut a template of texts and plain variables where those are; None for others."""
    pieces = [""]
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                pieces[-1] += node.data
            elif isinstance(node, nodes.Name) and node.name in variables:
                pieces += [node.name, ""]
            else:
                return None
    return tuple(pieces)


def _refuse_loading(tree: nodes.Template) -> None:
    for node in tree.find_all(
        (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    ):
        raise PromptError(
            f"line {node.lineno} loads another template, which a prompt cannot do: "
            "put its text here, or give it as a value"
        )


def _refuse_self(tree: nodes.Template) -> None:
    if any(node.name == "self" for node in tree.find_all(nodes.Name)):
        raise PromptError(
            "'self' is the template language's own name: call the variable otherwise"
        )


def _variables(tree: nodes.Template) -> tuple[str, ...]:
    called = {
        call.node.name
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
    }
    names = meta.find_undeclared_variables(tree) - (called & FUNCTIONS.keys())
    ordered = (node.name for node in tree.find_all(nodes.Name))
    return tuple(dict.fromkeys(name for name in ordered if name in names))


def _guarded(tree: nodes.Template) -> Iterable[str]:
    """Find names for which the template itself says what holds without a value."""
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        is_guard = node.name in ("default", "d", "defined", "undefined")
        if is_guard and isinstance(node.node, nodes.Name):
            yield node.node.name
