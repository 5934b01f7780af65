"""The latency each contender reports when the truth is 200 ms and 256 are in flight.

Usage: `python -m bench.latency`. The exit code is 1 if a target is missed. Ours is the
completion's and the frame's `latency`; the others tell none, so theirs is what a user
measures around the await.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from .contest import Contest, options
from .table import Column, Target, conclude, render

TRUE = 0.2
# Twenty calls for each caller, so that no caller idles at the end.
CONTEST = Contest(service=TRUE, in_flight=256, calls=5120, warm_up=1, rounds=3)


def ideal_wall(contest: Contest) -> float:
    return contest.calls * contest.service / contest.in_flight


def ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:,.0f} ms"


def columns(contest: Contest) -> list[Column]:
    ideal = ideal_wall(contest)
    return [
        Column("p50", lambda figures: ms(figures["latency_p50"])),
        Column("p95", lambda figures: ms(figures["latency_p95"])),
        Column("p50 / true", lambda figures: f"{figures['latency_p50'] / TRUE:.2f}"),
        Column("p95 / true", lambda figures: f"{figures['latency_p95'] / TRUE:.2f}"),
        Column("queue p95", lambda figures: ms(figures["queue_time_p95"])),
        Column("wall", lambda figures: f"{figures['wall']:.2f} s"),
        Column("wall / ideal", lambda figures: f"{figures['wall'] / ideal:.2f}"),
        Column("peak in flight", lambda figures: f"{figures['peak_in_flight']:.0f}"),
        Column("stub's own p95", lambda figures: ms(figures["stub_p95"])),
    ]


def targets(contenders: dict[str, Any], contest: Contest) -> list[Target]:
    ideal = ideal_wall(contest)
    found = []
    for name, figures in contenders.items():
        if not name.startswith("ours"):
            continue
        off = abs(figures["latency_p50"] / TRUE - 1)
        found += [
            Target(f"{name}: p50 off by", off, 0.10),
            Target(f"{name}: p95 over true", figures["latency_p95"] / TRUE, 1.30),
            Target(f"{name}: wall over ideal", figures["wall"] / ideal, 1.25),
            Target(
                f"{name}: peak in flight", figures["peak_in_flight"], 240, at_least=True
            ),
        ]
    return found


def main(arguments: list[str] | None = None) -> int:
    given = options(__doc__, calls=CONTEST.calls).parse_args(arguments)
    contest = replace(CONTEST, calls=given.calls, rounds=given.rounds)
    results = contest.hold(given.only)
    contenders = results["contenders"]
    title = (
        f"True service time {ms(TRUE)}, {contest.in_flight} in flight, "
        f"{contest.calls:,} calls a round (ideal wall {ideal_wall(contest):.2f} s):"
    )
    return conclude(
        "latency",
        results,
        tables=[f"{title}\n\n{render(contenders, columns(contest))}"],
        targets=targets(contenders, contest),
        write_readme=given.write_readme,
    )


if __name__ == "__main__":
    sys.exit(main())
