"""A form for a prompt's variables, with the prompt as it will be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ..errors import ConfigError, PromptError
from ..prompts import Prompt
from ..prompts.marking import marked
from .code import Code, call, literal, name_of, script
from .field import Field
from .panel import Panel, reported
from .preview import Preview
from .shown import lines
from .sizing import sizing

if TYPE_CHECKING:
    from ..client import Client

__all__ = ["PromptForm"]


class PromptForm(Panel):
    """A field for each variable of a prompt, and below them what will be sent.

    The preview follows each key: the rendered messages with what the variables put
    there marked, how many tokens that is about, and what asking costs. A variable
    without a value says so at its field. Nothing is sent.

    A field's kind follows the value that it begins with: a box to tick for a boolean,
    a number, a file for a picture, JSON for lists and dicts (such as the conversation
    of a placeholder), else a text. An empty text is no value, unless the prompt has a
    default or one was given.

    Args:
        prompt: The prompt, or its template.
        values: What the variables begin with; None for the prompt's defaults.
        choices: The values to choose from, by variable; None for any value.
        models: Whose prices to show; one name or several.
        max_tokens: The most an answer may have, for the price; None takes 256.
        client: Whose prices; None for the price lists alone.

    Attributes:
        values: The variables that have a value, by name. Set it to fill in the form;
            observe it with ``form.observe(function, "values")``.
        prompt: The prompt. Set it to another one; variables that stay keep their
            values.

    Raises:
        PromptError: The template has a mistake.
        ConfigError: A value or choice is for a variable that the prompt has not.

    Example:
        >>> form = PromptForm("Translate to {{ language }}: {{ text }}")
        >>> form.values = {"language": "French", "text": "Good morning"}
        >>> form.rendered
        [{'role': 'user', 'content': 'Translate to French: Good morning'}]
    """

    values = traitlets.Dict()
    prompt = traitlets.Instance(Prompt)

    def __init__(
        self,
        prompt: str | Sequence[Mapping[str, Any]] | Prompt,
        values: Mapping[str, Any] | None = None,
        *,
        choices: Mapping[str, Sequence[Any]] | None = None,
        models: str | Sequence[str] = (),
        max_tokens: int | None = None,
        client: Client | None = None,
    ) -> None:
        prompt = prompt if isinstance(prompt, Prompt) else Prompt(prompt)
        self._choices = {name: list(some) for name, some in (choices or {}).items()}
        _check_names(prompt, {**(values or {}), **self._choices})
        self._models = (models,) if isinstance(models, str) else tuple(models)
        self._max_tokens, self._client = max_tokens, client
        self._fields: dict[str, Field] = {}
        self._rows = ipywidgets.VBox()
        self._preview = Preview()
        self._is_filling = False
        super().__init__([self._rows, self._preview])
        self.prompt = prompt
        self._lay_out(prompt, values or {})
        self.observe(self._take_prompt, "prompt")
        self.observe(self._take_values, "values")

    @property
    def rendered(self) -> list[dict[str, Any]]:
        """The messages, ready to be sent.

        Raises:
            PromptError: A variable has no value, or the template fails with these.
        """
        return self.prompt.render(**self._read())

    def price(self, models: Sequence[str], max_tokens: int | None) -> None:
        """Show from now on what these models cost.

        Args:
            models: Whose prices to show.
            max_tokens: The most an answer may have; None takes 256.
        """
        if (tuple(models), max_tokens) != (self._models, self._max_tokens):
            self._models, self._max_tokens = tuple(models), max_tokens
            self._draw(self.prompt)

    def to_code(self) -> Code:
        """Give the calls that this form stands for, as it is filled in now."""
        prompt, defaults = self.prompt, self.prompt.defaults
        values = {
            name: value
            for name, value in self.values.items()
            if name not in defaults or defaults[name] != value
        }
        most = None if self._max_tokens is None else literal(self._max_tokens)
        client = None if self._client is None else name_of(self._client, "client")
        written = call(
            "lab.PromptForm",
            "prompt",
            values=literal(values) if values else None,
            choices=literal(self._choices) if self._choices else None,
            models=literal(list(self._models)) if self._models else None,
            max_tokens=most,
            client=client,
        )
        return script(
            f"prompt = {literal(prompt)}",
            f"form = {written}",
            "form.rendered",
        )

    @contextmanager
    def _filling(self) -> Iterator[None]:
        """What the form itself sets is nothing to answer to."""
        before, self._is_filling = self._is_filling, True
        try:
            yield
        finally:
            self._is_filling = before

    def _lay_out(self, prompt: Prompt, values: Mapping[str, Any]) -> None:
        """Make the fields anew; a variable that stays keeps its field."""
        before, self._fields = self._fields, {}
        with self._filling():
            for name in prompt.variables:
                value = values.get(name, prompt.defaults.get(name))
                kept = before.get(name)
                if kept is None or (name in values and not kept.fits(value)):
                    choices = self._choices.get(name)
                    kept = Field(name, value, choices=choices, changed=self._changed)
                elif name in values:
                    kept.value = value
                self._fields[name] = kept
        self._rows.children = [field.box for field in self._fields.values()]
        self._draw(prompt)

    @reported
    def _changed(self) -> None:
        if not self._is_filling:
            self._draw(self.prompt)

    def _read(self) -> dict[str, Any]:
        found = {name: field.value for name, field in self._fields.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _draw(self, prompt: Prompt) -> None:
        problems: dict[str, str] = {}
        values: dict[str, Any] = {}
        for name, field in self._fields.items():
            try:
                if (value := field.value) is not None:
                    values[name] = value
            except (PromptError, ConfigError) as error:
                problems[name] = str(error)
        self._show(prompt, values, problems)
        for name, field in self._fields.items():
            field.tell(problems.get(name, ""))
        with self._filling():
            self.values = values

    def _show(
        self, prompt: Prompt, values: dict[str, Any], problems: dict[str, str]
    ) -> None:
        try:
            messages = marked(prompt, values)
        except PromptError as error:
            missing = set(error.missing) - problems.keys()
            problems.update(dict.fromkeys(missing, "it has no value yet"))
            self._preview.problem = "" if error.missing else str(error)
            return
        self._preview.show(messages, self._estimate(prompt.render(**values)))

    def _estimate(self, messages: Sequence[Mapping[str, Any]]) -> str:
        from ..prices import PriceTable

        prices = PriceTable() if self._client is None else self._client.prices
        return sizing(messages, self._models, prices, max_tokens=self._max_tokens)

    @reported
    def _take_prompt(self, change: Mapping[str, Any]) -> None:
        self._lay_out(change["new"], {})

    @traitlets.validate("values")
    def _known(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = proposal["value"]
        _check_names(self.prompt, values)
        return values

    @reported
    def _take_values(self, change: Mapping[str, Any]) -> None:
        if not self._is_filling:
            self._lay_out(self.prompt, change["new"])

    def _static(self) -> str:
        said = {name: str(value) for name, value in self.values.items()}
        return lines("Values", said) + self._preview._static()

    def __repr__(self) -> str:
        return f"PromptForm({self.prompt!r}, {self.values!r})"


def _check_names(prompt: Prompt, names: Mapping[str, Any]) -> None:
    for name in names:
        if name not in prompt.variables:
            known = ", ".join(map(repr, prompt.variables)) or "none"
            raise ConfigError(
                f"the prompt has no variable {name!r}; its variables are {known}"
            )
