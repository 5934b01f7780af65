"""Recording a run, and replaying it without a gateway."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

import respan_lab as lab
from respan_lab.errors import ConfigError, LedgerError

DATA = [{"i": i, "expected": str(i)} for i in range(4)]


class Gateway(httpx.AsyncBaseTransport):
    """Answers with a number that goes up; counts every request, lists too."""

    def __init__(self) -> None:
        self.n_requests = self.n_answers = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.n_requests += 1
        if request.method == "GET":
            return httpx.Response(404)
        self.n_answers += 1
        message = {"role": "assistant", "content": str(self.n_answers)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 1}
        return httpx.Response(
            200, json={"model": "m", "choices": [choice], "usage": usage}
        )


def _run(gateway: Gateway, store: Path, **how: Any) -> lab.Results:
    how = {"prompts": "Say {{ i }}", "data": DATA, **how}
    return lab.compare(
        models=how.pop("models", ["m", "n"]),
        client=lab.Client("k", transport=gateway),
        store=store,
        stream=False,
        progress=False,
        evaluators=["exact_match"],
        **how,
    )


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "recording.db"


def test_a_replay_sends_nothing_and_leaves_the_recording_as_it_is(store: Path) -> None:
    recorded = _run(Gateway(), store, mode="record")
    before, gateway = _hash(store), Gateway()
    replayed = _run(gateway, store, mode="replay")
    assert gateway.n_requests == 0
    assert _hash(store) == before
    for name in ("key", "output", "status", "prompt_tokens", "score_exact_match"):
        assert replayed.df[name].equals(recorded.df[name])
    assert replayed.df["from_ledger"].all()
    assert replayed.manifest["ledger"]["path"] == str(store)


def test_recording_again_asks_again(store: Path) -> None:
    gateway = Gateway()
    _run(gateway, store, mode="record")
    _run(gateway, store, mode="record")
    assert gateway.n_answers == 16
    replayed = _run(gateway, store, mode="replay")
    assert set(replayed.df["output"]) == {str(n) for n in range(9, 17)}


def test_a_new_request_names_the_nearest_and_the_difference(store: Path) -> None:
    _run(Gateway(), store, mode="record")
    gateway = Gateway()
    with pytest.raises(LedgerError) as told:
        _run(gateway, store, mode="replay", params={"temperature": 0.5})
    assert gateway.n_requests == 0
    text = str(told.value)
    assert "8 of 8 cells are not in the recording" in text
    assert "model 'm', item 0, run 0" in text
    assert '+   "temperature": 0.5' in text
    assert 'mode="record"' in text
    data = [*DATA[:3], {"i": 33, "expected": "33"}]
    with pytest.raises(LedgerError) as told:
        _run(gateway, store, mode="replay", data=data)
    assert "2 of 8 cells" in str(told.value)
    assert '+       "content": "Say 33"' in str(told.value)


def test_the_same_request_to_another_gateway_is_told_apart(store: Path) -> None:
    _run(Gateway(), store, mode="record")
    client = lab.Client("k", base_url="https://elsewhere.example", transport=Gateway())
    how: dict[str, Any] = {"store": store, "progress": False, "mode": "replay"}
    with pytest.raises(LedgerError, match="for another gateway"):
        lab.compare("Say {{ i }}", ["m", "n"], DATA, client=client, **how)


def test_labels_are_those_of_the_recording(store: Path) -> None:
    def run(mode: str) -> lab.Results:
        gateway = lab.Gateway(seed=1, sim_time_scale=0)
        client = lab.Client(gateway=gateway)
        how: dict[str, Any] = {"store": store, "progress": False, "mode": mode}
        return lab.compare("Hi", ["sim/small"], client=client, **how)

    recorded, replayed = run("record"), run("replay")
    assert recorded.manifest["labels"] == replayed.manifest["labels"] != {}


def test_what_cannot_be_is_said_before_anything(store: Path) -> None:
    with pytest.raises(LedgerError, match="there is no recording"):
        _run(Gateway(), store, mode="replay")
    assert not store.exists()
    with pytest.raises(ConfigError, match="mode='tape'"):
        _run(Gateway(), store, mode="tape")
    with pytest.raises(ConfigError, match="fresh=True"):
        _run(Gateway(), store, mode="replay", fresh=True)
    store.write_bytes(b"no ledger" * 100)
    with pytest.raises(LedgerError, match="no ledger of respan_lab"):
        _run(Gateway(), store, mode="replay")
