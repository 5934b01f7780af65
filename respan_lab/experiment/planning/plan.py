"""From what was asked to cells: every request, rendered and checked, nothing sent."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...ledger.identity import Question
from ...wire import ChatRequest
from ...wire.request import Channel
from .axes import settings
from .contents import Content, Rendered, contents_of_target
from .data import Item
from .form import Form
from .prompts import NamedPrompt, of_target
from .target import Target

__all__ = ["Asked", "Cell", "asked_of", "compile_plan"]


class Cell(NamedTuple):
    """One target x prompt x params x item x run, and its request.

    Attributes:
        key: The cell's identity; see `identity.cell_key`.
        form: Its target, and every parameter.
        prompt: Its prompt; None if the row brought its own messages alone.
        point: The axes' values of its parameters.
        item: The row of the data.
        run: The repeat index, from 0.
        content: What it says.
    """

    key: str
    form: Form
    prompt: NamedPrompt | None
    point: Mapping[str, Any]
    item: Item
    run: int
    content: Content

    @property
    def target(self) -> Target:
        """What it is aimed at."""
        return self.form.target

    @property
    def params(self) -> Mapping[str, Any]:
        """Every parameter, without what a run adds."""
        return self.form.params

    def request(
        self, *, run_id: str, stream: bool, channel: Channel = "top"
    ) -> ChatRequest:
        """All that is sent for the cell by a run.

        Args:
            run_id: The run that asks.
            stream: Whether the answer is streamed.
            channel: How Respan's own fields travel.
        """
        return self.form.request(
            self.content, self.key, run_id=run_id, stream=stream, channel=channel
        )


class Asked(NamedTuple):
    """One target x prompt x params, and what it says for every item."""

    form: Form
    prompt: NamedPrompt | None
    point: Mapping[str, Any]
    contents: Sequence[Content]

    def check(self) -> None:
        """Build what may be wrong in another way than all before it.

        The messages themselves are checked, and only saved prompts differ in more.

        Raises:
            ConfigError: A parameter is out of range, or has no place here.
        """
        for content in self.contents:
            self.form.body(content)
            if content.prompt is None:
                return


def asked_of(
    *,
    targets: list[Target],
    prompts: list[NamedPrompt] | None,
    params: Mapping[str, Any],
    items: list[Item],
    rendered: Rendered,
) -> Iterator[Asked]:
    """Every question, in the order of the frame: target, prompt, params.

    Args:
        targets: What is asked.
        prompts: What with; None if each row brings its own messages. Targets that are
            saved prompts are not crossed with them.
        params: Parameters, with axes as grids and none inside `respan_params`.
        items: The rows.
        rendered: What `render_all` made of prompts and items.
    """
    points = settings(params)
    for target in targets:
        forms = [(point, Form(target, values)) for point, values in points]
        for prompt, contents in _contents(target, prompts, items, rendered):
            for point, form in forms:
                yield Asked(form, prompt, point, contents)


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
    questions: Iterable[Asked],
    items: Sequence[Item],
    *,
    repeat: int,
    gateway_of: Callable[[tuple[str, ...]], str],
) -> list[Cell]:
    """Every cell, in the order of the frame: the questions', their items', their runs.

    Args:
        questions: From `asked_of`.
        items: The rows.
        repeat: How often each is asked.
        gateway_of: The gateway's identity for the models that may answer.
    """
    seen: dict[str, int] = {}
    gateways = functools.cache(gateway_of)
    cells = []
    for asked in questions:
        form, prompt, point, contents = asked
        said = _said(asked, gateways(form.target.candidates))
        for item, content, (question, text) in zip(items, contents, said, strict=True):
            for run in range(repeat):
                key = _key(question, text, run, seen)
                cells.append(Cell(key, form, prompt, point, item, run, content))
    return cells


def _said(asked: Asked, gateway: str) -> Iterator[tuple[Question, str]]:
    """For every item the question, and all of its request as a text."""
    question = None
    for content in asked.contents:
        if question is None or content.prompt is not None:
            question = asked.form.question(content, gateway)
        plain = content.plain
        text = (
            question.request(content.messages)
            if plain is None
            else question.plain_request(plain)
        )
        yield question, text


def _key(question: Question, text: str, run: int, seen: dict[str, int]) -> str:
    first = question.key(text, run=run, ordinal=0)
    ordinal = seen.get(first, 0)
    seen[first] = ordinal + 1
    return question.key(text, run=run, ordinal=ordinal) if ordinal else first
