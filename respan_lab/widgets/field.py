"""A form's field for one variable, by the type of its value."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets

from ..errors import PromptError
from ..prompts import Image, image
from ..prompts.template import is_missing

__all__ = ["Field"]

_WIDE = ipywidgets.Layout(width="auto")
_STYLE = {"description_width": "9em"}


class Field:
    """One variable: a widget to set it, and a line for what is wrong with it.

    Args:
        name: The variable's.
        value: What it begins with, which decides the kind of field: a box to tick for
            a boolean, a number, a file for a picture, JSON for lists and dicts, else a
            text. None has no value, and is a text.
        choices: The values it may have; None for any.
        changed: Called without arguments after each change.
    """

    def __init__(
        self,
        name: str,
        value: Any = None,
        *,
        choices: Sequence[Any] | None = None,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self._is_given = not is_missing(value)
        self._kind = _kind(value, choices)
        self._picture = value if isinstance(value, Image) else None
        self.widget = _WIDGETS[self._kind](name, value, choices)
        self._problem = ipywidgets.HTML()
        self.box = ipywidgets.VBox([self.widget, self._problem])
        self.widget.observe(lambda _: changed(), "value")

    @property
    def value(self) -> Any:
        """What it is set to; None where nothing was ever set.

        Raises:
            PromptError: What stands there is no JSON, or no picture.
        """
        found = self.widget.value
        if self._kind == "picture":
            return _picture(found, self._picture)
        if self._kind == "json":
            return _from_json(self.name, found)
        # An empty text is a value where one was given, or the prompt has a default.
        return None if found == "" and not self._is_given else found

    @value.setter
    def value(self, value: Any) -> None:
        self._is_given = not is_missing(value)
        if self._kind == "picture":
            self._picture = value
            self.widget.value = ()
        else:
            self.widget.value = _shown(self._kind, value)

    def fits(self, value: Any) -> bool:
        """Whether the field can be set to a value of this type."""
        if is_missing(value):
            return self._kind in ("text", "json")
        if self._kind == "choice":
            return value in list(self.widget.options)
        return self._kind == _kind(value, None)

    def tell(self, problem: str) -> None:
        """Say under the field what is wrong with it; an empty text takes it away."""
        self._problem.value = (
            '<div role="alert" style="margin-left:9.6em;'
            f'color:var(--jp-error-color0,#b00020)">{escape(problem)}</div>'
            if problem
            else ""
        )


def _kind(value: Any, choices: Sequence[Any] | None) -> str:
    if choices is not None:
        return "choice"
    for kind, types in _TYPES.items():
        if isinstance(value, types):
            return kind
    return "text"


_TYPES: dict[str, Any] = {
    "tick": bool,
    "whole": int,
    "number": float,
    "picture": Image,
    "json": (list, dict, tuple),
}


def _shown(kind: str, value: Any) -> Any:
    if kind == "json":
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    return "" if kind == "text" and is_missing(value) else value


def _text(name: str, value: Any, _: object) -> Any:
    text = "" if is_missing(value) else str(value)
    lines = text.count("\n") + len(text) // 80 + 1 if text else 2
    rows = min(lines, 12)
    return ipywidgets.Textarea(
        text, description=name, rows=rows, layout=_WIDE, style=_STYLE
    )


def _json(name: str, value: Any, _: object) -> Any:
    return _text(name, _shown("json", value), None)


def _tick(name: str, value: Any, _: object) -> Any:
    return ipywidgets.Checkbox(bool(value), description=name, style=_STYLE)


def _whole(name: str, value: Any, _: object) -> Any:
    return ipywidgets.IntText(
        value, description=name, continuous_update=True, style=_STYLE
    )


def _number(name: str, value: Any, _: object) -> Any:
    return ipywidgets.FloatText(
        value, description=name, continuous_update=True, style=_STYLE
    )


def _file(name: str, value: Any, _: object) -> Any:
    return ipywidgets.FileUpload(accept="image/*", description=name)


def _choice(name: str, value: Any, choices: Sequence[Any] | None) -> Any:
    options = list(choices or ())
    return ipywidgets.Dropdown(
        options=options,
        value=value if value in options else None,
        description=name,
        style=_STYLE,
    )


_WIDGETS: dict[str, Callable[[str, Any, Sequence[Any] | None], Any]] = {
    "text": _text,
    "json": _json,
    "tick": _tick,
    "whole": _whole,
    "number": _number,
    "picture": _file,
    "choice": _choice,
}


def _picture(files: Sequence[Any], before: Image | None) -> Image | None:
    return image(bytes(files[-1]["content"])) if files else before


def _from_json(name: str, text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise PromptError(
            f"{name!r} is a list or a dict, and this is no JSON: {error}"
        ) from None
