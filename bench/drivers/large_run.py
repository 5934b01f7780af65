"""A large experiment of ours in one process, after some small ones if asked."""

from __future__ import annotations

import json
import re
import sys
import warnings
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pandas as pd  # noqa: F401  # imports are not what is measured
from crowd import MODEL, Stopwatch, prompt, report

import respan_lab as lab

_SMALL_RUNS = 5


class Given(NamedTuple):
    """What this process was started with.

    Attributes:
        url: The stub's address.
        folder: For the small runs' ledgers.
        store: The large run's ledger, which may be there already.
        cells: Of the large run.
        few: Of each small one; 0 makes none.
    """

    url: str
    folder: str
    store: str
    cells: int
    few: int


def rows(count: int, *, first: int = 0) -> list[dict[str, str]]:
    return [{"text": prompt(number)} for number in range(first, first + count)]


def run(client: lab.Client, data: list[dict[str, str]], store: Path) -> dict[str, Any]:
    watch = Stopwatch()
    experiment = lab.Experiment("{{ text }}", MODEL, data)
    frame = experiment.run(
        client, max_concurrency=64, stream=False, store=store, progress=False
    ).df
    spent = watch.read()
    answered = (frame.status == "ok") & (frame.output != "") & (frame.total_tokens > 0)
    return {
        "wall": spent["wall"],
        "cpu_us": spent["cpu"] / len(data) * 1e6,
        "answered": int(answered.sum()),
    }


def few_runs(client: lab.Client, given: Given) -> dict[str, float]:
    """The median CPU a cell of small runs, a warm-up before them."""
    if not given.few:
        return {}
    spent = [
        run(client, rows(given.few, first=-given.few), Path(given.folder, f"{n}.db"))
        for n in range(_SMALL_RUNS + 1)
    ]
    return {"few_cpu_us": median(each["cpu_us"] for each in spent[1:])}


def peak(*, forget: bool = False) -> int:
    """Bytes this process has held at once since it was last told to forget."""
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None  # Linux has it
    return int(found[1]) * 1024


def main() -> None:
    warnings.simplefilter("ignore", UserWarning)  # a busy stub spoils no CPU time
    given = Given(**json.loads(sys.argv[1]))
    client = lab.Client(base_url=given.url)
    few = few_runs(client, given)
    data = rows(given.cells)
    before = peak(forget=True)
    spent = run(client, data, Path(given.store))
    stored = Path(given.store).stat().st_size
    told = {**few, **spent, "before": before, "peak": peak(), "stored": stored}
    report(told, "respan-lab", "aiohttp")


if __name__ == "__main__":
    main()
