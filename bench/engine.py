"""What the engine of experiments costs, how it grows, and how it comes back.

Usage: `python -m bench.engine`. The exit code is 1 if a target is missed. Everything is
measured in one run, against one stub process, which is told how long to take:

- `cpu`: CPU a cell of the whole engine, beside bare gathers of the same calls
- `wall`: wall time over the ideal at 200 ms and 128 in flight
- `scale`: memory and CPU a cell of 100,000 cells
- `resume`: that run once more, from its ledger
- `million`: a ledger of a million rows to a frame
- `peers`: a whole experiment beside Inspect AI and pydantic-evals
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from .beside import CPU, PEERS, WALL
from .contest import options
from .large import RESUME, SCALE
from .machine import describe_machine
from .million import MILLION
from .processes import can_read_clocks
from .setting import Setting
from .stub import running_stub
from .table import Target, conclude

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

QUICK = {
    "calls": 300,
    "waves": 3,
    "rounds": 1,
    "cells": 5000,
    "few": 500,
    "rows": 40_000,
}


class Measurement(Protocol):
    """One thing that is measured."""

    @property
    def name(self) -> str:
        """As `--only` takes it."""

    def measure(self, setting: Setting) -> dict[str, Any]:
        """Measure, and say so on the way."""

    def tables(self, figures: dict[str, Any]) -> list[str]:
        """What was measured, to be read."""

    def targets(self, figures: dict[str, Any]) -> list[Target]:
        """What was promised of it."""


MEASUREMENTS: tuple[Measurement, ...] = (CPU, WALL, SCALE, RESUME, MILLION, PEERS)


def chosen(only: str) -> list[Measurement]:
    """Those whose name has one of the words, which commas separate."""
    words = only.split(",")
    return [one for one in MEASUREMENTS if any(word in one.name for word in words)]


def hold(measurements: Sequence[Measurement], setting: Setting) -> dict[str, Any]:
    """Measure one after the other, all against one stub, ledgers on disk.

    Args:
        measurements: What.
        setting: How large; its stub and folder are made here.

    Returns:
        The machine, the sizes, under `contenders` who took part, and under its name
        what each measured.
    """
    machine = describe_machine()
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    with running_stub(0.0) as stub, TemporaryDirectory(dir=out) as folder:
        here = replace(setting, stub=stub, folder=Path(folder))
        measured = {}
        for one in measurements:
            print(f"-- {one.name}", flush=True)
            measured[one.name] = one.measure(here)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "setting": {**asdict(setting), "folder": None},
        "contenders": _contenders(measured.values()),
        "measured": measured,
    }


def _contenders(measured: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Everyone who took part, and which versions of what they are."""
    ours = {name: importlib.metadata.version(name) for name in ("respan-lab", "pandas")}
    found = {"ours": {"versions": ours}}
    for figures in measured:
        for turns in (figures, *figures.values()):
            if isinstance(turns, dict):
                for name, each in turns.get("contenders", {}).items():
                    found[name] = {"versions": each["versions"]}
    return found


def command_line() -> argparse.ArgumentParser:
    parser = options(__doc__, calls=Setting.calls)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, which prove nothing"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    parser = command_line()
    given = parser.parse_args(arguments)
    measurements = chosen(given.only)
    if given.quick and given.write_readme:
        parser.error("--quick proves nothing: leave it out to write the README")
    if not can_read_clocks():
        print("bench.engine reads its processes' memory as only Linux tells it")
        return 0
    setting = Setting(stub="", folder=Path(), calls=given.calls, rounds=given.rounds)
    results = hold(measurements, replace(setting, **QUICK) if given.quick else setting)
    pairs = [(one, results["measured"][one.name]) for one in measurements]
    return conclude(
        "engine",
        results,
        tables=[text for one, figures in pairs for text in one.tables(figures)],
        targets=[target for one, figures in pairs for target in one.targets(figures)],
        write_readme=given.write_readme,
    )


if __name__ == "__main__":
    sys.exit(main())
