"""A prompt: a template with variables, a name and a version."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from ..errors import PromptError
from .bounds import MAX_OUTPUT
from .card import card
from .equality import frozen
from .keeping import Keeping
from .messages import render_message
from .parts import described, listed, texts_of, unguarded, variables_of
from .template import Template, is_missing
from .work import count, working

__all__ = ["Prompt", "rendered_texts"]


class Prompt(Keeping):
    """A template with `{{ variables }}`. It never changes, and compares by content.

    A text becomes one user message. In a list of messages, every content is a
    template (a text, or a list of parts whose texts are), and the message
    `{"role": "placeholder", "name": "messages"}` stands for the conversation in the
    variable of that name, which is put in as it is. Values are never rendered
    themselves. Templates are Jinja2's, in a sandbox, with bounds on size and steps.

    A variable needs a value: one that is not given, or is None or NaN, is an error
    unless the template says what holds then (`{{ name | default("...") }}`,
    `{% if name is defined %}`), or `defaults` has one. `{% if name %}` is enough for
    a value that is given as None or NaN.

    Args:
        template: A text, or a list of messages.
        name: What frames and errors call it; None leaves that to the experiment.
        version: Its version, a text or a number; None for none.
        system: A template for a system message before the others; None for none.
        defaults: Values for variables that have none; None for no defaults.

    Raises:
        PromptError: The template has a mistake; the message says where.

    Example:
        >>> prompt = Prompt("Translate to {{ language }}: {{ text }}")
        >>> prompt.variables
        ('language', 'text')
        >>> prompt.render(language="French", text="Good morning")
        [{'role': 'user', 'content': 'Translate to French: Good morning'}]
    """

    __slots__ = (
        *("_defaults", "_messages", "_name", "_required", "_system", "_template"),
        *("_texts", "_version"),
    )
    _template: str | list[Mapping[str, Any]]
    _messages: tuple[Mapping[str, Any], ...]
    _name: str | None
    _version: str | int | None
    _system: str | None
    _defaults: dict[str, Any]
    _required: frozenset[str]
    _texts: tuple[tuple[str, Template], ...] | None  # where all have a role and a text

    def __init__(
        self,
        template: str | Sequence[Mapping[str, Any]],
        *,
        name: str | None = None,
        version: str | int | None = None,
        system: str | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        fields = {
            "_template": copy.deepcopy(template),
            "_name": name,
            "_version": version,
            "_system": system,
            "_defaults": copy.deepcopy(dict(defaults or {})),
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)
        object.__setattr__(self, "_messages", self._checked())
        object.__setattr__(self, "_required", unguarded(self._messages))
        object.__setattr__(self, "_texts", texts_of(self._messages))

    @property
    def template(self) -> str | list[dict[str, Any]]:
        """The template as given: a text, or a copy of the list of messages."""
        if isinstance(self._template, str):
            return self._template
        return copy.deepcopy([dict(message) for message in self._template])

    @property
    def name(self) -> str | None:
        """What frames and errors call it; None if the experiment names it."""
        return self._name

    @property
    def version(self) -> str | int | None:
        """Its version; None for none."""
        return self._version

    @property
    def system(self) -> str | None:
        """The template of the system message before the others; None for none."""
        return self._system

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Values for variables that have none, read only."""
        return MappingProxyType(self._defaults)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables it reads, in order of appearance."""
        return variables_of(self._messages)

    def render(self, /, **values: Any) -> list[dict[str, Any]]:
        """Fill in the variables; values of other names are ignored.

        Args:
            **values: A value for each variable. An `image(...)` turns the content
                that prints it into a list of parts.

        Returns:
            New messages, ready to be sent.

        Raises:
            PromptError: Variables have no value (all are named, and listed in
                `missing`), or the template fails with these values.
        """
        filled = self._filled(values)
        if said := self._said(filled):
            pairs = zip(said[::2], said[1::2], strict=True)
            return [{"role": role, "content": text} for role, text in pairs]
        try:
            with working():
                return [
                    done
                    for message in self._messages
                    for done in render_message(message, filled)
                ]
        except Exception as error:
            # A template can fail with any error at all.
            self._fail(error)

    def _filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The variables with their values; raises an error if one has none."""
        given = {
            name: value
            for name, value in values.items()
            if type(value) is str or not is_missing(value)
        }
        filled = {**self._defaults, **given} if self._defaults else given
        if not filled.keys() >= self._required:
            raise self._missing(sorted(self._required - filled.keys()), values)
        return filled

    def _said(self, filled: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Fill texts and numbers into texts; None if it takes more than that."""
        if self._texts is None:
            return None
        said: list[str] = []
        size = 0
        for role, template in self._texts:
            text = template.filled_in(filled)
            if text is None:
                return None
            said += role, text
            size += len(text)
        if size > MAX_OUTPUT:  # the careful way says what is wrong, if anything is
            return None
        count(size)
        return tuple(said)

    def _checked(self) -> tuple[Mapping[str, Any], ...]:
        try:
            return tuple(listed(self._template, self._system))
        except PromptError as error:
            self._fail(error)

    def _missing(
        self, missing: Sequence[str], values: Mapping[str, Any]
    ) -> PromptError:
        named = ", ".join(described(name, values) for name in missing)
        return PromptError(f"{self._label()} has no value for {named}", missing=missing)

    def _fail(self, error: Exception) -> NoReturn:
        missing = getattr(error, "missing", ())
        raise PromptError(f"{self._label()}: {error}", missing=missing) from error

    def _label(self) -> str:
        label = "the prompt" if self._name is None else f"prompt {self._name!r}"
        return label if self._version is None else f"{label} version {self._version}"

    def _content(self) -> tuple[Any, ...]:
        return (
            frozen(self._template),
            self._name,
            self._version,
            self._system,
            frozen(self._defaults),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prompt):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"a Prompt does not change: make a new one to set {name!r}"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Prompt does not change: {name!r} stays")

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self._name, self._version, self._system, self._defaults)
        return _rebuild, (self._template, *fields)

    def __repr__(self) -> str:
        text = self._template if isinstance(self._template, str) else _outline(self)
        shown = text if len(text) <= 60 else text[:57] + "..."
        named = [
            f", {field}={value!r}"
            for field, value in (("name", self._name), ("version", self._version))
            if value is not None
        ]
        return f"Prompt({shown!r}{''.join(named)})"

    def _repr_html_(self) -> str:
        return card(self._label(), self.variables, self._messages)


def rendered_texts(prompt: Prompt, values: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Render a prompt whose messages all become a role and a text, as most do.

    Args:
        prompt: The prompt.
        values: As for `Prompt.render`, which says the same in more words.

    Returns:
        Roles and texts in turn; None if it takes more to render it.

    Raises:
        PromptError: Variables have no value.

    Example:
        >>> rendered_texts(Prompt("Say {{ word }}"), {"word": "yes"})
        ('user', 'Say yes')
    """
    return prompt._said(prompt._filled(values))


def _rebuild(
    template: Any, name: Any, version: Any, system: Any, defaults: Any
) -> Prompt:
    return Prompt(
        template, name=name, version=version, system=system, defaults=defaults
    )


def _outline(prompt: Prompt) -> str:
    roles = ", ".join(message["role"] for message in prompt._messages)
    return f"{len(prompt._messages)} messages: {roles}"
