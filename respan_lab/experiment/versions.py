"""Two versions of a prompt, asked side by side."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..prompts import Prompt, SavedPrompt
from .experiment import Experiment
from .planning.prompts import named_prompts

if TYPE_CHECKING:
    from ..results import Results
    from ..results.versions import VersionComparison

__all__ = ["acompare_versions", "compare_versions"]


def compare_versions(
    old: Any,
    new: Any,
    data: Any,
    models: Any,
    *,
    evaluators: Any = (),
    metric: str | Sequence[str] | None = None,
    margin: float = 0.02,
    correction: str | None = "holm",
    alpha: float = 0.05,
    params: Mapping[str, Any] | None = None,
    repeat: int = 1,
    expected: str = "expected",
    item: str = "item",
    name: str | None = None,
    **run: Any,
) -> VersionComparison:
    """Ask both versions of a prompt for every row, and say what the change changed.

    Both are asked in one experiment, an item's calls adjacent in time, so that they
    are compared item by item and a slow hour is counted against neither.

    Args:
        old: A `lab.Prompt`, a template, or what `client.prompts.get(id, version=)`
            gives. That is sent by its id, as it is in production, with whatever else
            its version sets (a temperature); the model and `params` win over it.
        new: The other, likewise. In the results, versions of one name are called
            ``<name>@<version>``, prompts without a name or version *old* and *new*.
        data: The rows, as in `compare`.
        models: One or a list of names and `lab.Target`s.
        evaluators: Functions that score an answer, or their names; without one, cost
            and latency alone are compared.
        metric: The scores to compare by; None is every score. Cost and latency are
            compared besides.
        margin: How far apart two may be that count as equal, in the score's unit; of
            cost and latency, as a ratio's logarithm (0.02 is 2 %).
        correction: ``holm`` or ``bh`` over all rows of the comparison; None for none.
        alpha: The error that is allowed.
        params: Parameters by their wire names; an axis is `lab.grid(...)`.
        repeat: How often each cell is asked.
        expected: The data's column with the reference.
        item: The data's column with the item's id; without it, the index.
        name: What the experiment is called.
        **run: Exactly the keywords of `Experiment.run`, `client` among them.

    Returns:
        The comparison: ``.diff`` of the prompts, ``.comparison`` (new against old for
        each model and metric, with intervals and verdicts), ``.flipped`` (the answers
        whose score changed), ``.results``.

    Raises:
        ConfigError: Both are the same, or something is unknown, contradictory or out
            of range; nothing was sent. Only a wrong `metric` shows after the run: the
            error's `results` are what it gave.
        PromptError: A variable has no column; nothing was sent.

    Example:
        >>> client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
        >>> rows = [{"country": "Norway", "expected": "Oslo"}]
        >>> found = lab.compare_versions("Capital of {{ country }}?",
        ...     "Capital of {{ country }}? One word.", rows, "sim/small",
        ...     evaluators="contains", client=client, progress=False)
        >>> found.comparison["metric"].tolist()
        ['contains', 'cost', 'latency']
    """
    how = _How(metric=metric, margin=margin, correction=correction, alpha=alpha)
    prompts = _named(_prompt(old), _prompt(new))
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
    return how.compared(experiment.run(**run), prompts)


async def acompare_versions(
    old: Any, new: Any, data: Any, models: Any, **how: Any
) -> VersionComparison:
    """Compare two versions and await it; takes what `compare_versions` takes.

    Args:
        old: As in `compare_versions`, and so are the further arguments.
        new: The other version.
        data: The rows.
        models: One or a list of names and `lab.Target`s.
        **how: The further keywords of `compare_versions`.

    Returns:
        The comparison.

    Raises:
        ConfigError: As `compare_versions`.
        PromptError: As `compare_versions`; nothing was sent.

    Example:
        >>> import asyncio
        >>> client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
        >>> how = {"client": client, "progress": False}
        >>> asking = lab.acompare_versions("Hi", "Hello", None, "sim/small", **how)
        >>> len(asyncio.run(asking).results)
        2
    """
    chosen = _How(**{key: how.pop(key) for key in _CHOICES if key in how})
    prompts = _named(_prompt(old), _prompt(new))
    own = {key: how.pop(key) for key in _OWN if key in how}
    results = await Experiment(prompts, models, data, **own).arun(**how)
    return chosen.compared(results, prompts)


_CHOICES = ("metric", "margin", "correction", "alpha")
_OWN = ("params", "repeat", "evaluators", "expected", "item", "name")


class _How:
    """How two versions are compared, checked before anything is sent."""

    def __init__(
        self, metric: str | Sequence[str] | None = None, **choices: Any
    ) -> None:
        from ..results.comparison import check_choice

        defaults = {"margin": 0.02, "correction": "holm", "alpha": 0.05}
        self._metric = metric
        self._choices: dict[str, Any] = {**defaults, **choices}
        check_choice(**self._choices)

    def compared(
        self, results: Results, prompts: Mapping[str, Prompt]
    ) -> VersionComparison:
        """Put results and prompts together."""
        from ..results.versions import VersionComparison
        from ..results.versions_frame import metrics_of

        (old, first), (new, second) = prompts.items()
        try:
            metrics_of(results.df, self._metric)
        except ConfigError as error:
            error.results = results  # type: ignore[attr-defined]  # it was paid for
            error.add_note("What was asked is in the error's `.results`.")
            raise
        return VersionComparison(
            results,
            first.diff(second),
            old=old,
            new=new,
            metric=self._metric,
            **self._choices,
        )


def _prompt(given: Any) -> Prompt:
    named = named_prompts([given]) or []
    return named[0].prompt


def _named(old: Prompt, new: Prompt) -> dict[str, Prompt]:
    """Give both their names in the frame.

    Raises:
        ConfigError: They are the same.
    """
    if not old.diff(new) and _kept_as(old) == _kept_as(new):
        raise ConfigError(
            "both versions say the same, so there is nothing to compare: give two "
            "that differ in a message or a default"
        )
    return dict(zip(_names(old, new), (old, new), strict=True))


def _kept_as(prompt: Prompt) -> tuple[str, Any] | None:
    """Which version of which prompt it is; it may set more than it says."""
    if isinstance(prompt, SavedPrompt):
        return prompt.prompt_id, prompt.version
    return None


def _names(old: Prompt, new: Prompt) -> tuple[str, str]:
    if old.name and new.name and old.name != new.name:
        return old.name, new.name
    name = old.name or new.name
    versions = (old.version, new.version)
    if None not in versions and str(versions[0]) != str(versions[1]):
        return f"{name or 'prompt'}@{versions[0]}", f"{name or 'prompt'}@{versions[1]}"
    return (f"{name} (old)", f"{name} (new)") if name else ("old", "new")


def _spell_out() -> None:
    """Give Shift-Tab the keywords of a run too, of both."""
    signature = inspect.signature(compare_versions)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    run = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(Experiment.run).parameters.items()
        if name != "self"
    ]
    functions: list[Any] = [compare_versions, acompare_versions]
    for function in functions:
        function.__signature__ = signature.replace(parameters=[*own, *run])


_spell_out()
