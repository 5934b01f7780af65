"""What a verdict costs: compare and summary of large frames, beside evalstats.

Usage: `python -m bench.statistics`. The exit code is 1 if a target is missed. Five
models answer 10,000 items, or 2,000 items five times over; every pair is compared. All
that is measured is done in this process, on the same frames, imports excluded.
"""

from __future__ import annotations

import importlib.metadata
import sys
import time
import warnings
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from respan_lab.results import build_frame, summarize
from respan_lab.results.comparison import compare
from respan_lab.results.power_line import power_line

from .contest import options
from .figures import median_round
from .machine import describe_machine
from .table import Column, Target, conclude, render

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = {"m0": 0.7, "m1": 0.7, "m2": 0.71, "m3": 0.72, "m4": 0.75}
ROWS = 10_000  # of each model
LIMIT = 2.0  # seconds, compare and summary together
OURS, EVALSTATS = "ours: compare and summary", "evalstats"
STATSMODELS = "statsmodels, pair by pair"

Figures = dict[str, Any]


def frame_of(kind: str, rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Make the frame of a run: right and wrong answers, repeats of them, or grades."""
    rng = np.random.default_rng(seed)
    repeats = 5 if kind == "repeats" else 1
    n_items = rows // repeats
    ease = np.repeat(rng.beta(2, 1, n_items) - 2 / 3, repeats)
    made = []
    for model, rate in MODELS.items():
        chance = np.clip(rate + ease, 0, 1)
        graded = np.clip(chance + rng.normal(0, 0.1, rows), 0, 1)
        score = graded if kind == "graded" else rng.random(rows) < chance
        latency = rng.lognormal(0, 0.5, rows)
        made += [
            {
                "key": f"{model}-{at}",
                "model": model,
                "item": at // repeats,
                "run": at % repeats,
                "choice": 0,
                "status": "ok",
                "cost": 0.001,
                "latency": float(latency[at]),
                "score_good": one,
            }
            for at, one in enumerate(score.tolist())
        ]
    return build_frame(made, models=list(MODELS), prompts=[None])


def ours(frame: pd.DataFrame) -> None:
    compare(frame, "good")
    summarize(frame)


def line(frame: pd.DataFrame) -> None:
    power_line(frame)


def evalstats(frame: pd.DataFrame) -> None:
    import evalstats as package

    given = pd.DataFrame(
        {
            "model": frame["model"].astype(str),
            "item": frame["item"].astype(int),
            "run": frame["run"].astype(int),
            "score": frame["score_good"].astype(float),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package.compare(package.load_from(given), factors="model")


def statsmodels(frame: pd.DataFrame) -> None:
    """By hand: a table of each pair for McNemar's test, then Holm."""
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests

    wide = frame.pivot(index="item", columns="model", values="score_good")
    wide = wide.astype(float)
    p_values = []
    for a, b in combinations(wide.columns, 2):
        table = pd.crosstab(wide[a], wide[b])
        p_values.append(mcnemar(table, exact=True).pvalue)
    multipletests(p_values, method="holm")


CONTENDERS: dict[str, Callable[[pd.DataFrame], None]] = {
    OURS: ours,
    "ours: the line below the summary": line,
    EVALSTATS: evalstats,
    STATSMODELS: statsmodels,
}
KINDS = {
    "once": "10,000 items, right or wrong",
    "repeats": "2,000 items, 5 repeats",
    "graded": "10,000 items, graded 0 to 1",
}


def seconds(work: Callable[[pd.DataFrame], None], frame: pd.DataFrame) -> float:
    began = time.perf_counter()
    work(frame)
    return time.perf_counter() - began


def hold(rounds: int, only: str) -> Figures:
    """Measure all in turns; a figure is the median of its rounds."""
    machine = describe_machine()
    chosen = {name: work for name, work in CONTENDERS.items() if only in name}
    for work in chosen.values():  # imports, and what is made once
        work(frame_of("once", rows=50))
    turns: dict[str, list[Figures]] = {name: [] for name in chosen}
    frames = {kind: frame_of(kind) for kind in KINDS}
    for number in range(1, rounds + 1):
        for name, work in chosen.items():
            kinds = ["once"] if name == STATSMODELS else list(KINDS)
            turn = {kind: seconds(work, frames[kind]) for kind in kinds}
            turns[name].append(turn)
            told = ", ".join(f"{kind} {took:.2f} s" for kind, took in turn.items())
            print(f"round {number}: {name}: {told}", flush=True)
    names = ("respan-lab", "evalstats", "statsmodels", "scipy", "numpy", "pandas")
    versions = {name: importlib.metadata.version(name) for name in names}
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "setting": {"rounds": rounds, "rows": ROWS, "models": len(MODELS)},
        "contenders": {
            name: {**median_round(each), "rounds": each, "versions": versions}
            for name, each in turns.items()
        },
    }


def columns() -> list[Column]:
    def cell(kind: str) -> Callable[[Any], str]:
        return lambda figures: f"{figures[kind]:.2f} s" if kind in figures else ""

    return [Column(title, cell(kind)) for kind, title in KINDS.items()]


def targets(contenders: Figures) -> list[Target]:
    if OURS not in contenders:
        return []
    return [
        Target(f"compare and summary, {title}: seconds", contenders[OURS][kind], LIMIT)
        for kind, title in KINDS.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    given = options(__doc__, calls=ROWS).parse_args(arguments)
    results = hold(given.rounds, given.only)
    contenders = results["contenders"]
    title = f"All pairs of {len(MODELS)} models, {ROWS:,} rows each:"
    return conclude(
        "statistics",
        results,
        tables=[f"{title}\n\n{render(contenders, columns())}"],
        targets=targets(contenders),
        write_readme=given.write_readme,
    )


if __name__ == "__main__":
    sys.exit(main())
