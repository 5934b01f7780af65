"""Several runs put together, to be compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .columns import COLUMNS
from .dtypes import inferred_column, is_missing
from .frame import frame_of
from .results import Results

__all__ = ["concat"]


def concat(results: Iterable[Results], names: Sequence[str] | None = None) -> Results:
    """Put several runs together, told apart by a column ``run_name``.

    Args:
        results: The runs, in the order they are to be shown.
        names: What to call them; None takes the names they were given when they were
            made, or else ``run-1``, ``run-2`` ….

    Returns:
        All rows, with the columns of either run; what a run does not have is missing.
        Its summary has a row for each run and group. Its manifest holds theirs, by
        name, as ``runs``.

    Raises:
        ConfigError: There is no run, two have the same name, or there are more names
            than runs, or fewer.

    Example:
        >>> import respan_lab as lab
        >>> old = lab.compare("Say {{ x }}", "sim/small", [{"x": 1}], progress=False)
        >>> new = lab.compare("Cry {{ x }}", "sim/small", [{"x": 1}], progress=False)
        >>> both = lab.concat([old, new], names=["monday", "today"])
        >>> both.summary()["run_name"].tolist()
        ['monday', 'today']
    """
    runs = _checked(results)
    named = dict(zip(_names(runs, names), runs, strict=True))
    return Results(_frame(named), _manifest(named))


def _checked(results: Iterable[Results]) -> list[Results]:
    if isinstance(results, Results):
        raise ConfigError("concat takes a list of results: lab.concat([old, new])")
    runs = list(results)
    if not runs:
        raise ConfigError("there is no run to put together: lab.concat([old, new])")
    for each in runs:
        if not isinstance(each, Results):
            raise ConfigError(
                f"concat was given a {type(each).__name__}; it takes Results, as "
                "exp.run() and lab.Results.load() give them"
            )
        if "run_name" in each.df:
            raise ConfigError(
                "one of the results is several runs already; give all runs at once: "
                "lab.concat([a, b, c])"
            )
    return runs


def _names(runs: Sequence[Results], names: Sequence[str] | None) -> list[str]:
    if names is None:
        own = [each.manifest.get("name") for each in runs]
        names = [name or f"run-{at}" for at, name in enumerate(own, 1)]
    elif isinstance(names, str) or len(names) != len(runs):
        raise ConfigError(f"names={names!r} for {len(runs)} runs; give a name for each")
    for name, count in Counter(names).items():
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{name!r} is no name of a run; use a text")
        if count > 1:
            raise ConfigError(
                f"{count} runs are called {name!r}; give each a name of its own: "
                'lab.concat([old, new], names=["monday", "today"])'
            )
    return list(names)


def _frame(named: Mapping[str, Results]) -> pd.DataFrame:
    frames = [each.df for each in named.values()]
    columns = dict.fromkeys(name for frame in frames for name in frame.columns)
    values = {name: _joined(frames, name) for name in columns}
    declared = {name: each for name, each in values.items() if _is_declared(name)}
    which = [name for name, each in named.items() for _ in range(len(each))]
    joined = frame_of(
        {"run_name": which, **declared},
        len(which),
        models=_categories(frames, "model"),
        prompts=_categories(frames, "prompt"),
    )
    joined["run_name"] = joined["run_name"].cat.set_categories(list(named))
    others = [name for name in values if name not in declared]  # the user's own
    return joined.assign(**{name: inferred_column(values[name]) for name in others})


def _joined(frames: Iterable[pd.DataFrame], name: str) -> list[Any]:
    return [
        None if is_missing(value) else value
        for frame in frames
        for value in (frame[name] if name in frame else [None] * len(frame))
    ]


def _categories(frames: Iterable[pd.DataFrame], name: str) -> list[str]:
    names = (one for each in frames for one in each[name].cat.categories)
    return list(dict.fromkeys(names))


def _is_declared(name: object) -> bool:
    families = tuple(column.prefix for column in COLUMNS if column.prefix)
    is_single = any(name == column.name for column in COLUMNS)
    return is_single or str(name).startswith(families)


def _manifest(named: Mapping[str, Results]) -> dict[str, Any]:
    """Keep all of theirs, and what a summary needs where they agree."""
    manifests = {name: each.manifest for name, each in named.items()}
    return {
        "name": None,
        "runs": manifests,
        "targets": _agreed(each.get("targets") for each in manifests.values()),
        "labels": _agreed(each.get("labels") for each in manifests.values()),
    }


def _agreed(mappings: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """Lay mappings together, without what they say differently of the same name."""
    merged: dict[str, Any] = {}
    differing = set()
    for name, value in (pair for each in mappings for pair in (each or {}).items()):
        if merged.setdefault(name, value) != value:
            differing.add(name)
    return {name: value for name, value in merged.items() if name not in differing}
