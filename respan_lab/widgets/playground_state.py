"""What a playground is set to, and the code that sets it so."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets

from ..errors import ConfigError
from ..prompts import Prompt
from .code import Code, call, literal, name_of, script
from .parameters import Parameters
from .playground_parts import models_code
from .prompt_form import PromptForm
from .stepper import Stepper
from .template_editor import TemplateEditor

if TYPE_CHECKING:
    from ..client import Client
    from ..experiment import Target
    from ..experiment.handle import Handle
    from ..experiment.planning.data import Item

__all__ = ["State"]


class State:
    """The fields of a playground as values; mixed into `Playground`."""

    _editor: TemplateEditor
    _form: PromptForm
    _params: Parameters
    _stepper: Stepper
    _boxes: dict[str, ipywidgets.Checkbox]
    _models: dict[str, str | Target]
    _rows: list[Item]
    _data: Any
    _choices: dict[str, Sequence[Any]]
    _scoring: dict[str, Any]
    _given_client: Client | None
    _given_path: str | os.PathLike[str] | None
    _handle: Handle | None

    @property
    def prompt(self) -> Prompt:
        """The prompt as edited. Set it to another one.

        Raises:
            PromptError: The template has a mistake.
        """
        return self._editor.prompt

    @prompt.setter
    def prompt(self, prompt: Prompt) -> None:
        self._editor.prompt = prompt
        self._form.prompt = prompt

    @property
    def values(self) -> dict[str, Any]:
        """The variables that have a value, by name; set it to fill in the form."""
        return dict(self._form.values)

    @values.setter
    def values(self, values: Mapping[str, Any]) -> None:
        self._form.values = dict(values)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by their wire names; set it to others."""
        return self._params.params

    @params.setter
    def params(self, params: Mapping[str, Any]) -> None:
        self._params.params = params

    @property
    def models(self) -> list[str]:
        """The names of those that are ticked; set it to tick others."""
        return [name for name, box in self._boxes.items() if box.value]

    @models.setter
    def models(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._boxes:
                known = ", ".join(map(repr, self._boxes))
                raise ConfigError(
                    f"{name!r} is none of the models; use some of {known}"
                )
        for name, box in self._boxes.items():
            box.value = name in names

    @property
    def row(self) -> int | None:
        """The place of the data's row in the form, from 0; None without data."""
        return self._stepper.row if self._rows else None

    @row.setter
    def row(self, row: int) -> None:
        self._stepper.row = row

    def to_code(self) -> Code:
        """Give the calls that stand for all this, as it is filled in now."""
        given, values = self._given_client, self.values
        written = call(
            "lab.Playground",
            "prompt",
            models_code(list(self._models.values())),
            *([name_of(self._data, "data")] if self._rows else []),
            client=None if given is None else name_of(given, "client"),
            params=literal(self.params) if self.params else None,
            values=literal(values) if values and not self._rows else None,
            choices=literal(self._choices) if self._choices else None,
            **self._scoring_code(),
            path=None if self._given_path is None else literal(str(self._given_path)),
        )
        after = []
        if self.models != list(self._models):
            after.append(f"play.models = {literal(self.models)}")
        if self._rows:
            after.append(f"play.row = {self.row}")
            if values != self._row_values(self.row or 0):
                after.append(f"play.values = {literal(values)}")
        if self._handle is not None:
            after.append("play.run()")
        return script(f"prompt = {literal(self.prompt)}", f"play = {written}", *after)

    def _scoring_code(self) -> dict[str, str | None]:
        usual = {"evaluators": (), "expected": "expected", "item": "item"}
        found: dict[str, str | None] = {}
        for name, value in self._scoring.items():
            if value == usual[name]:
                continue
            is_text = isinstance(value, str) or all(isinstance(v, str) for v in value)
            found[name] = literal(value) if is_text else name_of(value, name)
        return found

    def _row_values(self, row: int) -> dict[str, Any]:
        found = self._rows[row].variables
        names = self._form.prompt.variables
        return {name: found[name] for name in names if name in found}
