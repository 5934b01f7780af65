"""Lanes: what is told of answers while they come, and when they have come."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from respan_lab.experiment.listening import Heard
from respan_lab.widgets.lane import Lane
from respan_lab.widgets.lanes import Lanes
from respan_lab.wire import Chunk


def _chunk(text: str, elapsed: float | None = None, **more: Any) -> Heard:
    chunk = Chunk({}, delta={"content": text}, choice=0)
    return Heard("chunk", more.pop("at", 0), chunk, more.pop("attempt", 1), elapsed)


def _lane(**more: Any) -> Lane:
    return Lane("m", **more)


def test_times_and_costs_are_reckoned_while_an_answer_comes() -> None:
    lane = _lane(cost_of=lambda tokens: tokens * 0.5)
    lane.hear(Heard("sent", 0))
    assert (lane.state, lane.time) == ("waiting", "")
    for number in range(6):
        lane.hear(_chunk("a", 0.25 + number * 0.1))
    assert (lane.state, lane.text) == ("streaming", "aaaaaa")
    assert lane.time == "0.25 s"
    assert lane.rate == "~10 tokens/s"  # five steps in half a second
    assert lane.cost == "~$3.00"


def test_what_came_replaces_what_was_reckoned() -> None:
    lane = _lane()
    lane.hear(_chunk("a", 0.5))
    row = {"status": "ok", "output": "ab", "time_to_first_token": 0.04, "cost": 12.5}
    lane.hear(Heard("came", 0, rows=[row]))
    assert (lane.state, lane.text, lane.time) == ("done", "ab", "0.04 s")
    assert (lane.rate, lane.cost) == ("", "$12.50")


def test_another_attempt_begins_anew() -> None:
    lanes = Lanes()
    lanes.begin([_lane()])
    lanes.take(_chunk("wrong", 1.0))
    lanes.take(_chunk("ri", 0.5, attempt=2))
    lanes.take(_chunk("ght", 0.6, attempt=2))
    lanes.finish([{"status": "maybe_billed"}])
    assert lanes.lanes[0]["text"] == "right"  # what a stopped call had said stays
    assert lanes.lanes[0]["time"] == ""  # but not its time, which the frame has not
    assert "may have been billed" in lanes.lanes[0]["note"]


def test_an_error_says_what_it_was() -> None:
    lane = _lane()
    row = {"status": "error", "error_type": "RateLimitError", "error_message": "\x1bno"}
    lane.take(row)
    assert (lane.state, lane.note) == ("error", "RateLimitError: ␛no")


def test_what_the_ledger_had_says_so() -> None:
    lane = _lane()
    lane.hear(Heard("found", 0))
    assert lane.state == "from the ledger"
    lane.take({"status": "ok", "from_ledger": True, "output": "x"})
    assert lane.state == "from the ledger"


@given(st.lists(st.text(max_size=6), max_size=20), st.sets(st.integers(0, 19)))
def test_pieces_put_together_are_the_text(texts: list[str], whole: set[int]) -> None:
    """A browser that takes pieces at their places has what Python has."""
    lanes = Lanes()
    seen = b""

    def send(message: Any, buffers: Any = None) -> None:
        nonlocal seen
        for told in message["lanes"]:
            assert len(seen) == told["start"] * 2
            seen += told["text"].encode("utf-16-le")

    lanes.send = send
    lanes._is_due = True  # the test itself says when
    lanes.begin([_lane()])
    for number, text in enumerate(texts):
        lanes.take(_chunk(text, 0.1))
        if number in whole:
            lanes._tell_all()
            seen = lanes.lanes[0]["text"].encode("utf-16-le")
        elif lanes._pending:
            lanes.send({"lanes": lanes._more()})
    assert seen.decode("utf-16-le") == lanes._now[0].text


def test_what_it_shows_without_a_kernel_is_escaped() -> None:
    lanes = Lanes()
    lanes.begin([_lane(is_simulated=True)])
    lanes.finish([{"status": "ok", "output": "<script>"}])
    data, _ = lanes._repr_mimebundle_()
    assert "&lt;script&gt;" in data["text/html"]
    assert "<script>" not in data["text/html"]
    assert "simulated, done" in data["text/html"]
    assert data["text/plain"] == "Lanes(m done)"
