"""Step: put a saved prompt into the request that names one.

A variable without a value is a 400 that names all that miss one, unless the template
says what holds then (`{{ name | default('') }}`); what the hosted gateway does is not
documented. Values come, the strongest first, from `prompt.variables`, the request's own
`variables`, and the version's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...prompts.work import working
from ..failure import GatewayFailure
from .fields import config_of
from .merge import merge
from .parts import Part, Rendered, compose
from .request import read_prompt

if TYPE_CHECKING:
    from ..asking.asked import Asked
    from ..store.prompts import PromptStore

__all__ = ["ResolvedPrompt", "resolve"]


@dataclass(frozen=True, slots=True)
class ResolvedPrompt:
    """The saved prompt that a request was made of.

    Attributes:
        prompt_id: Which prompt.
        version: The number of the version that was used.
        name: The prompt's name.
        variables: The values it was rendered with, the version's own among them; a
            prompt in them has its text in `_rendered_result`.
        messages: Its messages, rendered.
        echo: Whether the answer is to carry them, as `prompt_message`; false unless
            asked for, since references differ.
    """

    prompt_id: str
    version: int
    name: str
    variables: dict[str, Any]
    messages: list[dict[str, Any]]
    echo: bool


async def resolve(asked: Asked, store: PromptStore) -> ResolvedPrompt | None:
    """Put the saved prompt, if the request names one, into the request.

    Args:
        asked: The request; its messages, model and parameters are changed, and what
            had no effect is added to its warnings.
        store: The saved prompts.

    Returns:
        What was put in; None if the request names no prompt.

    Raises:
        GatewayFailure: 404 for a prompt or version that does not exist, 400 for what
            is not right; both name the field.
    """
    request = read_prompt(asked)
    if request is None:
        return None
    given = {**_fillers(asked), **request.variables}
    part = await compose(store, request.prompt_id, request.version, given)
    work = _render(part) if part.is_quick else asyncio.to_thread(_render, part)
    rendered = work if isinstance(work, Rendered) else await work
    asked.warnings += rendered.warnings
    version = part.picked.version
    if version["stream"] and not asked.is_stream:
        asked.warnings.append(
            "the prompt's version streams, and this request does not: send stream: true"
        )
    merge(asked, request, config=config_of(version), messages=rendered.messages)
    return ResolvedPrompt(
        prompt_id=part.picked.prompt_id,
        version=version["version"],
        name=part.picked.name,
        variables=rendered.variables,
        messages=rendered.messages,
        echo=request.echo,
    )


def _fillers(asked: Asked) -> dict[str, Any]:
    variables = asked.respan.get("variables")
    if variables is None:
        return {}
    if isinstance(variables, dict):
        return variables
    raise GatewayFailure(
        400,
        f"variables is of type {type(variables).__name__}; it must be an object",
        code="invalid_value",
        param="variables",
    )


def _render(part: Part) -> Rendered:
    with working():  # prompts in prompts share the bounds of one
        return part.render()
