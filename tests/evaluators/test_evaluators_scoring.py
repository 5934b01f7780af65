from __future__ import annotations

import asyncio
import threading

import numpy as np
import pandas as pd
import pytest

from respan_lab.evaluators import ascore, exact_match, field_match, score


def scores_of(function, **context):
    return score({"s": function}, {"output": "refund", "expected": "refund", **context})


@pytest.mark.parametrize(
    ("returned", "value", "note"),
    [
        (True, True, None),
        (np.False_, False, None),
        (3, 3.0, None),
        (0.5, 0.5, None),
        (np.float64(0.5), 0.5, None),
        (np.int64(2), 2.0, None),
        (None, None, None),
        (float("nan"), None, None),
        (pd.NA, None, None),
        ((True, "as asked"), True, "as asked"),
        ((0.2, None), 0.2, None),
        ((None, "cannot say"), None, "cannot say"),
    ],
)
def test_what_is_returned_decides_the_column(returned, value, note):
    columns = scores_of(lambda output: returned)
    assert columns == {"score_s": value, "note_s": note}
    assert type(columns["score_s"]) is type(value)


def test_a_dict_gives_one_score_for_each_part():
    columns = scores_of(lambda output: {"a": True, "b": (0.5, "half"), "c": None})
    assert columns == {
        "score_s_a": True,
        "score_s_b": 0.5,
        "note_s_b": "half",
        "score_s_c": None,
        "note_s": None,
    }


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("good", "TypeError: returned 'good'; allowed: a bool"),
        ((True, 1), "a tuple is"),
        ((True, "a", "b"), "a tuple is"),
        (float("inf"), "ValueError: returned inf"),
        ([True], "TypeError"),
    ],
)
def test_other_returns_are_a_note(returned, said):
    columns = scores_of(lambda output: returned)
    assert columns["score_s"] is None
    assert said in columns["note_s"]


def test_a_failing_evaluator_is_a_note_and_the_others_go_on():
    def broken(output):
        raise KeyError("x" * 5_000 + "\ud800")

    columns = score(
        {"bad": broken, "good": exact_match}, {"output": "a", "expected": "A"}
    )
    assert columns["score_bad"] is None
    assert columns["note_bad"].startswith("KeyError: ")
    assert len(columns["note_bad"]) == 500
    assert columns["score_good"] is True


def test_a_note_is_clean_text():
    assert scores_of(lambda output: (True, "a\ud800"))["note_s"] == "a\ufffd"


def test_async_functions_are_awaited():
    async def later(output, expected):
        await asyncio.sleep(0)
        return output == expected

    class Judge:
        async def __call__(self, output):
            return (1, "fine")

    assert scores_of(later)["score_s"] is True
    assert scores_of(Judge())["note_s"] == "fine"


def test_a_slow_function_does_not_hold_up_the_loop():
    gate = threading.Event()

    async def both():
        waiting = asyncio.create_task(ascore({"s": lambda output: gate.wait(30)}, {}))
        other = await ascore({"e": exact_match}, {"output": "a", "expected": "a"})
        gate.set()
        return other, await waiting

    other, waited = asyncio.run(both())
    assert other["score_e"] is True
    assert waited["score_s"] is True


def test_functions_that_cannot_be_hashed_work():
    class Unhashable:
        __hash__ = None

        def __call__(self, output):
            return True

    assert scores_of(Unhashable())["score_s"] is True


def test_interrupts_are_not_notes():
    def stop(output):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(ascore({"s": stop}, {"output": "a"}))


def test_ours_fit_the_frame():
    context = {"output": '{"intent": "refund"}', "expected": {"intent": "refund"}}
    assert score({"field_match": field_match}, context) == {
        "score_field_match_intent": True,
        "note_field_match": None,
    }
    columns = score({"exact_match": exact_match}, context)
    assert columns["score_exact_match"] is None
    assert "field_match" in columns["note_exact_match"]


def test_a_part_that_is_no_score_leaves_the_others():
    parts = {"a": "good", "b": 1, "c": (True, "yes")}
    found = score({"parts": lambda output: parts}, {"output": "x"})
    assert found["score_parts_a"] is None
    assert found["note_parts_a"].startswith("TypeError: returned 'good'; allowed:")
    assert (found["score_parts_b"], found["score_parts_c"]) == (1.0, True)
    assert found["note_parts"] is None
