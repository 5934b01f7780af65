"""What a call asks for, as the request that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..prompts import Prompt, SavedPrompt
from ..wire import chat_request
from .asked import OWN
from .prompt_values import sent_prompt

if TYPE_CHECKING:
    from ..wire import ChatRequest
    from ..wire.request import Channel
    from .asked import Messages

__all__ = ["request_of"]


def request_of(
    messages: Messages,
    asked: Mapping[str, Any],
    *,
    channel: Channel,
    stream: bool = False,
) -> ChatRequest:
    """Make the request of a call.

    Args:
        messages: As for `Client.chat`.
        asked: The further arguments of that.
        channel: The client's own; the call's wins.
        stream: Whether the answer is streamed.

    Raises:
        ConfigError: Something in it cannot be sent.
    """
    if isinstance(messages, SavedPrompt):
        if asked.get("prompt") is not None:
            raise ConfigError(
                "two saved prompts are given, as messages and as prompt=: leave one of "
                "them out"
            )
        asked, messages = {**asked, "prompt": sent_prompt(messages)}, None
    elif isinstance(messages, Prompt):
        messages = messages.render()
    own = {name: asked[name] for name in OWN if name in asked}
    own["channel"] = own.get("channel") or channel
    params = {name: asked[name] for name in asked if name not in OWN}
    return chat_request(messages, stream=stream, params=params, **own)
