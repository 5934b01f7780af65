"""Tables, targets, and where both are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Column", "Target", "conclude", "render"]

_BENCH = Path(__file__).parent


class Column(NamedTuple):
    """A column: its heading, and the cell for a contender's figures."""

    heading: str
    cell: Callable[[Mapping[str, Any]], str]


class Target(NamedTuple):
    """Something promised.

    Attributes:
        promise: In words.
        measured: What came out.
        limit: What it may be.
        at_least: Whether the limit is the least instead of the most.
    """

    promise: str
    measured: float
    limit: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the promise was kept."""
        if self.at_least:
            return self.measured >= self.limit
        return self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        bound = "at least" if self.at_least else "at most"
        return (
            f"{verdict}: {self.promise}: {self.measured:.4g} ({bound} {self.limit:.4g})"
        )


def render(
    contenders: Mapping[str, Mapping[str, Any]], columns: Sequence[Column]
) -> str:
    """The contenders as a Markdown table, aligned to be read as it is."""
    rows = [["", *(column.heading for column in columns)]]
    for name, figures in contenders.items():
        rows.append([name, *(column.cell(figures) for column in columns)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_row(row, widths) for row in [rows[0], rule, *rows[1:]])


def conclude(
    name: str,
    results: dict[str, Any],
    *,
    tables: Sequence[str],
    targets: Sequence[Target],
    write_readme: bool,
) -> int:
    """Print tables and targets, write the JSON, and the README if asked.

    Args:
        name: The bench's.
        results: All that was measured.
        tables: What is printed, in order.
        targets: What was promised.
        write_readme: Whether the tables go into the README, between its markers.

    Returns:
        The exit code: 1 if a target is missed.
    """
    lines = [*tables, "\n".join(f"- {target}" for target in targets)]
    text = "\n\n".join(line for line in lines if line)
    print(f"\n{text}\n")
    results["targets"] = [{**t._asdict(), "is_met": t.is_met} for t in targets]
    path = _BENCH / "out" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1))
    print(f"Written: {path}")
    if write_readme:
        _write_readme(name, f"{_origin(name, results)}\n\n{text}")
    return 0 if all(target.is_met for target in targets) else 1


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = [
        cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)
    ]
    return f"| {' | '.join([first, *rest])} |"


def _origin(name: str, results: dict[str, Any]) -> str:
    versions: dict[str, str] = {}
    for figures in results["contenders"].values():
        versions.update(figures["versions"])
    told = ", ".join(f"{package} {version}" for package, version in versions.items())
    return (
        f"`python -m bench.{name}`, {results['at'][:10]}, {results['machine']}.\n"
        f"Medians of {results['setting']['rounds']} rounds. Versions: {told}."
    )


def _write_readme(name: str, text: str) -> None:
    path = _BENCH / "README.md"
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = path.read_text().partition(begin)
    after = rest.partition(end)[2]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    print(f"Written: {path}")
