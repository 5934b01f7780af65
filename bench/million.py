"""A ledger of a million rows, and how long it takes to have them as a frame."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from respan_lab.ledger.packing import packed
from respan_lab.ledger.schema import MARK, SCHEMA, VERSION
from respan_lab.results.run_plan import PlannedItem, RunPlan
from respan_lab.storage.file import File

from .large import driven
from .table import Target

if TYPE_CHECKING:
    from .setting import Setting

__all__ = ["MILLION", "make_ledger"]

Figures = dict[str, Any]

TARGETS, PROMPTS = 4, 2
_PLANNED = """
INSERT INTO planned SELECT 1, n, lower(hex(randomblob(16))), n / :per_target,
  n / :items % :prompts, 0, n % :items, 0 FROM numbers
"""
_CELLS = "INSERT INTO cells SELECT 1, n, n + 1, NULL, NULL FROM numbers"
_CALLS = """
INSERT INTO calls SELECT position + 1, key, 1, 'ok', 'a run', :now + position * 2000,
  NULL, :request FROM planned
"""
# What a streamed answer of a plain model leaves behind, a different one each time.
_ANSWERS = """
INSERT INTO answers (call, status, finish_reason, answered_model, substituted,
  prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens,
  cost, cost_source, latency, latency_source, time_to_first_token, tokens_per_second,
  queue_time, retry_time, cached, attempts, log_id, started_at, output, record)
SELECT n + 1, 'ok', 'stop', 'model-' || n / :per_target, 0,
  60 + n % 97, 20 + n % 41, 80 + n % 97 + n % 41, 0, 0,
  1e-9 * (n % 100003), 'gateway', 0.2 + 1e-6 * (n % 99991), 'measured',
  0.1 + 1e-6 * (n % 49999), 40 + 1e-3 * (n % 9973), 1e-6 * (n % 9967), 0.0, 0, 1,
  'log-' || n, :now + n * 2000,
  'Order ' || n || ' left the warehouse on Monday; it should be with you by Friday, '
  || 'and if not, call us.', :record
FROM numbers
"""
_SIZES = {"record": 570, "request": 210}  # bytes of each, as real runs leave them


class Million:
    """Reads a large ledger as somebody does who comes back to it."""

    name = "million"

    def measure(self, setting: Setting) -> Figures:
        store = setting.folder / "million.db"
        started = time.perf_counter()
        make_ledger(store, setting.rows)
        made = time.perf_counter() - started
        figures = driven("load_ledger", {"store": str(store)})
        figures |= {"made": made, "stored": store.stat().st_size}
        store.unlink()
        print(_line(figures), flush=True)
        return figures

    def tables(self, figures: Figures) -> list[str]:
        return [_line(figures)]

    def targets(self, figures: Figures) -> list[Target]:
        promise = f"a ledger of {figures['rows']:,} rows to a frame: seconds"
        return [Target(promise, figures["wall"], 20)]


MILLION = Million()


def make_ledger(path: Path, rows: int) -> None:
    """Write the ledger of a finished run: targets x prompts x items.

    Args:
        path: Where; nothing is there yet.
        rows: How many cells; rounded down to whole items.
    """
    items = rows // (TARGETS * PROMPTS)
    rows = items * TARGETS * PROMPTS
    connection = File(path, SCHEMA, VERSION, mark=MARK).open()
    try:
        # Speed alone: this file is written once, and nobody waits for the disk.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA cache_size = -400000")  # KiB
        connection.execute("BEGIN")
        _fill(connection, rows, items)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, rows: int, items: int) -> None:
    connection.execute(
        "INSERT INTO plans (hash, plan) VALUES ('of a million', ?)",
        (packed(_plan(items).as_json()),),
    )
    connection.execute(
        "INSERT INTO runs (run_id, name, started_at, finished_at, cells, plan, "
        "manifest) VALUES ('bench', 'a million', '2026-11-23', '2026-11-23', ?, 1, ?)",
        (rows, packed({"warnings": []})),
    )
    connection.execute("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
    connection.execute(
        "WITH RECURSIVE up(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM up "
        "WHERE n < ? - 1) INSERT INTO numbers SELECT n FROM up",
        (rows,),
    )
    values = {
        "per_target": items * PROMPTS,
        "items": items,
        "prompts": PROMPTS,
        "now": 1_790_000_000_000_000,
        **{name: os.urandom(size) for name, size in _SIZES.items()},
    }
    # An index is made faster in one go than row by row.
    [[index]] = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'calls_by_key'"
    ).fetchall()
    connection.execute("DROP INDEX calls_by_key")
    for statement in (_PLANNED, _CELLS, _CALLS, _ANSWERS):
        connection.execute(statement, values)
    connection.execute(index)


def _plan(items: int) -> RunPlan:
    return RunPlan(
        "custom",
        [(f"model-{at}", f"model-{at}") for at in range(TARGETS)],
        [("short", "1"), ("long", "2")],
        [{}],
        [
            PlannedItem(at, None, {"customer": f"Customer {at}", "order": at * 7})
            for at in range(items)
        ],
    )


def _line(figures: Figures) -> str:
    return (
        f"A ledger of {figures['rows']:,} rows ({figures['stored'] / 1e6:,.0f} MB, "
        f"made in {figures['made']:.1f} s) as a frame of {figures['columns']} columns: "
        f"{figures['wall']:.1f} s, {figures['cpu']:.1f} s of CPU, at most "
        f"{figures['peak'] / 1e6:,.0f} MB."
    )
