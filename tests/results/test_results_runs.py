"""Runs as the ledger has them: the list of them, and each read again."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.ledger import Intent, Ledger, NewCell, NewRun, Settled
from respan_lab.ledger.overview import overviews
from respan_lab.ledger.owners import Owner
from respan_lab.ledger.packing import unpacked
from respan_lab.results.columns import RUN_COLUMNS
from respan_lab.results.run_plan import PlannedItem, RunPlan

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ITEMS = [{"word": "yes"}, {"word": "no"}]


def compare(store, **how):
    return lab.compare(
        {"say": "Say {{ word }}", "cry": "Cry {{ word }}"},
        ["sim/small", lab.Target("both", models=["sim/small", "sim/large"])],
        ITEMS,
        store=store / "ledger.db",
        progress=False,
        **how,
    )


def killed(path: Path) -> None:
    """Leave behind what a run does that was killed: one answer, one call in flight."""
    plan = RunPlan(
        "embedded",
        [("m", "sim/small")],
        [("say", None)],
        [{}],
        [PlannedItem(at, None, {"text": '","items":"'}) for at in range(3)],
    )
    cells = [NewCell(at, "abc"[at] * 32, 0, 0, 0, at, 0) for at in range(3)]

    async def main():
        ledger = Ledger(path)
        owner = Owner("gone", "another machine", 1)
        new = NewRun("killed", "try", NOW.isoformat(), plan.as_json(), owner)
        found = await ledger.begin_run(new, cells)
        for at in (0, 1):
            begun = await ledger.begin(
                Intent(found.run, at, cells[at].key, "gone", None, b'{"model": "m"}')
            )
            if at == 0:
                answer = {"status": "ok", "output": "Hi", "cost": 0.5}
                await ledger.settle(Settled(begun.call, "ok", [answer]))
        await ledger.aclose()

    asyncio.run(main())


def test_no_ledger_is_no_rows_and_none_is_made(tmp_path):
    for store in (None, tmp_path / "home", tmp_path / "home" / "ledger.db"):
        found = lab.runs(store)
        assert len(found) == 0
        assert {n: str(t) for n, t in found.dtypes.items()} == {
            column.name: column.dtype for column in RUN_COLUMNS
        }
    assert list(tmp_path.iterdir()) == []


def test_runs_are_listed_newest_first(tmp_path):
    first = compare(tmp_path, name="first")
    second = compare(tmp_path, name="second", fresh=True)
    third = compare(tmp_path)
    found = lab.runs()
    assert found["run_id"].tolist() == [
        r.manifest["run_id"] for r in (third, second, first)
    ]
    assert found["name"].tolist() == [pd.NA, "second", "first"]
    assert found["models"].tolist() == ["sim/small, both"] * 3
    assert found["prompts"].tolist() == ["say, cry"] * 3
    assert found["cells"].tolist() == found["ok"].tolist() == [8] * 3
    assert found["errors"].tolist() == found["skipped"].tolist() == [0] * 3
    assert found["cost"].tolist() == pytest.approx([0.0, second.cost, first.cost])
    assert (found["finished_at"] >= found["started_at"]).all()
    assert found["started_at"][2] == pd.Timestamp(first.manifest["started_at"])
    assert lab.runs(tmp_path).equals(found)
    assert lab.runs(str(tmp_path / "ledger.db")).equals(found)


def test_cells_are_counted_by_how_they_ended(tmp_path):
    killed(tmp_path / "ledger.db")
    found = lab.runs().iloc[0]
    assert (found["ok"], found["maybe_billed"], found["skipped"]) == (1, 1, 1)
    assert found["cost"] == 0.5
    assert found["finished_at"] is pd.NaT


def test_failures_are_counted_apart():
    with lab.Gateway(seed=1) as gateway:
        client = lab.Client(gateway=gateway)
        items = [{"x": i} for i in range(20)]
        r = lab.compare(
            "Say {{ x }}", "sim/flaky", items, client=client, retries=0, progress=False
        )
    found = lab.runs().iloc[0]
    assert 0 < found["errors"] == (r.df["status"] == "error").sum()
    assert found["ok"] + found["errors"] == found["cells"] == 20


def test_a_plan_is_read_without_its_data(tmp_path):
    killed(tmp_path / "ledger.db")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.row_factory = sqlite3.Row
        (plan,) = connection.execute("SELECT plan FROM plans").fetchone()
        whole = unpacked(plan)
        long = {**whole, "targets": [['","items":"' + "é" * 90_000, None]]}
        for other in (long, {n: v for n, v in long.items() if n != "items"}):
            packed = zlib.compress(json.dumps(other, separators=(",", ":")).encode())
            connection.execute("UPDATE plans SET plan = ?", (packed,))
            (found,) = overviews(connection)
            assert found.models == [long["targets"][0][0]]
    connection.close()


def test_another_program_s_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(lab.LedgerError, match=r"other\.db is no ledger.*store="):
        lab.runs(path)
    with pytest.raises(lab.ConfigError, match=r"other\.db is no ledger"):
        lab.Results.load(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_newer_format_is_refused(tmp_path):
    killed(tmp_path / "ledger.db")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(lab.LedgerError, match=r"newer respan_lab.*upgrade"):
        lab.runs()


def test_a_run_is_loaded_as_it_was(tmp_path):
    first = compare(tmp_path, name="first", evaluators=["contains"])
    second = compare(tmp_path, fresh=True)
    for r, run in ((second, None), (first, first.manifest["run_id"])):
        for path in (tmp_path, tmp_path / "ledger.db"):
            again = lab.Results.load(path, run)
            pd.testing.assert_frame_equal(again.df, r.df)
            assert again.manifest == r.manifest
            assert repr(again) == repr(r)


def test_a_killed_run_is_loaded(tmp_path):
    killed(tmp_path / "moved.db")
    r = lab.Results.load(tmp_path / "moved.db")
    assert r.df["status"].astype(str).tolist() == ["ok", "maybe_billed", "skipped"]
    assert r.manifest == {
        "run_id": "killed",
        "name": "try",
        "started_at": NOW.isoformat(),
        "finished_at": None,
        "gateway": "embedded",
        "cells": 3,
        "ledger": {"path": str(tmp_path / "moved.db")},
    }
    assert "1 skipped" in repr(r)


def test_an_unknown_run_names_the_newest(tmp_path):
    killed(tmp_path / "ledger.db")
    said = r"no run 'x'; the newest are 'killed' \(try, 2026-11-23T12:00\).*lab\.runs"
    with pytest.raises(lab.ConfigError, match=said):
        lab.Results.load(tmp_path, "x")


def test_a_ledger_without_runs_says_so(tmp_path):
    async def main():
        ledger = Ledger(tmp_path / "ledger.db")
        await ledger.nonce()
        await ledger.aclose()

    asyncio.run(main())
    assert len(lab.runs()) == 0
    with pytest.raises(lab.ConfigError, match="has no run yet"):
        lab.Results.load(tmp_path)


def test_what_is_not_there_is_not_made(tmp_path):
    with pytest.raises(lab.ConfigError, match=r"nowhere\.db' does not exist.*runs"):
        lab.Results.load(tmp_path / "nowhere.db")
    with pytest.raises(lab.ConfigError, match="does not exist"):
        lab.Results.load(tmp_path)
    assert list(tmp_path.iterdir()) == []
