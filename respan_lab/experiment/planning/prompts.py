"""The `prompts` argument: from every way to write it to named prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from ...prompts import Prompt
from .target import Target

__all__ = ["NamedPrompt", "named_prompts", "of_target"]


@dataclass(frozen=True, slots=True)
class NamedPrompt:
    """A prompt under the name it has in the frame."""

    name: str
    prompt: Prompt


def named_prompts(prompts: Any) -> list[NamedPrompt] | None:
    """Read the `prompts` argument.

    Args:
        prompts: A template, a `lab.Prompt`, a list of those, a mapping of name to
            template, one conversation (a list of messages), or None.

    Returns:
        The prompts in order; None if every row brings its own messages.

    Raises:
        ConfigError: Something else, nothing, or two prompts of one name.

    Example:
        >>> [p.name for p in named_prompts(["Yes?", "No?"])]
        ['prompt-1', 'prompt-2']
    """
    if prompts is None:
        return None
    if isinstance(prompts, Mapping):
        if prompts.keys() <= {"role", "content", "name"} and "role" in prompts:
            raise ConfigError(
                "prompts is one message; write a conversation as a list: [{...}]"
            )
        named = [NamedPrompt(str(n), _prompt(p)) for n, p in prompts.items()]
    else:
        named = _numbered(_listed(prompts))
    if not named:
        raise ConfigError(
            "prompts is empty; use None if each row brings its own `messages`"
        )
    names = [entry.name for entry in named]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"two prompts are called {name!r}; give them names with a dict or "
                "with lab.Prompt(..., name=)"
            )
    return named


def of_target(target: Target) -> NamedPrompt | None:
    """The prompt a target brings, under the gateway's name of it; None if unknown."""
    saved = target.saved
    return None if saved is None else NamedPrompt(saved.name or saved.prompt_id, saved)


def _listed(prompts: Any) -> list[Any]:
    if isinstance(prompts, str | Prompt) or _is_conversation(prompts):
        return [prompts]
    if isinstance(prompts, Sequence):
        return list(prompts)
    raise ConfigError(
        f"prompts is a {type(prompts).__name__}; give a template, a lab.Prompt, a list "
        "of those, a dict of name to template, or a list of messages"
    )


def _is_conversation(prompts: Any) -> bool:
    return isinstance(prompts, Sequence) and any(
        isinstance(entry, Mapping) and "role" in entry for entry in prompts
    )


def _numbered(entries: list[Any]) -> list[NamedPrompt]:
    prompts = [_prompt(entry) for entry in entries]
    if len(prompts) == 1:
        return [NamedPrompt(prompts[0].name or "prompt", prompts[0])]
    return [
        NamedPrompt(prompt.name or f"prompt-{number}", prompt)
        for number, prompt in enumerate(prompts, 1)
    ]


def _prompt(entry: Any) -> Prompt:
    if isinstance(entry, Prompt):
        return entry
    if isinstance(entry, str) or _is_conversation(entry):
        return Prompt(entry)
    raise ConfigError(
        f"{entry!r} is not a prompt; use a template, a lab.Prompt or a list of messages"
    )
