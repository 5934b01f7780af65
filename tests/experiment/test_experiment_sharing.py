"""Two processes run the same experiment on one ledger at the same time."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from stubs.model_stub import ModelStub

import respan_lab as lab
from respan_lab.ledger import Intent, Ledger, NewCell, NewRun
from respan_lab.ledger.owners import Owner

# The stub answers so fast that any machine is too slow to time it.
pytestmark = pytest.mark.filterwarnings("ignore:this machine was up to")

SCRIPT = """
import json, sys, warnings
import respan_lab as lab
warnings.simplefilter("ignore")  # the stub is faster than any machine can time
how = json.loads(sys.argv[1])
data = [{"i": i} for i in range(how["items"])]
results = lab.Experiment("Number {{ i }}", ["a/x", "b/y"], data).run(
    lab.Client(base_url=how["url"]), store=how["store"], progress=False,
    max_concurrency=8, order_seed=how["order"])
rows = [[r.key, r.status, r.output, bool(r.from_ledger), r.run_id]
        for r in results.df.astype(object).where(results.df.notna(), None).itertuples()]
print(json.dumps([results.manifest["run_id"], rows]))
"""
ITEMS = 60


@contextmanager
def child(stub: ModelStub, store: Path, order: int) -> Iterator[subprocess.Popen[str]]:
    how = {"url": stub.url, "store": str(store), "items": ITEMS, "order": order}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(how)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> tuple[str, dict[str, list[Any]]]:
    """The run's id, and status, output, from_ledger and run_id by key."""
    said, _ = process.communicate(timeout=60)
    run, rows = json.loads(said)
    return run, {key: rest for key, *rest in rows}


@pytest.mark.parametrize(
    "orders", [(0, 0), pytest.param((1, 2), marks=pytest.mark.deep)], ids=str
)
def test_two_at_once_send_every_cell_once(
    orders: tuple[int, int], tmp_path: Path
) -> None:
    store = tmp_path / "ledger.db"
    with ModelStub(service=0.002) as stub:
        stub.hold()
        with child(stub, store, orders[0]) as one, child(stub, store, orders[1]) as two:
            # Each asks for the two models, and then both are at work.
            stub.wait_for(lambda: len(stub.requests) - len(stub.arrivals) >= 4)
            stub.wait_for(lambda: len(stub.arrivals) >= 8)
            stub.release()
            (run, rows), (other_run, other_rows) = told(one), told(two)
    assert len(rows) == len(other_rows) == 2 * ITEMS
    assert {row[0] for row in rows.values()} == {"ok"}
    sent = [arrival.key for arrival in stub.arrivals]
    assert sorted(sent) == sorted(rows) == sorted(other_rows)
    for key, (status, output, from_ledger, asked_by) in rows.items():
        other_status, other_output, from_other, other_asked_by = other_rows[key]
        assert (status, output, asked_by) == (
            other_status,
            other_output,
            other_asked_by,
        )
        assert from_ledger is not from_other  # asked by one, found by the other
        assert asked_by == (other_run if from_ledger else run)


def test_when_one_is_killed_the_other_ends_and_tells_what_is_unsure(
    tmp_path: Path,
) -> None:
    store = tmp_path / "ledger.db"
    with ModelStub(service=0.002) as stub:
        stub.hold(after=40)
        with child(stub, store, 1) as dying, child(stub, store, 2) as other:
            stub.wait_for(lambda: len({a.run for a in stub.arrivals[40:]}) == 2)
            dying.kill()
            dying.wait()
            stub.release()
            run, rows = told(other)
        stub.wait_until_alone()
    sent = [arrival.key for arrival in stub.arrivals]
    assert len(set(sent)) == len(sent)
    of_the_dead = {a.key for a in stub.arrivals if a.run != run}
    answered = {key for key, row in rows.items() if row[0] == "ok"}
    unsure = {key for key, row in rows.items() if row[0] == "maybe_billed"}
    assert answered | unsure == set(rows)
    assert unsure
    assert unsure.isdisjoint(a.key for a in stub.arrivals if a.run == run)
    with closing(sqlite3.connect(store)) as ledger:
        found = dict(ledger.execute("SELECT key, state FROM calls"))
    assert {found[key] for key in unsure} == {"maybe_billed"}
    assert {found[key] for key in of_the_dead - unsure} <= {"ok"}
    assert len(unsure) <= 8
    for key in answered:
        assert (rows[key][3] == run) is not (key in of_the_dead)


def test_two_in_one_process_send_every_cell_once(tmp_path: Path) -> None:
    data = [{"i": i} for i in range(ITEMS)]
    experiment = lab.Experiment("Number {{ i }}", ["a/x", "b/y"], data)

    async def both(client: lab.Client) -> list[lab.Results]:
        how: dict[str, Any] = {"store": tmp_path / "ledger.db", "progress": False}
        return await asyncio.gather(*(experiment.arun(client, **how) for _ in range(2)))

    with ModelStub(service=0.002) as stub:
        one, two = asyncio.run(both(lab.Client(base_url=stub.url)))
    assert sorted(a.key for a in stub.arrivals) == sorted(one.df["key"])
    assert one.df["output"].notna().all()
    assert one.df["output"].tolist() == two.df["output"].tolist()
    assert (one.df["from_ledger"] != two.df["from_ledger"]).all()


APART = ["unshare", "--pid", "--fork"]
LOOKS = """
import asyncio, sys
from pathlib import Path
from respan_lab.ledger import Ledger, NewCell, NewRun
from respan_lab.ledger.owners import Owner

async def main():
    ledger = Ledger(Path(sys.argv[1]))
    new = NewRun("other", None, "now", {}, Owner.here("other"))
    found = await ledger.begin_run(new, [NewCell(0, "k", 0, None, 0, 0, 0)])
    await ledger.aclose()
    print(len(found.unsure))

asyncio.run(main())
"""


def test_a_run_outside_a_container_is_not_dead_to_one_inside(tmp_path: Path) -> None:
    """The number of its process means nothing in there."""
    try:
        subprocess.run([*APART, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no container can be made here")
    store = tmp_path / "ledger.db"

    async def main() -> None:
        ledger = Ledger(store)
        new = NewRun("one", None, "now", {}, Owner.here("one"))
        found = await ledger.begin_run(new, [NewCell(0, "k", 0, None, 0, 0, 0)])
        await ledger.begin(Intent(found.run, 0, "k", "one", None, b"{}"))
        command = [*APART, sys.executable, "-c", LOOKS, str(store)]
        looked = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=True
        )
        await ledger.aclose()
        assert looked.stdout == "0\n"

    asyncio.run(main())
