"""All contenders in one run against one stub, taking turns: A B C, A B C, A B C."""

from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .figures import median_round, percentile
from .machine import describe_machine
from .peers import CONTENDERS, Contender, keyless, python_of
from .stub import read_counts, running_stub

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Contest", "options"]


def options(description: str | None, *, calls: int) -> argparse.ArgumentParser:
    """The command line every bench has; `calls` is its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--calls", type=int, default=calls, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="contenders whose name has this")
    parser.add_argument(
        "--write-readme", action="store_true", help="put the tables into the README"
    )
    return parser


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What is asked of every contender.

    Attributes:
        service: Seconds the stub takes for an answer.
        in_flight: Callers at once.
        calls: Measured calls in each round.
        warm_up: Calls before them in each round.
        stream: Whether answers are streamed.
        rounds: Turns of each contender; figures are medians over them.
    """

    service: float
    in_flight: int
    calls: int
    warm_up: int
    rounds: int
    stream: bool = False

    def hold(self, only: str = "") -> dict[str, Any]:
        """Measure; prints a line for each turn.

        Args:
            only: Leave out contenders whose name does not contain this.

        Returns:
            The machine, the setting, and under `contenders` each one's medians and
            rounds.
        """
        chosen = [c for name, c in CONTENDERS.items() if only in name]
        pythons = {c.name: python_of(c) for c in chosen}
        machine = describe_machine()
        rounds: dict[str, list[dict[str, Any]]] = {c.name: [] for c in chosen}
        with running_stub(self.service) as url:
            for number in range(1, self.rounds + 1):
                for contender in chosen:
                    turn = self.turn(contender, pythons[contender.name], url)
                    rounds[contender.name].append(turn)
                    print(f"round {number}: {_line(contender, turn)}", flush=True)
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine,
            "setting": self.__dict__,
            "contenders": {
                name: {**median_round(turns), "rounds": turns}
                for name, turns in rounds.items()
            },
        }

    def turn(self, contender: Contender, python: str, url: str) -> dict[str, Any]:
        """One round of one contender.

        Args:
            contender: Who.
            python: The interpreter of its environment.
            url: The stub's address.

        Returns:
            Its figures.
        """
        task = {
            "url": url,
            "calls": self.calls,
            "in_flight": self.in_flight,
            "warm_up": self.warm_up,
            "stream": self.stream,
        }
        read_counts(url)
        done = subprocess.run(
            [python, contender.script, json.dumps(task)],
            env={**keyless(), **dict(contender.environment)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        measured = json.loads(done.stdout.splitlines()[-1])
        return _figures(measured, read_counts(url), calls=self.calls)


def _figures(
    measured: dict[str, Any], stub: dict[str, Any], *, calls: int
) -> dict[str, Any]:
    if measured["answered"] != calls:
        raise SystemExit(f"{measured['answered']} of {calls} calls were answered")
    return {
        "cpu_us": measured["cpu"] / calls * 1e6,
        "wall": measured["wall"],
        **_percentiles("latency", measured["latencies"]),
        **_percentiles("clocked", measured["clocked"]),
        **_percentiles("queue_time", measured["queue_times"]),
        "priced": measured["priced"] / calls,
        "peak_in_flight": stub["peak_in_flight"],
        "stub_p50": stub["service_p50"],
        "stub_p95": stub["service_p95"],
        "stub_cpu_us": stub["cpu"] / max(1, stub["calls"]) * 1e6,
        "versions": measured["versions"],
    }


def _percentiles(name: str, values: Sequence[float]) -> dict[str, float | None]:
    return {f"{name}_p{p}": percentile(values, p) for p in (50, 95)}


def _line(contender: Contender, turn: dict[str, Any]) -> str:
    p50, p95 = turn["latency_p50"] * 1e3, turn["latency_p95"] * 1e3
    return (
        f"{contender.name:30} {turn['cpu_us']:6.0f} us CPU a call, "
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, wall {turn['wall']:.2f} s, "
        f"peak {turn['peak_in_flight']}"
    )
