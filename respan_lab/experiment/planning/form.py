"""What the requests of one target with one setting have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ledger.additions import with_additions
from ...ledger.identity import Question
from ...wire import ChatRequest, chat_request
from ...wire.request import Channel
from ...wire.text import plain
from .additions import opened
from .contents import Content
from .target import Target

__all__ = ["Form"]

_INNER = (dict, list)


class Form:
    """All of a request but what it says: a target, and one setting of the parameters.

    It is the same for every item, so it is checked and written out once.

    Args:
        target: What is asked.
        values: The experiment's parameters. The target's own win over them, and one
            that is None is left out.
    """

    __slots__ = ("_made", "params", "target")

    def __init__(self, target: Target, values: Mapping[str, Any]) -> None:
        both = {**values, **opened(target.params)}
        self.target = target
        self.params = {name: v for name, v in both.items() if v is not None}
        self._made: dict[tuple[str, bool], ChatRequest] = {}

    def body(self, content: Content) -> dict[str, Any]:
        """The body of a request before a run adds its own fields.

        Raises:
            ConfigError: A parameter is out of range, or has no place here.
        """
        return self._written(content, self.params).body

    def question(self, content: Content, gateway: str) -> Question:
        """What makes the keys of requests.

        Args:
            content: Of one of them; its messages are no part of it.
            gateway: The gateway's identity for the models that may answer.
        """
        route = self.target.route_provider
        return Question(gateway, self.body(content), route_provider=route)

    def request(
        self,
        content: Content,
        key: str,
        *,
        run_id: str,
        stream: bool,
        channel: Channel,
    ) -> ChatRequest:
        """All that is sent for a cell by a run.

        Args:
            content: What the cell says.
            key: The cell's.
            run_id: The run that asks.
            stream: Whether the answer is streamed.
            channel: How Respan's own fields travel.
        """
        if content.prompt is None and channel == "top":
            made = self._made.get((run_id, stream))
            if made is not None:
                return self._again(made, content, key)
        request = self._written(
            content,
            with_additions(self.params, key, run_id=run_id, stream=stream),
            stream=stream,
            channel=channel,
        )
        if content.prompt is None and channel == "top":
            self._made[run_id, stream] = self._again(request, content, key)
        return request

    def _again(self, made: ChatRequest, content: Content, key: str) -> ChatRequest:
        """The same request, but for what it says and which cell it is of."""
        body = {
            name: plain(value, name) if type(value) in _INNER else value
            for name, value in {**made.body, "messages": None}.items()
        }
        body["messages"] = content.messages
        if "custom_identifier" not in self.params:
            body["custom_identifier"] = key
        return ChatRequest(body, dict(made.headers), made.stream, made.output_type)

    def _written(
        self,
        content: Content,
        params: Mapping[str, Any],
        *,
        stream: bool = False,
        channel: Channel = "top",
    ) -> ChatRequest:
        fields = {n: v for n, v in self.target.fields.items() if n != "model"}
        if content.prompt is not None:
            fields["prompt"] = content.prompt
        return chat_request(
            content.messages,
            model=self.target.model,
            route_provider=self.target.route_provider,
            stream=stream,
            channel=channel,
            params={**params, **fields},
        )
