"""A saved prompt and the prompts in its variables, as a tree that can be rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import PromptError
from ...prompts import Prompt
from ..failure import GatewayFailure
from .request import read_version
from .variables import is_prompt, value_of

if TYPE_CHECKING:
    from ..store.prompts import Picked, PromptStore

__all__ = ["Part", "Rendered", "compose"]

_DEEPEST = 2  # levels of prompts in a prompt's variables
_MOST = 50  # prompts in one request
_QUICK = 10_000  # characters of templates that take no time worth a thread
_PRINTED = re.compile(r"\{\{[\w\s.]*\}\}")


class Rendered(NamedTuple):
    """A prompt with its values filled in.

    Attributes:
        messages: What it says.
        variables: Every value it was given; prompts in them have `_rendered_result`.
        warnings: What was given in vain, in words.
    """

    messages: list[dict[str, Any]]
    variables: dict[str, Any]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A version and the values it is to be rendered with.

    Attributes:
        picked: The version, and whose it is.
        given: The values that the request, or the outer prompt, gives.
        where: Their place in the request, for errors.
        children: The prompts in its variables, by the variables' names.
    """

    picked: Picked
    given: Mapping[str, Any]
    where: str
    children: dict[str, Part] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, Any]:
        """All values: the version's own, and those given laid over them."""
        return {**(self.picked.version["variables"] or {}), **self.given}

    @property
    def is_quick(self) -> bool:
        """Whether rendering does no more than print a few variables."""
        texts = [text for part in self._all() for text in part._texts()]
        return sum(map(len, texts)) < _QUICK and not any(
            "{" in _PRINTED.sub("", text) for text in texts
        )

    def render(self) -> Rendered:
        """Fill in the values.

        Raises:
            GatewayFailure: 400, if values are missing or not right, or the template
                fails with them.
        """
        prompt = self._prompt()
        warnings = [
            f"{self.where}.{name} is not read by prompt {self.picked.name!r} version "
            f"{self.picked.version['version']}"
            for name in self.given
            if name not in prompt.variables
        ]
        shown = self.variables
        values = {}
        for name in prompt.variables:
            if name in shown:
                values[name] = value_of(
                    shown[name],
                    f"{self.where}.{name}",
                    child=partial(self._child, name, shown, warnings),
                    warn=warnings.append,
                )
        try:
            return Rendered(prompt.render(**values), shown, warnings)
        except PromptError as error:
            raise self._failure(error) from None

    def _child(self, name: str, shown: dict[str, Any], warnings: list[str]) -> str:
        rendered = self.children[name].render()
        text = "\n\n".join(_flat(rendered.messages, f"{self.where}.{name}"))
        shown[name] = {**shown[name], "_rendered_result": text}
        if rendered.variables:
            shown[name]["variables"] = rendered.variables
        warnings += rendered.warnings
        return text

    def _prompt(self) -> Prompt:
        name, version = self.picked.name, self.picked.version
        return Prompt(version["messages"], name=name, version=version["version"])

    def _failure(self, error: PromptError) -> GatewayFailure:
        if not error.missing:
            return GatewayFailure(
                400, str(error), code="prompt_failed", param=self.where
            )
        guarded = f"{{{{ {error.missing[0]} | default('') }}}}"
        return GatewayFailure(
            400,
            f"{error}; give it in {self.where}, or write {guarded} in the template if "
            "it may be missing",
            code="missing_variables",
            param=self.where,
        )

    def _all(self) -> Iterator[Part]:
        yield self
        for child in self.children.values():
            yield from child._all()

    def _texts(self) -> Iterator[str]:
        return (
            text
            for message in self.picked.version["messages"]
            for text in _strings(message.get("content"))
        )


async def compose(
    store: PromptStore,
    prompt_id: str,
    version: int | str | None,
    given: Mapping[str, Any],
) -> Part:
    """Fetch a prompt's version, and those of the prompts in its variables.

    Args:
        store: Where they are.
        prompt_id: Which prompt.
        version: Its number, `"latest"`, or None for the deployed one.
        given: The values of its variables.

    Raises:
        GatewayFailure: 404 for a prompt or version that does not exist; 400 if one
            has nothing deployed, holds itself, or lies too deep.
    """
    return await _Composer(store).part(prompt_id, version, given, "prompt", ())


class _Composer:
    def __init__(self, store: PromptStore) -> None:
        self._store = store
        self._n_left = _MOST

    async def part(
        self,
        prompt_id: str,
        version: int | str | None,
        given: Mapping[str, Any],
        where: str,
        above: tuple[str, ...],
    ) -> Part:
        chain = (*above, prompt_id)
        self._check(chain, where)
        try:
            picked = await self._store.pick(prompt_id, version)
        except GatewayFailure as failure:
            error = failure.body["error"]
            error["param"] = f"{where}.{error['param'] or 'version'}"
            raise
        part = Part(picked, given, f"{where}.variables")
        for name, value in part.variables.items():
            if is_prompt(value):
                place = f"{part.where}.{name}"
                part.children[name] = await self._child(value, place, chain)
        return part

    async def _child(
        self, value: dict[str, Any], where: str, chain: tuple[str, ...]
    ) -> Part:
        prompt_id, given = value.get("prompt_id"), value.get("variables")
        given = {} if given is None else given
        if not isinstance(prompt_id, str) or not prompt_id:
            raise _bad(f"{where}.prompt_id", f"{where}.prompt_id must be a prompt's id")
        if not isinstance(given, dict):
            raise _bad(f"{where}.variables", f"{where}.variables must be an object")
        version = read_version(value, where)
        return await self.part(prompt_id, version, given, where, chain)

    def _check(self, chain: tuple[str, ...], where: str) -> None:
        said = " > ".join(chain)
        if chain[-1] in chain[:-1]:
            raise _bad(where, f"{where}: a prompt is part of itself: {said}")
        if len(chain) > _DEEPEST + 1:
            raise _bad(
                where,
                f"{where}: prompts in prompts lie at most {_DEEPEST} deep: {said}",
            )
        self._n_left -= 1
        if self._n_left < 0:
            raise _bad(where, f"{where}: a request is made of at most {_MOST} prompts")


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        inner = content.values() if isinstance(content, dict) else content
        for item in inner:
            yield from _strings(item)


def _flat(messages: list[dict[str, Any]], where: str) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        parts = [{"type": "text", "text": content}]
        for part in content if isinstance(content, list) else parts:
            if part.get("type") != "text":
                raise _bad(
                    where,
                    f"{where}: the prompt holds a part of type {part.get('type')!r}, "
                    "and only texts can be put into another prompt",
                )
            if part.get("text"):
                yield str(part["text"])


def _bad(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_prompt", param=param)
