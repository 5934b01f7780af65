"""Run again: only what is new is sent, and a ledger that fails stops the sending."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from stubs.model_stub import ModelStub

import respan_lab as lab
from respan_lab.ledger import Ledger
from respan_lab.results.recorded import recorded_frame
from respan_lab.transport import run as on_the_loop

# The stub answers so fast that any machine is too slow to time it.
pytestmark = pytest.mark.filterwarnings("ignore:this machine was up to")

MODELS = ["a/x", "b/y"]
DATA = [{"i": i, "name": f"n{i}"} for i in range(10)]


class Place:
    """A gateway that counts, and a ledger."""

    def __init__(self, stub: ModelStub, store: Path) -> None:
        self.stub, self.store = stub, store

    def run(
        self,
        prompts: Any = "{{ name }}",
        models: Any = MODELS,
        data: Any = DATA,
        *,
        how: dict[str, Any] | None = None,
        **experiment: Any,
    ) -> lab.Results:
        client = lab.Client(base_url=self.stub.url)
        options = {"store": self.store, "progress": False, **(how or {})}
        return lab.Experiment(prompts, models, data, **experiment).run(
            client, **options
        )

    def sent(self, *args: Any, **kwargs: Any) -> list[str]:
        """Run, and give the texts of what was sent."""
        self.stub.forget()
        frame = self.run(*args, **kwargs).df
        assert (frame["status"] == "ok").all()
        expected = frame["var_name"].tolist()
        assert all(n in o for n, o in zip(expected, frame["output"], strict=True))
        assert int((~frame["from_ledger"]).sum()) == len(self.stub.arrivals)
        return sorted(arrival.text for arrival in self.stub.arrivals)


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with ModelStub() as stub:
        yield Place(stub, tmp_path / "ledger.db")


@pytest.fixture
def asked(place: Place) -> Place:
    """Everything has been asked once."""
    assert len(place.sent()) == 20
    return place


def changed(at: int, **fields: Any) -> list[dict[str, Any]]:
    return [row | fields if n == at else row for n, row in enumerate(DATA)]


SAME: dict[str, Callable[[], dict[str, Any]]] = {
    "nothing": dict,
    "reordered": lambda: {"data": DATA[::-1]},
    "a part of it": lambda: {"data": DATA[3:6]},
    "a frame": lambda: {"data": pd.DataFrame(DATA)},
    "another index": lambda: {"data": pd.DataFrame(DATA, index=list("abcdefghij"))},
    "a column that is not used": lambda: {"data": changed(3, i=99)},
    "the models in another order": lambda: {"models": MODELS[::-1]},
    "a renamed target": lambda: {"models": [lab.Target("one", model="a/x"), "b/y"]},
    "a renamed prompt": lambda: {"prompts": {"other": "{{ name }}"}},
    "a renamed variable": lambda: {
        "prompts": "{{ nom }}",
        "data": [{**row, "nom": row["name"]} for row in DATA],
    },
    "the experiment's name": lambda: {"name": "other"},
    "not streamed": lambda: {"how": {"stream": False}},
    "other options": lambda: {
        "how": {"order_seed": 7, "max_concurrency": 1, "timeout": 5, "retries": 0}
    },
    "evaluators": lambda: {"evaluators": [lab.evaluators.contains]},
    "a reference": lambda: {"data": changed(3, expected="x"), "expected": "expected"},
    "who asks": lambda: {"params": {"customer_identifier": "me"}},
    "a tag": lambda: {"params": {"metadata": {"a": "b"}}},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_asks_the_same_sends_nothing(
    asked: Place, change: Callable[[], dict[str, Any]]
) -> None:
    assert asked.sent(**change()) == []


MORE: dict[str, tuple[Callable[[], dict[str, Any]], list[str]]] = {
    "a row": (lambda: {"data": changed(4, name="new")}, ["new"] * 2),
    "a row put in between": (
        lambda: {"data": [*DATA[:5], {"i": 5, "name": "new"}, *DATA[5:]]},
        ["new"] * 2,
    ),
    "a row that is there already": (
        lambda: {"data": [DATA[7], *DATA]},
        ["n7"] * 2,
    ),
    "a model": (
        lambda: {"models": [*MODELS, "c/z"]},
        [f"n{i}" for i in range(10)],
    ),
    "a prompt": (
        lambda: {"prompts": {"a": "{{ name }}", "b": "My {{ name }}"}},
        sorted([f"My n{i}" for i in range(10)] * 2),
    ),
    "a point": (
        lambda: {"params": {"temperature": lab.grid(None, 0.5)}},
        sorted([f"n{i}" for i in range(10)] * 2),
    ),
    "a parameter of one target": (
        lambda: {"models": ["a/x", lab.Target(model="b/y", temperature=0.5)]},
        [f"n{i}" for i in range(10)],
    ),
    "repeats": (lambda: {"repeat": 3}, sorted([f"n{i}" for i in range(10)] * 4)),
}


@pytest.mark.parametrize(("change", "new"), MORE.values(), ids=MORE)
def test_only_what_is_new_is_sent(
    asked: Place, change: Callable[[], dict[str, Any]], new: list[str]
) -> None:
    assert asked.sent(**change()) == new
    assert asked.sent(**change()) == []
    assert asked.sent() == []  # what was asked at first is there still


def test_a_renamed_target_keeps_its_answers_under_its_new_name(asked: Place) -> None:
    frame = asked.run(models=[lab.Target("one", model="a/x"), "b/y"]).df
    assert frame["model"].unique().tolist() == ["one", "b/y"]
    assert frame["output"].notna().all()


def recorded(place: Place, run: str) -> pd.DataFrame:
    async def read() -> Any:
        ledger = Ledger(place.store)
        try:
            return await ledger.read(run)
        finally:
            await ledger.aclose()

    return recorded_frame(on_the_loop(read()))


def test_fresh_asks_again_and_keeps_the_old(place: Place) -> None:
    place.stub.fault = lambda request, text, before: None
    old = place.run()
    first = {arrival.key: arrival.idempotency for arrival in place.stub.forget()}
    new = place.run(how={"fresh": True})
    second = {arrival.key: arrival.idempotency for arrival in place.stub.forget()}
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())  # a new answer is wanted
    for results in (old, new):
        (run,) = results.df["run_id"].unique()
        assert run == results.manifest["run_id"]
        pd.testing.assert_frame_equal(results.df, recorded(place, run))
        assert not results.df["from_ledger"].any()
    third = place.run()
    assert place.stub.arrivals == []
    assert (third.df["run_id"] == new.manifest["run_id"]).all()


def test_other_evaluators_score_what_is_there(asked: Place) -> None:
    asked.stub.forget()

    def length(output: str) -> int:
        return len(output)

    def wrong(output: str) -> bool:
        raise ValueError("a mistake")

    one = asked.run(evaluators=[length]).df
    assert one["score_length"].tolist() == [len("re: n0")] * 20
    how = {"evaluators": {"length": lambda output: -len(output), "wrong": wrong}}
    results = asked.run(**how)
    assert results.df["score_length"].tolist() == [-len("re: n0")] * 20
    assert results.df["score_wrong"].isna().all()
    assert asked.stub.arrivals == []
    frame = recorded(asked, results.manifest["run_id"])
    pd.testing.assert_frame_equal(results.df, frame)


def test_a_fresh_run_that_fails_in_part_hides_no_older_answer(asked: Place) -> None:
    ill = True

    def fault(request: Any, text: str, before: int) -> Any:
        from stubs.http_stub import HangUp, Reply

        if not ill:
            return None
        if text == "n1":
            raise HangUp
        return Reply(b"{}", status=400) if text == "n2" else None

    asked.stub.fault = fault
    frame = asked.run(how={"fresh": True, "retries": 0}).df.set_index("item")
    assert set(frame["status"][1]) == {"maybe_billed"}
    assert set(frame["status"][2]) == {"error"}
    ill = False
    assert asked.sent() == []


def test_a_call_stopped_while_it_waited_for_the_rate_costs_nothing(
    place: Place,
) -> None:
    price = {"input": 1.0, "output": 1.0}

    async def main() -> lab.Results:
        place.stub.hold()
        task = asyncio.create_task(
            lab.acompare(
                "{{ name }}",
                "a/x",
                DATA,
                params={"max_tokens": 1000},
                client=lab.Client(base_url=place.stub.url),
                store=place.store,
                progress=False,
                budget=1.0,
                assume_price=price,
                requests_per_minute=30,
            )
        )
        await asyncio.to_thread(place.stub.wait_for, lambda: place.stub.arrivals)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value.results  # type: ignore[attr-defined, no-any-return]

    results = asyncio.run(main())
    unsure = (results.df["status"] == "maybe_billed").sum()
    assert unsure == len(place.stub.arrivals)
    worst = results.manifest["budget"]["maybe_billed"] / unsure
    assert worst < 2 * 3 * 1000 * price["output"] / 1e6  # three attempts of one call


# A ledger that cannot be used, or not any more.


@pytest.mark.parametrize("where", ["file/ledger.db", "folder", "/proc/respan/l.db"])
def test_a_place_that_takes_no_file_is_a_clear_error(
    place: Place, tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    place.store = tmp_path / where
    with pytest.raises(lab.LedgerError, match="store="):
        place.run()
    assert place.stub.arrivals == []


def test_a_ledger_that_may_only_be_read_is_a_clear_error(asked: Place) -> None:
    asked.stub.forget()
    asked.store.chmod(0o400)
    asked.store.parent.chmod(0o500)
    try:
        if os.access(asked.store, os.W_OK):
            pytest.skip("nothing is read-only to this user")
        with pytest.raises(lab.LedgerError, match="store="):
            asked.run(models=["c/z"])
        assert asked.stub.arrivals == []
    finally:
        asked.store.parent.chmod(0o700)


FULL = """
import json, resource, sys, warnings
import respan_lab as lab
warnings.simplefilter("ignore")  # the stub is faster than any machine can time
url, store = sys.argv[1:]
data = [{"i": i} for i in range(200)]
# The disk takes files of this size and no larger: it is full when the answers come.
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
try:
    lab.Experiment("Number {{ i }}", "a/x", data).run(
        lab.Client(base_url=url), store=store, progress=False, max_concurrency=8)
