"""A prompt's texts, to be edited: system part and template, or each message."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from ..prompts import Prompt, SavedPrompt

__all__ = ["TemplateEditor"]

_WIDE = ipywidgets.Layout(width="auto")
_STYLE = {"description_width": "9em"}


class TemplateEditor(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Fields for a prompt's texts; what has no text is shown as it is.

    Args:
        prompt: What to begin with.
        changed: Called without arguments after each change.
    """

    def __init__(self, prompt: Prompt, changed: Callable[[], None]) -> None:
        self._changed = changed
        super().__init__()
        self._lay_out(prompt)

    @property
    def prompt(self) -> Prompt:
        """The prompt as edited; as it was given, if nothing was.

        What was edited is no version of anything yet, so it has none, nor a gateway's
        id.

        Raises:
            PromptError: The template has a mistake.
        """
        given, template = self._given, self._template()
        system = self._system.value or None if self._system else given.system
        if template == given.template and system == given.system:
            return given
        bound = dict(given.bound) if isinstance(given, SavedPrompt) else {}
        defaults = {**given.defaults, **bound}
        return Prompt(template, name=given.name, system=system, defaults=defaults)

    @prompt.setter
    def prompt(self, prompt: Prompt) -> None:
        self._lay_out(prompt)

    def _lay_out(self, prompt: Prompt) -> None:
        self._given, template = prompt, prompt.template
        is_text = isinstance(template, str)
        has_system = is_text or prompt.system is not None
        self._system = (
            self._field("system", prompt.system or "") if has_system else None
        )
        messages = [template] if isinstance(template, str) else template
        self._fields = [self._message(one) for one in messages]
        self.children = [*([self._system] if self._system else []), *self._fields]

    def _message(self, message: Any) -> Any:
        if isinstance(message, str):
            return self._field("template", message)
        if isinstance(message.get("content"), str):
            return self._field(message["role"], message["content"])
        return ipywidgets.HTML(f"<pre>{escape(str(message))}</pre>")

    def _field(self, name: str, text: str) -> Any:
        rows = min(text.count("\n") + len(text) // 80 + 2, 16)
        field = ipywidgets.Textarea(
            text, description=name, rows=rows, layout=_WIDE, style=_STYLE
        )
        field.observe(lambda _: self._changed(), "value")
        return field

    def _template(self) -> Any:
        template = self._given.template
        if isinstance(template, str):
            return self._fields[0].value
        edited = zip(template, self._fields, strict=True)
        return [
            {**message, "content": field.value}
            if isinstance(field, ipywidgets.Textarea)
            else message
            for message, field in edited
        ]
