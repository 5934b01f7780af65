"""CPU a call with 64 calls in flight; text, usage and cost of each are looked at.

Usage: `python -m bench.fanout`. The exit code is 1 if a target is missed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from .contest import Contest, options
from .table import Column, Target, conclude, render

OURS = "ours: client.achat"
# The stub takes 20 ms: long enough that 64 are in flight, short enough that every
# contender is kept busy.
CONTEST = Contest(service=0.02, in_flight=64, calls=3000, warm_up=256, rounds=3)


def columns(ours: float) -> list[Column]:
    return [
        Column("CPU a call", lambda figures: f"{figures['cpu_us']:,.0f} us"),
        Column("x ours", lambda figures: f"{figures['cpu_us'] / ours:.1f}"),
        Column("wall", lambda figures: f"{figures['wall']:.2f} s"),
        Column("peak in flight", lambda figures: f"{figures['peak_in_flight']:.0f}"),
        Column("cost told", lambda figures: "yes" if figures["priced"] == 1 else "no"),
    ]


def targets(contenders: dict[str, Any]) -> list[Target]:
    limits = {"openai SDK": 1 / 6, "litellm": 1 / 10}
    return [
        Target(
            f"our CPU a call, as a share of {peer}'s",
            contenders[OURS]["cpu_us"] / contenders[peer]["cpu_us"],
            limit,
        )
        for peer, limit in limits.items()
        if peer in contenders and OURS in contenders
    ]


def table(title: str, contenders: dict[str, Any]) -> str:
    first = contenders.get(OURS) or next(iter(contenders.values()))
    return f"{title}\n\n{render(contenders, columns(first['cpu_us']))}"


def main(arguments: list[str] | None = None) -> int:
    parser = options(__doc__, calls=CONTEST.calls)
    parser.add_argument("--no-stream", action="store_true", help="only plain answers")
    given = parser.parse_args(arguments)
    contest = replace(CONTEST, calls=given.calls, rounds=given.rounds)
    results = contest.hold(given.only)
    about = f"{contest.calls:,} calls a round, {contest.in_flight} in flight"
    tables = [table(f"Plain answers, {about}:", results["contenders"])]
    if not given.no_stream:
        streamed = replace(contest, stream=True, calls=contest.calls // 3)
        results["streamed"] = streamed.hold(given.only)
        about = f"{streamed.calls:,} calls a round, {contest.in_flight} in flight"
        title = f"Streamed answers of up to nine chunks, {about} (no target):"
        tables.append(table(title, results["streamed"]["contenders"]))
    return conclude(
        "fanout",
        results,
        tables=tables,
        targets=targets(results["contenders"]),
        write_readme=given.write_readme,
    )


if __name__ == "__main__":
    sys.exit(main())