except lab.LedgerError as error:
    results = getattr(error, "results", None)
    frame = None if results is None else results.df
    print(json.dumps([str(error), frame is not None and [
        [r.key, r.status, r.output is not None] for r in frame.itertuples()]]))
"""


def noise(text: str) -> str:
    """Twenty kilobytes that cannot be packed."""
    import random

    return random.Random(text).randbytes(10_000).hex()


def test_a_disk_that_fills_up_stops_the_sending_and_keeps_what_came(
    place: Place,
) -> None:
    pytest.importorskip("resource")
    from stubs.model_stub import streamed

    place.stub.fault = lambda request, text, before: streamed(noise(text))
    done = subprocess.run(
        [sys.executable, "-c", FULL, place.stub.url, str(place.store)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    message, rows = json.loads(done.stdout)
    assert "run again to go on" in message
    n_sent = len(place.stub.forget())
    assert 0 < n_sent < 200
    assert rows, "the error has no results"
    answered = {key for key, status, _ in rows if status == "ok"}
    assert 0 < len(answered) <= n_sent
    states = {status for _, status, _ in rows}
    assert states <= {"ok", "maybe_billed", "skipped"}
    place.stub.fault = None
    frame = place.run("Number {{ i }}", "a/x", [{"i": i} for i in range(200)]).df
    again = {arrival.key for arrival in place.stub.arrivals}
    assert len(frame) == 200
    assert set(frame["status"]) <= {"ok", "maybe_billed"}
    kept = set(frame.loc[frame["from_ledger"], "key"])
    assert not again & kept
    assert len(again) + len(kept) == 200
    assert n_sent <= len(kept)  # whatever was sent is not sent again


def remove(store: Path) -> None:
    """As one does who empties a folder."""
    for file in store.parent.glob("ledger.db*"):
        file.unlink()


def empty(store: Path) -> None:
    """As `> ledger.db` does."""
    os.truncate(store, 0)


def tear(store: Path) -> None:
    """Cut the file, and what is not in it yet, to a stump."""
    for file in (store, store.with_name(store.name + "-wal")):
        os.truncate(file, 100)


def run_until_damaged(
    place: Place, damage: Callable[[Path], None]
) -> tuple[lab.LedgerError, int]:
    """Damage the ledger in the middle of a run; gives how many calls came after."""
    at: list[int] = []

    def fault(request: Any, text: str, before: int) -> None:
        if len(place.stub.arrivals) >= 20 and not at:
            damage(place.store)
            at.append(len(place.stub.arrivals))

    place.stub.fault = fault
    data = [{"i": i} for i in range(200)]
    with pytest.raises(lab.LedgerError, match=r"ledger\.db") as caught:
        place.run("Number {{ i }}", "a/x", data, how={"max_concurrency": 4})
    return caught.value, len(place.stub.arrivals) - at[0]


@pytest.mark.parametrize("damage", [remove, empty, tear])
def test_a_ledger_damaged_while_it_is_used_stops_the_sending(
    place: Place, damage: Callable[[Path], None]
) -> None:
    _, n_later = run_until_damaged(place, damage)
    assert n_later <= 4  # their intents were written before


@pytest.mark.parametrize("damage", [remove, empty, tear])
def test_a_ledger_damaged_while_it_is_used_leaves_the_results(
    place: Place, damage: Callable[[Path], None]
) -> None:
    error, _ = run_until_damaged(place, damage)
    assert "cut short" in str(error) or "removed" in str(error)
    assert "store=" in str(error)
    if damage is tear:  # nothing can be read of it any more
        assert not hasattr(error, "results")
        return
    frame = error.results.df  # type: ignore[attr-defined]
    assert len(frame) == 200
    assert (frame["status"] == "ok").sum() >= 16
