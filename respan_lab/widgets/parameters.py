"""Fields for what a request says besides its messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from ..errors import ConfigError
from .side import beside

__all__ = ["Parameters"]

_STYLE = {"description_width": "9em"}


def _as_written(text: str) -> float:
    """Read a number; 0 and 0.0 are two requests with two keys."""
    try:
        return int(text)
    except ValueError:
        return float(text)


_OWN: dict[str, Callable[[str], Any]] = {"temperature": _as_written, "max_tokens": int}


class Parameters(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """`temperature` and `max_tokens`, and all others as JSON; empty is not sent.

    Args:
        params: What to begin with, by wire names.
        changed: Called without arguments after each change.

    Raises:
        ConfigError: A value is nothing that JSON has, such as `lab.grid(...)`.
    """

    def __init__(self, params: Mapping[str, Any], changed: Callable[[], None]) -> None:
        self._own = {
            name: ipywidgets.Text(
                description=name, placeholder="not sent", style=_STYLE
            )
            for name in _OWN
        }
        self._more = ipywidgets.Textarea(
            description="more (JSON)",
            placeholder='{"top_p": 0.9}',
            rows=1,
            layout=ipywidgets.Layout(width="auto"),
            style=_STYLE,
        )
        self.params = params
        for field in (*self._own.values(), self._more):
            field.observe(lambda _: changed(), "value")
        super().__init__([beside(list(self._own.values())), self._more])

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by their wire names.

        Raises:
            ConfigError: What stands in a field is no number, or no JSON.
        """
        said = {name: field.value.strip() for name, field in self._own.items()}
        own = {name: _number(name, text) for name, text in said.items() if text}
        return {**own, **_further(self._more.value)}

    @params.setter
    def params(self, params: Mapping[str, Any]) -> None:
        rest = {name: value for name, value in params.items() if name not in _OWN}
        more = _json(rest) if rest else ""
        for name, field in self._own.items():
            value = params.get(name)
            field.value = "" if value is None else _json({name: value}) and str(value)
        self._more.value = more


def _number(name: str, text: str) -> Any:
    try:
        return _OWN[name](text)
    except ValueError:
        kind = "a whole number" if _OWN[name] is int else "a number"
        raise ConfigError(
            f"{name}={text!r}: use {kind}, or leave it empty so that it is not sent"
        ) from None


def _further(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the further parameters are no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError('the further parameters are a dict, as {"top_p": 0.9}')
    return found


def _json(params: Mapping[str, Any]) -> str:
    try:
        return json.dumps(params, ensure_ascii=False)
    except TypeError:
        raise ConfigError(
            f"params={dict(params)!r}: a playground takes one plain value for each "
            "(texts, numbers, lists, dicts); lab.compare takes lab.grid(...) and "
            "classes"
        ) from None
