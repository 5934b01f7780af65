from __future__ import annotations

import pytest

from respan_lab.results import summarize
from respan_lab.results.labels import SIMULATED, TINY, combined_label, row_labels


@pytest.mark.parametrize(
    ("answered", "provider", "label"),
    [
        ("sim/small", "sim", SIMULATED),
        ("small", "sim", SIMULATED),
        ("sim/mine", None, SIMULATED),
        ("local/smollm2-135m", "local", TINY),
        ("smollm2-135m-q4_0", "local", TINY),
        ("smollm2-135m", "elsewhere", None),
        ("openai/gpt-4o-mini", "openai", None),
        ("gpt-4o-mini", None, None),
    ],
)
def test_models_are_known_by_who_ran_them(call, frame_of, answered, provider, label):
    frame = frame_of([call("t", asked_model=None, provider=provider)])
    frame["answered_model"] = [answered]
    assert row_labels(frame).fillna("none").tolist() == [label or "none"]


def test_a_failed_call_is_labelled_by_what_was_asked(failed, frame_of):
    assert list(row_labels(frame_of([failed("sim/flaky")]))) == [SIMULATED]


def test_the_manifest_can_say_more(call, frame_of):
    frame = frame_of([call("local/mine")])
    manifest = {"labels": {"local/mine": "a model of mine"}}
    assert list(row_labels(frame, manifest)) == ["a model of mine"]


def test_labels_of_several_rows_are_joined():
    assert combined_label([None, None]) is None
    assert combined_label([SIMULATED, TINY]) == f"{SIMULATED}, {TINY}"
    assert combined_label([TINY, None, TINY]) == f"partly {TINY}"


def test_a_summary_says_what_is_simulated(call, frame_of):
    summary = summarize(frame_of([call("sim/small"), call("openai/gpt-4o-mini")]))
    assert list(summary)[-1] == "label"
    assert summary["label"].fillna("").tolist() == [SIMULATED, ""]
    assert "label" not in summarize(frame_of([call("openai/gpt-4o-mini")]))


def test_a_list_that_lost_a_call_is_still_wholly_simulated(call, failed, frame_of):
    rows = [
        call("w", asked_model=None, answered_model="sim/small", provider="sim"),
        failed("w", 1, asked_model=None),
    ]
    assert summarize(frame_of(rows)).loc[0, "label"] == SIMULATED
