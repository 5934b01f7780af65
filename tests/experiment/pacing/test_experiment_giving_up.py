"""A target that fails alike each time is asked no more, and no other is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.experiment.pacing.giving_up import GivingUp


def _error(status: int = 404, message: str = "no such model") -> lab.APIStatusError:
    return lab.APIStatusError(message, status_code=status)


def _note(giving_up: GivingUp, n: int, error: lab.APIError) -> None:
    for _ in range(n):
        giving_up.note("m", error)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 424])
def test_five_failures_alike_are_enough(status: int) -> None:
    giving_up = GivingUp()
    _note(giving_up, 4, _error(status))
    assert giving_up.reason("m") is None
    _note(giving_up, 1, _error(status))
    assert giving_up.reason("m") == (
        "given up after 5 failures alike and no answer: no such model"
    )
    assert giving_up.reason("other") is None


@pytest.mark.parametrize(
    "error",
    [
        _error(429, "slow down"),
        _error(408),
        _error(409),
        _error(500),
        _error(503),
        _error(529),
        lab.APIConnectionError("no answer"),
        lab.APITimeoutError("no answer"),
        lab.StreamError("broke off"),
    ],
    ids=repr,
)
def test_what_may_pass_is_never_enough(error: lab.APIError) -> None:
    giving_up = GivingUp()
    _note(giving_up, 100, error)
    assert giving_up.reason("m") is None


@pytest.mark.parametrize(
    "message", ["Customer budget exceeded", "blocked by limit policy 'team'"]
)
def test_a_429_about_money_lasts(message: str) -> None:
    giving_up = GivingUp()
    _note(giving_up, 5, _error(429, message))
    assert giving_up.reason("m")


def test_digits_and_ids_make_no_difference_and_words_do() -> None:
    giving_up = GivingUp()
    for n in range(5):
        text = f"request req_{n}a7 of 9{n} tokens, id 3f2b-{n}c is too long"
        giving_up.note("m", _error(400, text))
    assert giving_up.reason("m")

    giving_up = GivingUp()
    for word in ("one", "two", "three", "four", "five", "six"):
        giving_up.note("m", _error(400, f"the item {word} is refused"))
    assert giving_up.reason("m") is None


def test_status_and_class_make_a_difference() -> None:
    giving_up = GivingUp()
    for status in (400, 404, 422):
        _note(giving_up, 4, _error(status))
    _note(giving_up, 4, lab.NotFoundError("no such model", status_code=404))
    assert giving_up.reason("m") is None


def test_an_answer_forgets_all_failures() -> None:
    giving_up = GivingUp()
    _note(giving_up, 4, _error())
    giving_up.note_success("m")
    _note(giving_up, 4, _error())
    assert giving_up.reason("m") is None
    _note(giving_up, 1, _error())
    giving_up.note_success("m")  # one that was under way
    assert giving_up.reason("m") is None


def test_quick_refusals_wait_for_slow_answers() -> None:
    giving_up = GivingUp()
    slow = giving_up.begin("m")
    for _ in range(5):
        quick = giving_up.begin("m")
        giving_up.note("m", _error())
        giving_up.end("m", quick)
    assert giving_up.reason("m") is None
    giving_up.end("other", giving_up.begin("other"))
    assert giving_up.reason("m") is None
    giving_up.end("m", slow)
    assert giving_up.reason("m")
    giving_up.begin("m")  # one that began later is not waited for
    assert giving_up.reason("m")


@given(st.lists(st.sampled_from("abs"), max_size=60))
def test_it_is_k_alike_since_the_last_answer(events: list[str]) -> None:
    giving_up = GivingUp(after=3)
    for event in events:
        if event == "s":
            giving_up.note_success("m")
        else:
            giving_up.note("m", _error(message=event))
    since = "".join(events).rpartition("s")[2]
    expected = max(since.count("a"), since.count("b")) >= 3
    assert (giving_up.reason("m") is not None) == expected
