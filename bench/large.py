"""A large run: does it grow with its cells, and is it resumed without a call?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .peers import keyless
from .stub import read_counts, set_service
from .table import Target

if TYPE_CHECKING:
    from .setting import Setting

__all__ = ["RESUME", "SCALE", "driven"]

Figures = dict[str, Any]

_DRIVERS = Path(__file__).parent / "drivers"
_TOLERANCE = 1.1  # CPU clocks of small runs are that coarse


class Scale:
    """Memory and CPU a cell of a large run, beside those of small ones."""

    name = "scale"

    def measure(self, setting: Setting) -> Figures:
        figures = _run(setting, few=setting.few)
        print(_scale_line(figures), flush=True)
        return figures

    def tables(self, figures: Figures) -> list[str]:
        return [_scale_line(figures)]

    def targets(self, figures: Figures) -> list[Target]:
        grown = figures["peak"] - figures["before"]
        ratio = figures["cpu_us"] / figures["few_cpu_us"]
        about = f"{figures['cells']:,} cells"
        return [
            Target(f"{about}: MB of memory that came with them", grown / 1e6, 300),
            Target(
                f"{about}: CPU a cell, as a multiple of {figures['few']:,} cells'",
                ratio,
                _TOLERANCE,
            ),
        ]


class Resume:
    """The same run again, from its ledger alone."""

    name = "resume"

    def measure(self, setting: Setting) -> Figures:
        if not _store(setting).exists():  # the large run was not asked for
            _run(setting, few=0)
        figures = _run(setting, few=0)
        print(_resume_line(figures), flush=True)
        return figures

    def tables(self, figures: Figures) -> list[str]:
        return [_resume_line(figures)]

    def targets(self, figures: Figures) -> list[Target]:
        about = f"{figures['cells']:,} cells resumed"
        return [
            Target(f"{about}: requests at the stub", figures["requests"], 0),
            Target(f"{about}: seconds", figures["wall"], 5),
        ]


SCALE, RESUME = Scale(), Resume()


def driven(driver: str, task: Figures) -> Figures:
    """Run a driver of ours in a process of its own; gives what it measured."""
    done = subprocess.run(
        [sys.executable, str(_DRIVERS / f"{driver}.py"), json.dumps(task)],
        env=keyless(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _store(setting: Setting) -> Path:
    return setting.folder / "large.db"


def _run(setting: Setting, *, few: int) -> Figures:
    set_service(setting.stub, 0.0)
    read_counts(setting.stub)
    task = {
        "url": setting.stub,
        "folder": str(setting.folder),
        "store": str(_store(setting)),
        "cells": setting.cells,
        "few": few,
    }
    figures = driven("large_run", task)
    if figures["answered"] != setting.cells:
        raise SystemExit(f"{figures['answered']} of {setting.cells} cells are answered")
    requests = read_counts(setting.stub)["calls"]
    return {**task, **figures, "requests": requests}


def _scale_line(figures: Figures) -> str:
    return (
        f"{figures['cells']:,} cells, 64 in flight: {figures['cpu_us']:,.0f} us of CPU "
        f"a cell ({figures['few']:,} cells: {figures['few_cpu_us']:,.0f} us), "
        f"{figures['wall']:.1f} s; memory from {figures['before'] / 1e6:,.0f} MB to at "
        f"most {figures['peak'] / 1e6:,.0f} MB; a ledger of "
        f"{figures['stored'] / 1e6:,.0f} MB."
    )


def _resume_line(figures: Figures) -> str:
    return (
        f"{figures['cells']:,} cells from a finished ledger: {figures['wall']:.2f} s, "
        f"{figures['requests']:,} requests."
    )
