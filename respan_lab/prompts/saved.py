"""A prompt that a gateway keeps, as a version of it was read."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..errors import PromptError
from .equality import frozen
from .prompt import Prompt

__all__ = ["SavedPrompt"]


class SavedPrompt(Prompt):
    """One version of a prompt that a gateway keeps; `client.prompts.get` gives it.

    Given to a client as `messages`, it is sent by its id, with its number and the
    values bound to it, and the gateway renders it. `render` shows here what that
    gives.

    Args:
        template: The version's messages.
        prompt_id: The gateway's id of the prompt.
        version: The version's number.
        name: What the gateway calls the prompt; None if it has no name.
        defaults: The version's own values of its variables; None for none.
        bound: Values laid over those, which are sent along; None for none.

    Example:
        >>> prompt = SavedPrompt("Hi {{ name }}", prompt_id="p1", version=3)
        >>> prompt.bind(name="Ada").render()
        [{'role': 'user', 'content': 'Hi Ada'}]
    """

    __slots__ = ("_bound", "_prompt_id")
    _prompt_id: str
    _bound: dict[str, Any]

    def __init__(
        self,
        template: str | Sequence[Mapping[str, Any]],
        *,
        prompt_id: str,
        version: int,
        name: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        bound: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(template, name=name, version=version, defaults=defaults)
        object.__setattr__(self, "_prompt_id", prompt_id)
        object.__setattr__(self, "_bound", copy.deepcopy(dict(bound or {})))

    @property
    def prompt_id(self) -> str:
        """The gateway's id of the prompt."""
        return self._prompt_id

    @property
    def bound(self) -> Mapping[str, Any]:
        """Values that are sent along with it, read only."""
        return MappingProxyType(self._bound)

    def bind(self, /, **values: Any) -> SavedPrompt:
        """Give variables their values; they are sent along with the prompt.

        Args:
            **values: Values by the variables' names; they replace those bound before.

        Returns:
            A new prompt.

        Raises:
            PromptError: The prompt has no variable of a name.
        """
        for name in values:
            if name not in self.variables:
                near = difflib.get_close_matches(name, self.variables, n=1)
                known = ", ".join(self.variables) or "none"
                hint = f"did you mean {near[0]!r}?" if near else f"it has {known}"
                raise PromptError(f"{self._label()} has no variable {name!r}: {hint}")
        return self._with({**self._bound, **values})

    def render(self, /, **values: Any) -> list[dict[str, Any]]:
        """Fill in the variables here, to see what the gateway will make of it.

        Args:
            **values: Values by the variables' names; what is bound or has a default
                may be left out.

        Returns:
            New messages.

        Raises:
            PromptError: Variables have no value, or the template fails with these.
        """
        return super().render(**{**self._bound, **values})

    def _detached(self) -> Prompt:
        values = {**self._defaults, **self._bound}
        return Prompt(
            self._template, name=self._name, version=self._version, defaults=values
        )

    def _with(self, bound: Mapping[str, Any]) -> SavedPrompt:
        rebuild, fields = self.__reduce__()
        prompt: SavedPrompt = rebuild(*fields[:-1], bound)
        return prompt

    def _content(self) -> tuple[Any, ...]:
        return (*super()._content(), self._prompt_id, frozen(self._bound))

    def __reduce__(self) -> tuple[Any, ...]:
        whose = (self._prompt_id, self._version, self._name)
        return _rebuild, (self._template, *whose, self._defaults, self._bound)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, prompt_id={self._prompt_id!r})"


def _rebuild(
    template: Any, prompt_id: Any, version: Any, name: Any, defaults: Any, bound: Any
) -> SavedPrompt:
    return SavedPrompt(
        template,
        prompt_id=prompt_id,
        version=version,
        name=name,
        defaults=defaults,
        bound=bound,
    )
