"""The engine beside its peers and beside bare gathers, in turns, against one stub."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .contest import Contest
from .figures import median_round
from .peers import ENGINES, python_of
from .stub import set_service
from .table import Column, Target, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .setting import Setting

__all__ = ["CPU", "PEERS", "WALL"]

OURS, SCORED = "ours: the whole engine", "ours: scored as well"
OPENAI, LITELLM = "openai SDK", "litellm"
INSPECT, EVALS = "Inspect AI", "pydantic-evals"
PLAIN = "plain"
_IN_FLIGHT = 128  # where the wall time counts
_LEAST = {OPENAI: 3, LITELLM: 5}  # how many times more CPU a call of theirs takes

Figures = dict[str, Any]


class Cpu:
    """CPU a cell: plan, ledger on disk, metrics and frame, beside bare gathers."""

    name = "cpu"

    def measure(self, setting: Setting) -> Figures:
        contest = _contest(setting, service=0.0, in_flight=64)
        names = (OURS, SCORED, OPENAI, LITELLM)
        return _both(contest, names, setting.stub)

    def tables(self, figures: Figures) -> list[str]:
        return [
            _table(
                f"CPU of {mode} calls, {_about(turns)}, the stub answers at once", turns
            )
            for mode, turns in figures.items()
        ]

    def targets(self, figures: Figures) -> list[Target]:
        found = []
        for mode, turns in figures.items():
            cpu = {n: each["cpu_us"] for n, each in turns["contenders"].items()}
            if mode == PLAIN:
                found.append(Target(f"{mode}: us of CPU a cell", cpu[OURS], 500))
            found += [
                Target(
                    f"{mode}: {peer}'s CPU a call, as a multiple of ours",
                    cpu[peer] / cpu[OURS],
                    least,
                    at_least=True,
                )
                for peer, least in _LEAST.items()
                if peer in cpu
            ]
        return found


class Wall:
    """How much longer a run takes than its calls do."""

    name = "wall"

    def measure(self, setting: Setting) -> Figures:
        # Whole waves: a last one of half the calls would take as long as the others.
        setting = replace(setting, calls=setting.waves * _IN_FLIGHT)
        contest = _contest(setting, service=0.2, in_flight=_IN_FLIGHT)
        return _both(contest, (OURS,), setting.stub)

    def tables(self, figures: Figures) -> list[str]:
        return [
            _table(f"Wall of {mode} calls, {_about(turns)}, 200 ms each", turns)
            for mode, turns in figures.items()
        ]

    def targets(self, figures: Figures) -> list[Target]:
        turns = figures[PLAIN]
        return [
            Target(
                f"{PLAIN}: wall over ideal at 200 ms, {_IN_FLIGHT} in flight",
                _over_ideal(turns["setting"], turns["contenders"][OURS]),
                1.15,
            )
        ]


class Peers:
    """The same experiment by those who also run one."""

    name = "peers"

    def measure(self, setting: Setting) -> Figures:
        contest = _contest(setting, service=0.05, in_flight=64)
        return _turns(contest, (OURS, EVALS, INSPECT), setting.stub)

    def tables(self, figures: Figures) -> list[str]:
        title = f"A whole experiment, plain calls, {_about(figures)}, 50 ms each"
        skipped = figures["skipped"].items()
        return [_table(title, figures), *(f"- left out: {n}: {w}" for n, w in skipped)]

    def targets(self, figures: Figures) -> list[Target]:
        return []


CPU, WALL, PEERS = Cpu(), Wall(), Peers()


def _contest(setting: Setting, *, service: float, in_flight: int) -> Contest:
    return Contest(
        service=service,
        in_flight=in_flight,
        calls=setting.calls,
        warm_up=256,
        rounds=setting.rounds,
    )


def _both(contest: Contest, names: Iterable[str], stub: str) -> Figures:
    names = tuple(names)
    return {
        mode: _turns(replace(contest, stream=mode == "streamed"), names, stub)
        for mode in (PLAIN, "streamed")
    }


def _turns(contest: Contest, names: Iterable[str], stub: str) -> Figures:
    """Measure each in turns: A B C, A B C."""
    set_service(stub, contest.service)
    pythons, skipped = _pythons(names)
    rounds: dict[str, list[Figures]] = {name: [] for name in pythons}
    for number in range(1, contest.rounds + 1):
        for name, python in pythons.items():
            turn = contest.turn(ENGINES[name], python, stub)
            rounds[name].append(turn)
            print(f"round {number}: {_line(name, turn)}", flush=True)
    return {
        "setting": contest.__dict__,
        "contenders": {n: {**median_round(t), "rounds": t} for n, t in rounds.items()},
        "skipped": skipped,
    }


def _pythons(names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The interpreter of each, and why those that have none are left out."""
    pythons, skipped = {}, {}
    for name in names:
        try:
            pythons[name] = python_of(ENGINES[name])
        except subprocess.CalledProcessError:
            skipped[name] = f"pip cannot install {' '.join(ENGINES[name].pinned)} here"
            print(f"left out: {name}: {skipped[name]}", flush=True)
    return pythons, skipped


def _line(name: str, turn: Mapping[str, Any]) -> str:
    return (
        f"{name:24} {turn['cpu_us']:7,.0f} us CPU a call, wall {turn['wall']:6.2f} s, "
        f"peak {turn['peak_in_flight']} in flight, stub {turn['stub_cpu_us']:.0f} us"
    )


def _about(turns: Figures) -> str:
    setting = turns["setting"]
    return f"{setting['calls']:,} a round, {setting['in_flight']} in flight"


def _over_ideal(setting: Figures, figures: Mapping[str, Any]) -> float:
    ideal = setting["calls"] * setting["service"] / setting["in_flight"]
    return float(figures["wall"] / ideal)


def _table(title: str, turns: Figures) -> str:
    return f"{title}:\n\n{render(turns['contenders'], _columns(turns))}"


def _columns(turns: Figures) -> list[Column]:
    setting, ours = turns["setting"], turns["contenders"][OURS]["cpu_us"]
    columns = [
        Column("CPU a cell", lambda figures: f"{figures['cpu_us']:,.0f} us"),
        Column("x ours", lambda figures: f"{figures['cpu_us'] / ours:.1f}"),
        Column("wall", lambda figures: f"{figures['wall']:.2f} s"),
    ]
    if setting["service"]:
        columns.append(
            Column("wall / ideal", lambda f: f"{_over_ideal(setting, f):.2f}")
        )
    return [
        *columns,
        Column("peak in flight", lambda figures: f"{figures['peak_in_flight']:.0f}"),
        Column("cost told", lambda figures: "yes" if figures["priced"] == 1 else "no"),
    ]
