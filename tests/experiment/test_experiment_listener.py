"""What a view hears of a run, and that listening changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stubs.http_stub import Reply, Request
from stubs.model_stub import EVENTS, JSON, ModelStub, _each, piece, sse

import respan_lab as lab
from respan_lab.experiment.listening import Heard

WORDS = ["re: ", "one ", "two ", "three ", "four ", "five"]


class Ear:
    """Remembers what it hears; fails with the chunk of a number, if one is given."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.heard: list[Heard] = []
        self._fails_at = fails_at

    def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)
        if len(self.heard) == self._fails_at:
            raise RuntimeError("no ear")

    def kinds(self, at: int) -> list[str]:
        return [one.kind for one in self.heard if one.at == at]

    def text(self, at: int) -> str:
        """The text of the last attempt, put together from its chunks."""
        chunks = [one for one in self.heard if one.at == at and one.chunk is not None]
        last = chunks[-1].attempt
        return "".join(
            one.chunk.text
            for one in chunks
            if one.attempt == last and one.chunk is not None
        )


def _words(_: Request, text: str, before: int) -> Reply:
    usage = {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9}
    parts = [piece(word) for word in WORDS]
    parts += [
        piece("", finish_reason="stop"),
        sse({"id": "c", "model": "m", "choices": [], "usage": usage}),
        b"data: [DONE]\n\n",
    ]
    return Reply(_each(parts), headers=EVENTS)


def _cut_then_busy(request: Request, text: str, before: int) -> Reply:
    """Breaks off for `cut`, is busy once for `busy`, and else answers."""
    if text == "cut":
        return Reply(_each([piece("re: "), piece("o")]), headers=EVENTS)
    if text == "busy" and not before:
        error = {"error": {"message": "busy", "type": "rate_limit"}}
        headers = {**JSON, "retry-after": "0"}
        return Reply(json.dumps(error).encode(), status=429, headers=headers)
    return _words(request, text, before)


def _run(stub: ModelStub, asked: list[str], ear: Ear | None, **how: Any) -> lab.Results:
    client = lab.Client(None, f"{stub.url}/api")
    experiment = lab.Experiment("{{ a }}", "m", [{"a": a} for a in asked])
    how = {"progress": False, "listener": ear, **how}
    return experiment.start(client, **how).wait()


def test_each_cell_is_heard_of_from_its_call_to_its_rows() -> None:
    ear = Ear()
    with ModelStub(fault=_words) as stub:
        results = _run(stub, ["x", "y"], ear)
    for at in (0, 1):
        kinds = ear.kinds(at)
        assert kinds == ["sent", *["chunk"] * (len(kinds) - 2), "came"]
        assert ear.text(at) == "".join(WORDS) == results.df["output"][at]
    rows = {one.at: one.rows for one in ear.heard if one.kind == "came"}
    for at, row in rows.items():
        assert row[0]["latency"] == results.df["latency"][at]
        assert row[0]["status"] == "ok"


def test_the_times_heard_live_are_those_of_the_frame() -> None:
    ear = Ear()
    with ModelStub(fault=_words) as stub:
        row = _run(stub, ["x"], ear).df.iloc[0]
    chunks = [one for one in ear.heard if one.chunk and one.chunk.has_content]
    times = [one.elapsed for one in chunks]
    assert len(times) == len(WORDS)
    assert times[0] == row["time_to_first_token"]
    assert times == sorted(times)
    last = times[-1]
    assert last is not None
    rate = 5 / (last - row["time_to_first_token"])  # six tokens, the first at the start
    assert row["tokens_per_second"] == pytest.approx(rate)


def test_failures_and_refusals_are_heard_of_and_chunks_say_their_attempt() -> None:
    ear = Ear()
    with ModelStub(fault=_cut_then_busy) as stub:
        results = _run(stub, ["cut", "busy"], ear)
    assert results.df["status"].tolist()[1] == "ok"
    assert {one.attempt for one in ear.heard if one.at == 1 and one.chunk} == {2}
    assert ear.text(0) == "re: o"
    assert ear.text(1) == "".join(WORDS)
    came = {one.at: one.rows[0]["status"] for one in ear.heard if one.kind == "came"}
    assert came == dict(enumerate(results.df["status"]))
    assert came[0] != "ok"
    assert ear.kinds(1).count("sent") == 1


def test_what_the_ledger_has_is_found_and_not_sent() -> None:
    first, second = Ear(), Ear()
    with ModelStub(fault=_words) as stub:
        _run(stub, ["x"], first)
        _run(stub, ["x", "y"], second)
        assert [one.text for one in stub.arrivals] == ["x", "y"]
    assert second.kinds(0) == ["found"]
    assert second.kinds(1)[0] == "sent"


@pytest.mark.parametrize("fails_at", [1, 3, 8])
def test_a_listener_that_fails_costs_no_call(fails_at: int) -> None:
    ear = Ear(fails_at)
    with ModelStub(fault=_words) as stub:
        said = "the run's listener failed, and heard no more: RuntimeError: no ear"
        with pytest.warns(UserWarning, match=said):
            results = _run(stub, ["x"], ear)
        assert len(stub.arrivals) == 1
    assert results.df["output"].tolist() == ["".join(WORDS)]
    assert len(ear.heard) == fails_at


def test_listening_changes_no_key_and_is_no_option_of_other_runs() -> None:
    with ModelStub(fault=_words) as stub:
        heard = _run(stub, ["x"], Ear())
        alone = _run(stub, ["x"], None, fresh=True)
        client = lab.Client(None, f"{stub.url}/api")
        with pytest.raises(lab.ConfigError, match="'listener' is no option of a run"):
            lab.Experiment("x", "m").run(client, listener=Ear())  # type: ignore[call-arg]  # it is refused
    assert heard.df["key"].tolist() == alone.df["key"].tolist()
