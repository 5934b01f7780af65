"""The whole thing in one call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .experiment import Experiment

if TYPE_CHECKING:
    from ..results import Results

__all__ = ["acompare", "compare"]


def compare(
    prompts: Any,
    models: Any,
    data: Any = None,
    *,
    params: Mapping[str, Any] | None = None,
    repeat: int = 1,
    evaluators: Any = (),
    expected: str = "expected",
    item: str = "item",
    name: str | None = None,
    **run: Any,
) -> Results:
    """Ask every model every prompt for every row of the data, and wait.

    Args:
        prompts: As in `Experiment`, and so are the further arguments.
        models: One or a list of names and `lab.Target`s.
        data: The rows; None is one item.
        params: Parameters by their wire names; an axis is `lab.grid(...)`.
        repeat: How often each cell is asked.
        evaluators: Functions that score an answer, or their names.
        expected: The data's column with the reference.
        item: The data's column with the item's id; without it, the index.
        name: What the experiment is called.
        **run: Exactly the keywords of `Experiment.run`, `client` among them.

    Returns:
        The results: `.df`, `.summary()`, `.export(...)`.

    Raises:
        ConfigError: Something is unknown, contradictory or out of range; nothing was
            sent.
        PromptError: A variable has no column; nothing was sent.

    Example:
        >>> client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
        >>> r = lab.compare("Capital of {{ country }}?", ["sim/small", "sim/large"],
        ...     [{"country": "Norway"}, {"country": "Peru"}],
        ...     client=client, progress=False)
        >>> len(r)
        4
    """
    experiment = Experiment(
        prompts,
        models,
        data,
        params=params,
        repeat=repeat,
        evaluators=evaluators,
        expected=expected,
        item=item,
        name=name,
    )
    return experiment.run(**run)


async def acompare(prompts: Any, models: Any, data: Any = None, **how: Any) -> Results:
    """Ask everything, and await the results; takes what `compare` takes.

    Args:
        prompts: As in `compare`, and so are the further arguments.
        models: One or a list of names and `lab.Target`s.
        data: The rows; None is one item.
        **how: The further keywords of `compare`.

    Returns:
        The results, a row for every cell: failures too.

    Raises:
        ConfigError: As `compare`; nothing was sent.
        PromptError: As `compare`; nothing was sent.

    Example:
        >>> import asyncio
        >>> client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
        >>> how = {"client": client, "progress": False}
        >>> len(asyncio.run(lab.acompare("Hello", "sim/small", **how)))
        1
    """
    own = {key: how.pop(key) for key in _OWN if key in how}
    return await Experiment(prompts, models, data, **own).arun(**how)


_OWN = ("params", "repeat", "evaluators", "expected", "item", "name")


def _spell_out() -> None:
    """Give Shift-Tab the keywords of a run too, of both."""
    signature = inspect.signature(compare)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    run = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(Experiment.run).parameters.items()
        if name != "self"
    ]
    functions: list[Any] = [compare, acompare]
    for function in functions:
        function.__signature__ = signature.replace(parameters=[*own, *run])


_spell_out()
