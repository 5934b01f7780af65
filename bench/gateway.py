"""What a gateway costs: on a socket beside its peers, and inside our own process.

Usage: `python -m bench.gateway`. The exit code is 1 if a target is missed. Everyone is
called by the same 16 connections, each asking again as soon as it was answered, and
calls the same stub, which answers at once.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .contest import Contest, options
from .drivers.crowd import MODEL
from .figures import median_round, percentile
from .load import Endpoint, Load, call
from .machine import describe_machine
from .peers import CONTENDERS, GATEWAYS, Contender, Missing, python_of
from .processes import can_read_clocks, cpu_seconds
from .serving import Serving, serving
from .stub import read_counts, running_stub
from .table import Column, Target, conclude, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STUB = "straight to the stub"
OURS, HIT = "ours, served", "ours, served, a cache hit"
LITELLM = "litellm proxy"
DIRECT = CONTENDERS["ours: client.achat"]
EMBEDDED = Contender(
    "ours: client.achat, embedded gateway", "via_client", (), (("EMBEDDED", "yes"),)
)
# Node compiles what is called often, so the warm-up is long.
CONTEST = Contest(service=0.0, in_flight=16, calls=2000, warm_up=1000, rounds=2)

_ALONE = 200  # calls one at a time, after the crowd
_SETTLED = 0.5  # seconds until what a gateway does after its answers is done


def hold(contest: Contest, only: str = "") -> dict[str, Any]:
    """Measure everyone in turns; prints a line for each.

    Args:
        contest: What is asked of each.
        only: Leave out contenders whose name does not contain this.

    Returns:
        The machine, the setting, under `contenders` each gateway's medians and rounds,
        under `in_process` those of our client, under `skipped` the reasons.
    """
    machine = describe_machine()
    served: dict[str, list[dict[str, Any]]] = {}
    embedded: dict[str, list[dict[str, Any]]] = {}
    skipped: dict[str, str] = {}
    with running_stub(contest.service) as stub:
        for number in range(1, contest.rounds + 1):
            for name in _chosen([STUB, *GATEWAYS], only):
                if name in skipped:
                    continue
                try:
                    turn = _served_turn(name, contest, stub)
                except Missing as reason:
                    skipped[name] = str(reason)
                    print(f"skipped: {name}: {reason}", flush=True)
                    continue
                served.setdefault(name, []).append(turn)
                print(f"round {number}: {_line(name, turn)}", flush=True)
            for contender in (DIRECT, EMBEDDED):
                if only not in contender.name:
                    continue
                turn = contest.turn(contender, python_of(contender), stub)
                embedded.setdefault(contender.name, []).append(turn)
                print(f"round {number}: {_line(contender.name, turn)}", flush=True)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "setting": contest.__dict__,
        "contenders": _with_added(_medians(served)),
        "in_process": _medians(embedded),
        "skipped": skipped,
    }


def _chosen(names: Iterable[str], only: str) -> list[str]:
    return [name for name in names if only in name or name == STUB]


def _served_turn(name: str, contest: Contest, stub: str) -> dict[str, Any]:
    if name == STUB:
        url = f"{stub}/v1/chat/completions"
        straight = Serving(Endpoint(url, {}, {"model": MODEL}), 0, {})
        return _measured(straight, contest, stub)
    with serving(GATEWAYS[name], stub) as running:
        turn = _measured(running, contest, stub)
    reached = 0 if name == HIT else 1
    if turn["reached"] != reached:
        raise SystemExit(
            f"{name}: {turn['reached']:.0%} of the calls reached the stub; it should "
            f"be {reached:.0%}"
        )
    return turn


def _measured(running: Serving, contest: Contest, stub: str) -> dict[str, Any]:
    endpoint, calls = running.endpoint, contest.calls
    call(endpoint, range(-1, 0), 1)  # whoever cannot answer is found out at once
    call(endpoint, range(-contest.warm_up, -1), contest.in_flight)
    before = _settled_cpu(running)
    read_counts(stub)
    crowd = call(endpoint, range(calls), contest.in_flight)
    counts = read_counts(stub)
    spent = _settled_cpu(running) - before
    alone = call(endpoint, range(calls, calls + _ALONE), 1)
    return {
        "cpu_us": spent / calls * 1e6 if running.pid else None,
        **_figures(crowd),
        "alone_p50": percentile(alone.latencies, 50),
        "reached": counts["calls"] / calls,
        "stub_cpu_us": counts["cpu"] / calls * 1e6,
        "versions": running.versions,
    }


def _settled_cpu(running: Serving) -> float:
    if not running.pid:
        return 0.0
    time.sleep(_SETTLED)
    return cpu_seconds(running.pid)


def _figures(crowd: Load) -> dict[str, Any]:
    calls = len(crowd.latencies)
    return {
        "rate": calls / crowd.wall,
        "latency_p50": percentile(crowd.latencies, 50),
        "latency_p95": percentile(crowd.latencies, 95),
        "callers_cpu_us": crowd.cpu / calls * 1e6,
        "callers_busy": crowd.cpu / crowd.wall,
    }


def _medians(rounds: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {
        name: {**median_round(turns), "rounds": turns} for name, turns in rounds.items()
    }


def _with_added(served: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each one's latencies less those of calling the stub itself."""
    straight = served[STUB]
    for name, figures in served.items():
        for figure in ("latency_p50", "alone_p50"):
            added = None if name == STUB else figures[figure] - straight[figure]
            figures[f"added_{figure}"] = added
    return served


