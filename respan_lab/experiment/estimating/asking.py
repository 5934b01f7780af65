"""What the cells of one target and one prompt have in common, and their sizes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...prompts import SavedPrompt
from ..pacing.token_guess import prompt_bytes

if TYPE_CHECKING:
    from ...wire.request import Channel
    from ..planning.plan import Cell
    from ..planning.prompts import NamedPrompt
    from ..planning.target import Target

__all__ = ["Asking", "asking_of", "bytes_of", "shape_of"]

# What says who asks, how it travels, or which of many like answers is drawn: none of it
# changes how long a prompt or an answer is.
_NO_MATTER = frozenset(
    {
        "cache_enabled",
        "cache_options",
        "cache_ttl",
        "custom_identifier",
        "messages",
        "metadata",
        "properties",
        "request_breakdown",
        "seed",
        "span_name",
        "stream",
        "stream_options",
        "temperature",
        "thread_identifier",
        "top_p",
        "user",
    }
)
_FORMS = ("tools", "functions", "response_format")


@dataclass(slots=True)
class Asking:
    """The cells of one target with one prompt.

    Attributes:
        target: The target.
        prompt: The prompt; None if each row brings its own messages alone.
        standing: How many of its cells the ledger has a call for already.
        cells: The others, which a run sends, in the order of the frame.
        sizes: Bytes of the prompt of each of those.
        shapes: What their requests are but for what they say; see `shape_of`.
        keys: Of all its cells.
    """

    target: Target
    prompt: NamedPrompt | None
    standing: int = 0
    cells: list[Cell] = field(default_factory=list, repr=False)
    sizes: list[int] = field(default_factory=list, repr=False)
    shapes: list[str] = field(default_factory=list, repr=False)
    keys: set[str] = field(default_factory=set, repr=False)

    @property
    def items(self) -> int:
        """How many items the cells ask about: so many are independent."""
        return len({id(cell.item) for cell in self.cells})

    @property
    def template(self) -> Any:
        """The prompt's template; None without one."""
        return None if self.prompt is None else self.prompt.prompt.template

    def add(self, cell: Cell, size: int, shape: str) -> None:
        """Take in a cell that a run sends."""
        self.cells.append(cell)
        self.sizes.append(size)
        self.shapes.append(shape)


def asking_of(
    cells: Iterable[Cell], standing: set[str], channel: Channel
) -> list[Asking]:
    """Sort a plan's cells by target and prompt, in the order of the frame.

    Args:
        cells: The plan.
        standing: Keys that a run does not send.
        channel: How Respan's own fields travel.
    """
    found: dict[tuple[str, Any], Asking] = {}
    measured = _Measure(channel)
    for cell in cells:
        named = cell.prompt and (cell.prompt.name, cell.prompt.prompt.version)
        asking = found.setdefault(
            (cell.target.name, named), Asking(cell.target, cell.prompt)
        )
        asking.keys.add(cell.key)
        if cell.key in standing:
            asking.standing += 1
        else:
            asking.add(cell, *measured.of(cell))
    return list(found.values())


class _Measure:
    """Measures what many cells share once."""

    def __init__(self, channel: Channel) -> None:
        self._channel: Channel = channel
        self._measured: dict[tuple[int, int, int], tuple[int, str]] = {}

    def of(self, cell: Cell) -> tuple[int, str]:
        # By identity: the plan keeps them alive.
        which = id(cell.target), id(cell.content), id(cell.params)
        if which not in self._measured:
            body = cell.request(run_id="", stream=False, channel=self._channel).body
            saved = cell.prompt and cell.prompt.prompt
            self._measured[which] = bytes_of(body, saved), shape_of(body)
        return self._measured[which]


def bytes_of(body: Mapping[str, Any], prompt: Any = None) -> int:
    """Bytes of what a request says: its messages, its tools and forms.

    Args:
        body: The request.
        prompt: The `SavedPrompt` that it names: then its template counts, and what
            its variables are given. Anything else adds nothing.

    Example:
        >>> bytes_of({"messages": [{"role": "user", "content": "naïve"}]})
        10
    """
    total = prompt_bytes(body.get("messages"))
    total += sum(len(json.dumps(body[name])) for name in _FORMS if body.get(name))
    if isinstance(prompt, SavedPrompt):
        total += prompt_bytes(prompt.template)
        total += prompt_bytes((body.get("prompt") or {}).get("variables"))
    return total


def shape_of(body: Mapping[str, Any]) -> str:
    """What a request is but for what it says, who asks and how it is drawn.

    Two requests of one shape go to the same target with the same limits, tools and
    forms, so that their answers may be compared in length.

    Example:
        >>> one = {"model": "m", "max_tokens": 9, "messages": [], "temperature": 0}
        >>> shape_of(one) == shape_of({"max_tokens": 9, "model": "m"})
        True
    """
    opened = {**body, **(body.get("respan_params") or {})}
    kept = {
        name: value
        for name, value in opened.items()
        if name not in _NO_MATTER
        and name != "respan_params"
        and not name.startswith("customer_")
    }
    if isinstance(kept.get("prompt"), Mapping):
        kept["prompt"] = {n: v for n, v in kept["prompt"].items() if n != "variables"}
    return json.dumps(kept, sort_keys=True, default=repr)
