from __future__ import annotations

import pytest

from respan_lab.errors import ConfigError
from respan_lab.results.best import may_be_best


@pytest.fixture
def three(call, frame_of):
    """Forty items: b and c are close, a is far below."""
    right = {"a": lambda i: i < 4, "b": lambda i: i < 34, "c": lambda i: i != 7}
    return frame_of(
        [
            call(model, i, score_s=fn(i), latency=1.0 + (model == "c") + i / 1e4)
            for model, fn in right.items()
            for i in range(40)
        ]
    )


def test_what_was_shown_to_be_beaten_is_not_best(three):
    assert may_be_best(three, ["s"]) == {"score_s": [False, True, True]}


def test_less_is_better_where_it_is(three):
    assert may_be_best(three, ["latency"]) == {"latency_p50": [True, True, False]}
    lower = {"lower_is_better": ["s"]}
    assert may_be_best(three, ["score_s"], manifest=lower)["score_s"] == [
        True,
        False,
        False,
    ]


def test_a_group_without_a_score_is_not_marked(three):
    three.loc[three["model"] == "b", "score_s"] = None
    assert may_be_best(three, ["s"]) == {"score_s": [False, False, True]}


def test_too_few_items_leave_everything_open(call, frame_of):
    rows = [call(model, i, score_s=model == "b") for model in "ab" for i in range(5)]
    assert may_be_best(frame_of(rows), ["s"]) == {"score_s": [True, True]}


def test_rows_of_the_summary_and_not_of_the_model_are_compared(call, frame_of):
    rows = [
        call(model, i, prompt=prompt, score_s=(model, prompt) == ("b", "q"))
        for model in "ab"
        for prompt in "pq"
        for i in range(40)
    ]
    frame = frame_of(rows)
    assert may_be_best(frame, ["s"]) == {"score_s": [False, False, False, True]}
    assert may_be_best(frame, ["s"], by="prompt") == {"score_s": [False, True]}


def test_without_a_comparison_nothing_is_marked(call, frame_of, three):
    assert may_be_best(frame_of([call(score_s=True)]), ["s"]) == {}
    assert may_be_best(three, ["s"], by="status") == {}
    with pytest.raises(ConfigError, match="by='modle'"):
        may_be_best(three, ["s"], by="modle")