def _line(name: str, turn: Mapping[str, Any]) -> str:
    told = [f"p50 {ms(turn['latency_p50'])}", f"p95 {ms(turn['latency_p95'])}"]
    if turn["cpu_us"] is not None:
        told.insert(0, f"{turn['cpu_us']:,.0f} us CPU a call")
    if "rate" in turn:
        told.append(f"{turn['rate']:,.0f} requests/s")
        told.append(f"callers {turn['callers_busy']:.0%} busy")
    return f"{name:36} {', '.join(told)}"


def ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:,.2f} ms"


def us(microseconds: float | None) -> str:
    return "" if microseconds is None else f"{microseconds:,.0f} us"


def served_columns() -> list[Column]:
    return [
        Column("CPU a request", lambda figures: us(figures["cpu_us"])),
        Column("requests/s", lambda figures: f"{figures['rate']:,.0f}"),
        Column("p50", lambda figures: ms(figures["latency_p50"])),
        Column("p95", lambda figures: ms(figures["latency_p95"])),
        Column("added p50", lambda figures: ms(figures["added_latency_p50"])),
        Column("added, one at a time", lambda figures: ms(figures["added_alone_p50"])),
        Column("callers busy", lambda figures: f"{figures['callers_busy']:.0%}"),
    ]


def embedded_columns(in_process: Mapping[str, Any]) -> list[Column]:
    straight = in_process.get(DIRECT.name, {}).get("cpu_us")

    def more_than(figures: Mapping[str, Any]) -> str:
        more = None if straight is None else figures["cpu_us"] - straight
        return us(more or None)  # it is not more than itself

    return [
        Column("CPU a call", lambda figures: us(figures["cpu_us"])),
        Column("more than straight", more_than),
        Column("p50", lambda figures: ms(figures["clocked_p50"])),
        Column("p95", lambda figures: ms(figures["clocked_p95"])),
        Column("cost told", lambda figures: "yes" if figures["priced"] == 1 else "no"),
    ]


def targets(served: Mapping[str, Any], in_process: Mapping[str, Any]) -> list[Target]:
    found = []
    if OURS in served:
        cpu = served[OURS]["cpu_us"]
        found.append(Target(f"{OURS}: us of CPU a request", cpu, 700))
    if OURS in served and LITELLM in served:
        share = served[OURS]["rate"] / served[LITELLM]["rate"]
        promise = f"{OURS}: requests/s, as a multiple of {LITELLM}'s"
        found.append(Target(promise, share, 15, at_least=True))
    if {DIRECT.name, EMBEDDED.name} <= in_process.keys():
        more = in_process[EMBEDDED.name]["cpu_us"] - in_process[DIRECT.name]["cpu_us"]
        promise = "in process: us of CPU a call more than straight to the stub"
        found.append(Target(promise, more, 400))
    return found


def tables(results: Mapping[str, Any], contest: Contest) -> list[str]:
    about = f"{contest.calls:,} calls a round, {contest.in_flight} connections"
    served, in_process = results["contenders"], results["in_process"]
    found = [f"On a socket, {about}:\n\n{render(served, served_columns())}"]
    if in_process:
        title = f"In our own process, {contest.calls:,} calls a round, 16 in flight:"
        found.append(f"{title}\n\n{render(in_process, embedded_columns(in_process))}")
    skipped = [f"- skipped: {name}: {why}" for name, why in results["skipped"].items()]
    return [*found, "\n".join(skipped)]


def main(arguments: list[str] | None = None) -> int:
    given = options(__doc__, calls=CONTEST.calls).parse_args(arguments)
    if not can_read_clocks():
        print("bench.gateway reads other processes' CPU clocks, as only Linux lets it")
        return 0
    contest = replace(CONTEST, calls=given.calls, rounds=given.rounds)
    results = hold(contest, given.only)
    return conclude(
        "gateway",
        results,
        tables=tables(results, contest),
        targets=targets(results["contenders"], results["in_process"]),
        write_readme=given.write_readme,
    )


if __name__ == "__main__":
    sys.exit(main())
