"""What a request says for an item: messages, or a saved prompt and its variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...client.prompt_values import sent_prompt, sent_values
from ...errors import ConfigError, PromptError
from ...prompts import SavedPrompt, conversation
from ...prompts.prompt import rendered_texts
from ...wire import OPENAI_FIELDS
from ...wire.messages import check_messages
from ...wire.schema import response_format
from ...wire.text import clean, plain
from .additions import opened
from .data import Item
from .prompts import NamedPrompt
from .target import Target

__all__ = ["Content", "Rendered", "contents_of_target", "render_all"]

Messages = list[dict[str, Any]]
_PLAIN = ["role", "content"]
_NOT_THE_PROMPTS = ("stream", "stream_options")


class Content:
    """What a request says; a run may hold a million of them.

    Args:
        messages: The rendered messages, checked; None if a saved prompt brings them
            all.
        prompt: The contract's object for a saved prompt; None without one.
    """

    __slots__ = ("_said", "prompt")
    _said: Messages | tuple[str, ...] | None
    prompt: dict[str, Any] | None

    def __init__(
        self, messages: Messages | None, prompt: dict[str, Any] | None = None
    ) -> None:
        # A dict takes more memory than the text in it.
        self._said = messages if messages is None else _flat(messages)
        self.prompt = prompt

    @classmethod
    def of_texts(cls, said: tuple[str, ...]) -> Content:
        """Make one of known roles and any texts, in turn.

        Example:
            >>> Content.of_texts(("user", "Hi")).messages
            [{'role': 'user', 'content': 'Hi'}]
        """
        content = cls(None)
        content._said = tuple(map(clean, said))
        return content

    @property
    def plain(self) -> tuple[str, ...] | None:
        """Roles and texts in turn; None if there is more to the messages, or none."""
        return self._said if isinstance(self._said, tuple) else None

    @property
    def messages(self) -> Messages | None:
        """The messages, made anew each time."""
        if not isinstance(self._said, tuple):
            copied: Messages | None = plain(self._said, "messages")
            return copied
        pairs = zip(self._said[::2], self._said[1::2], strict=True)
        return [{"role": role, "content": text} for role, text in pairs]


def _flat(messages: Messages) -> Messages | tuple[str, ...]:
    """Roles and texts in turn, if the messages are nothing else."""
    flat: list[str] = []
    for message in messages:
        if list(message) != _PLAIN or type(message["content"]) is not str:
            return messages
        flat += message.values()
    return tuple(flat)


Rendered = Mapping[str | None, list[Content]]


def render_all(prompts: list[NamedPrompt] | None, items: list[Item]) -> Rendered:
    """What every prompt says for every item, by the prompt's name.

    A saved prompt is not rendered but sent by its id, in a way that has the target's
    model and the experiment's parameters win over the version's own.

    Args:
        prompts: None if each row brings its own messages.
        items: The rows.

    Raises:
        ConfigError: A row brings no messages of its own, or none that can be sent.
        PromptError: A template does not fit the data.
    """
    if prompts is None:
        return {None: [Content(_own_messages(item)) for item in items]}
    return {named.name: [_content(named, item) for item in items] for named in prompts}


def contents_of_target(target: Target, items: list[Item]) -> list[Content]:
    """What a target says for every item that is a saved prompt.

    Args:
        target: One with a `prompt`; without its version, variables are left out.
        items: The rows.
    """
    prompt: dict[str, Any] = {**(target.prompt or {})}
    is_second = prompt.get("schema_version") == 2
    if is_second and (own := _patch(target)):
        prompt["patch"] = {**own, **(prompt.get("patch") or {})}
    given = prompt.get("variables") or {}
    return [
        Content(
            _following(target, item) if is_second else None,
            {**prompt, "variables": {**given, **_variables(target.saved, item)}},
        )
        for item in items
    ]


def _content(named: NamedPrompt, item: Item) -> Content:
    if isinstance(named.prompt, SavedPrompt):
        sent = sent_prompt(named.prompt)
        sent["variables"] |= _variables(named.prompt, item)
        # With the first schema and no override, the request wins where both speak.
        return Content(None, {**sent, "schema_version": 1, "override": False})
    try:
        said = rendered_texts(named.prompt, item.variables)
        if said is not None:  # its roles were checked with the prompt
            return Content.of_texts(said)
        return Content(check_messages(named.prompt.render(**item.variables)))
    except PromptError as error:
        raise PromptError(
            f"prompt {named.name!r}, item {item.id!r}: {error}", missing=error.missing
        ) from None


def _variables(saved: SavedPrompt | None, item: Item) -> dict[str, Any]:
    """The row's columns that the version reads."""
    names = saved.variables if saved is not None else ()
    return sent_values(
        {name: item.variables[name] for name in names if name in item.variables}
    )


def _patch(target: Target) -> dict[str, Any]:
    """The target's own parameters that a version could set, too."""
    return {
        name: response_format(value) if isinstance(value, type) else value
        for name, value in opened(target.params).items()
        if value is not None and name in OPENAI_FIELDS and name not in _NOT_THE_PROMPTS
    }


def _following(target: Target, item: Item) -> Messages | None:
    """The row's conversation, if the version does not read it as a variable."""
    if target.saved is None or "messages" in target.saved.variables:
        return None
    if not item.variables.get("messages"):
        return None
    return _own_messages(item)


def _own_messages(item: Item) -> Messages:
    if not item.variables.get("messages"):
        raise ConfigError(
            f"prompts is None, so item {item.id!r} must bring its own messages: a "
            "column `messages` with a list of messages"
        )
    try:
        return check_messages(conversation(item.variables["messages"]))
    except PromptError as error:
        raise PromptError(f"item {item.id!r}: {error}") from None
