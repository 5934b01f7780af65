"""The line above a run's tables."""

from __future__ import annotations

from respan_lab.results.headline import headline


def test_what_was_spent_before_is_told_from_what_was_spent_now(call, frame_of):
    rows = [call(item=0, cost=0.5, from_ledger=True), call(item=1, cost=0.25)]
    assert headline(frame_of(rows)) == (
        "2 calls · 2 items · 2 ok · $0.750 (1 from the ledger, $0.250 new)"
    )
    assert headline(frame_of(rows[:1])).endswith("$0.500 (1 from the ledger, $0 new)")
    assert "ledger" not in headline(frame_of(rows[1:]))
