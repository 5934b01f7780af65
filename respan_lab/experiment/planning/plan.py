"""From what was asked to cells: every request, rendered and checked, nothing sent."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...wire import ChatRequest, chat_request
from ...wire.request import Channel
from .additions import opened, with_additions
from .axes import settings
from .contents import Content, Rendered, contents_of_target
from .data import Item
from .identity import cell_key
from .prompts import NamedPrompt, of_target
from .target import Target

__all__ = ["Asked", "Cell", "checked_requests", "compile_plan"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One target x prompt x params x item x run, and its request.

    Attributes:
        key: The cell's identity; see `identity.cell_key`.
        target: What it is aimed at.
        prompt: Its prompt; None if the row brought its own messages alone.
        point: The axes' values of its parameters.
        item: The row of the data.
        run: The repeat index, from 0.
        content: What it says.
        params: Every parameter, without what a run adds.
    """

    key: str
    target: Target
    prompt: NamedPrompt | None
    point: Mapping[str, Any]
    item: Item
    run: int
    content: Content
    params: Mapping[str, Any]

    def request(
        self, *, run_id: str, stream: bool, channel: Channel = "top"
    ) -> ChatRequest:
        """All that is sent for the cell by a run.

        Args:
            run_id: The run that asks.
            stream: Whether the answer is streamed.
            channel: How Respan's own fields travel.
        """
        return _request(
            self.target,
            self.content,
            with_additions(self.params, self.key, run_id=run_id, stream=stream),
            stream=stream,
            channel=channel,
        )


class Asked(NamedTuple):
    """One target x prompt x params x item, and the body its request has so far."""

    target: Target
    prompt: NamedPrompt | None
    point: Mapping[str, Any]
    item: Item
    content: Content
    params: Mapping[str, Any]
    body: Mapping[str, Any]


def checked_requests(
    *,
    targets: list[Target],
    prompts: list[NamedPrompt] | None,
    params: Mapping[str, Any],
    items: list[Item],
    rendered: Rendered,
) -> Iterator[Asked]:
    """Every request, in the order of the frame: target, prompt, params, item.

    Args:
        targets: What is asked.
        prompts: What with; None if each row brings its own messages. Targets that are
            saved prompts are not crossed with them.
        params: Parameters, with axes as grids and none inside `respan_params`.
        items: The rows.
        rendered: What `render_all` made of prompts and items.

    Raises:
        ConfigError: A parameter is out of range, or has no place here.
    """
    for target in targets:
        for prompt, contents in _contents(target, prompts, items, rendered):
            for point, values in settings(params):
                merged = _merged(values, target)
                for item, content in zip(items, contents, strict=True):
                    body = _request(target, content, merged).body
                    yield Asked(target, prompt, point, item, content, merged, body)


def _contents(
    target: Target,
    prompts: list[NamedPrompt] | None,
    items: list[Item],
    rendered: Rendered,
) -> Iterator[tuple[NamedPrompt | None, list[Content]]]:
    """Each prompt of a target, with what it says for every item."""
    if target.prompt is not None:
        yield of_target(target), contents_of_target(target, items)
        return
    if prompts is None:
        yield None, rendered[None]
    for prompt in prompts or ():
        yield prompt, rendered[prompt.name]


def compile_plan(
    requests: Iterable[Asked],
    *,
    repeat: int,
    gateway_of: Callable[[tuple[str, ...]], str],
) -> list[Cell]:
    """Every cell, in the order of the frame: the requests', and for each its runs.

    Args:
        requests: From `checked_requests`.
        repeat: How often each is asked.
        gateway_of: The gateway's identity for the models that may answer.
    """
    seen: Counter[str] = Counter()
    gateways = functools.cache(gateway_of)
    return [
        Cell(
            _key(
                gateways(asked.target.candidates), asked.body, asked.target, run, seen
            ),
            asked.target,
            asked.prompt,
            asked.point,
            asked.item,
            run,
            asked.content,
            asked.params,
        )
        for asked in requests
        for run in range(repeat)
    ]


def _merged(values: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """The target's own parameters win; one that is None is left out."""
    both = {**values, **opened(target.params)}
    return {name: value for name, value in both.items() if value is not None}


def _key(
    gateway: str, body: Mapping[str, Any], target: Target, run: int, seen: Counter[str]
) -> str:
    route = target.route_provider
    first = cell_key(gateway, body, route_provider=route, run=run, ordinal=0)
    ordinal = seen[first]
    seen[first] += 1
    if ordinal == 0:
        return first
    return cell_key(gateway, body, route_provider=route, run=run, ordinal=ordinal)


def _request(
    target: Target,
    content: Content,
    params: Mapping[str, Any],
    *,
    stream: bool = False,
    channel: Channel = "top",
) -> ChatRequest:
    fields = {name: v for name, v in target.fields.items() if name != "model"}
    if content.prompt is not None:
        fields["prompt"] = content.prompt
    return chat_request(
        content.messages,
        model=target.model,
        route_provider=target.route_provider,
        stream=stream,
        channel=channel,
        params={**params, **fields},
    )
