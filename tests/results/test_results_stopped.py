"""Runs that could stop, whose targets refuse to answer some items."""

from __future__ import annotations

import pytest

from respan_lab.results import Results
from respan_lab.results.comparison import compare
from respan_lab.results.sequence import mean_sequence, sequence_p_value

REFUSAL = {"error_type": "BadRequestError", "error_message": "content_filter: no"}


@pytest.fixture
def refusing(call, failed, frame_of):
    """Give a run of 60 items: a is right or refuses, b is right on some."""

    def make(*, refuses, right, winner):
        rows = []
        for i in range(60):
            if refuses(i):
                rows.append(failed("a", i, **REFUSAL))
            else:
                rows.append(call("a", i, score_good=True))
            rows.append(call("b", i, score_good=right(i)))
        scored = sum(not refuses(i) for i in range(50))
        pair = {"a": "a", "b": "b", "n_items": scored, "winner": winner}
        stop = {"metric": "good", "baseline": None, "confidence": 0.95}
        stop |= {"is_over": winner is not None, "items": list(range(50))}
        stop |= {"n_items": 60, "n_pairs": 1, "pairs": [pair], "trouble": None}
        stop["out"] = {"b": "stop: worse than a after 50 items"} if winner else {}
        return frame_of(rows), {"stop": stop}

    return make


def test_what_was_refused_counts_as_the_worst_and_both_verdicts_are_told(refusing):
    frame, manifest = refusing(
        refuses=lambda i: i % 2 == 0, right=lambda i: i % 3 == 0, winner="a"
    )
    zero = compare(frame, manifest=manifest)
    out = compare(frame, manifest=manifest, errors="exclude")
    # Up to the last item that was scored, the fiftieth; the run knew the odd ones.
    every = [float(i % 2 != 0) - float(i % 3 == 0) for i in range(50)]
    for found, differences in ((zero, every), (out, every[1::2])):
        row = found.loc[0]
        assert row["n_items"] == len(differences)
        assert row["diff"] == pytest.approx(sum(differences) / len(differences))
        assert row["p_value"] == pytest.approx(sequence_p_value(differences))
        ends = mean_sequence(differences, low=-1, high=1)
        assert tuple(row[["ci_low", "ci_high"]]) == pytest.approx(tuple(ends))
    assert (zero.loc[0, "verdict"], out.loc[0, "verdict"]) == ("undecided", "better")
    told = (
        "a and b, good: undecided with refused and truncated answers counted as the "
        "worst, better with them left out"
    )
    assert told in zero.notes


def test_what_was_refused_last_counts_while_nothing_is_decided(refusing):
    frame, manifest = refusing(
        refuses=lambda i: i >= 20, right=lambda i: True, winner=None
    )
    row = compare(frame, manifest=manifest).loc[0]
    assert (row["n_items"], row["verdict"]) == (50, "worse")
    kept = compare(frame, manifest=manifest, errors="exclude").loc[0]
    assert (kept["n_items"], kept["diff"]) == (20, 0)


def test_rows_that_were_taken_away_are_not_needed(refusing):
    frame, manifest = refusing(
        refuses=lambda i: False, right=lambda i: i % 3 == 0, winner="a"
    )
    rest = frame[frame["item"].isin(range(30))]
    assert compare(rest, manifest=manifest).loc[0, "n_items"] == 30
    late = frame[frame["item"].isin(range(50, 60))]  # none of them counted
    assert compare(late, manifest=manifest).loc[0, "test"] == "exact McNemar"


def test_a_summary_says_whose_intervals_it_has(refusing):
    frame, manifest = refusing(
        refuses=lambda i: False, right=lambda i: i % 3 == 0, winner="a"
    )
    results = Results(frame, manifest=manifest)
    shown = (results.summary(), results)
    for one in shown:
        assert "betting sequence" in repr(one)
        assert "betting sequence" in one._repr_html_()
    assert "betting" not in repr(results.summary().head(1))
    assert "betting" not in repr(Results(frame))
